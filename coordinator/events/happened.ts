/** What an event says beside the object's state and what happened. */
export interface Happened {
  /**
   * Whether this comes from a list that tells what is there: after a start, a reconnect, or for a
   * handler that was added later. What such an event says may be known already.
   */
  readonly replayed: boolean;
}
