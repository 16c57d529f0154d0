/**
 * A schema of events. It is one of zod; this is as much of its type as checking needs, so that the
 * types of this package do not depend on zod's.
 */
export interface EventSchema<E> {
  /**
   * Checks a value that may be an event and returns it.
   *
   * @throws {Error} of zod, saying which fields are wrong
   */
  parse(value: unknown): E;
  /** The same, with the error as a result. */
  safeParse(value: unknown): { success: true; data: E } | { success: false; error: Error };
}
