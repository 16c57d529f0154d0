/**
 * Brings the changes of a feed to one handler, as events.
 *
 * Changes come from the feed, synchronously. A dispatcher runs the handler for one object after
 * another and merges what waits. Only when the handler is free for an object are its events made,
 * from the state that *this* handler heard last and the present one: so what was merged is told
 * too. It ends with `close()`.
 *
 * @module
 */
import { type Change, Dispatcher } from "../../kube/mod.ts";
import type { Handler } from "../../runtime/mod.ts";
import type { DeriveOptions } from "./pod_events.ts";
import { type ObservedState, type StateFeed, stateKey } from "./state_feed.ts";

/** Makes events of a change: of the state heard last, if there is one, and the present one. */
export type Derive<S, E extends { type: string }> = (
  before: S | undefined,
  after: S,
  options: DeriveOptions<E["type"]>,
) => E[];

/** Options of a {@linkcode Subscription}. */
export interface SubscriptionOptions<S, E extends { type: string }> {
  /** Makes the events. */
  derive: Derive<S, E>;
  /** Hears the events, one after another for one object. */
  handler: Handler<E>;
  /** Hears what the handler throws or rejects with. */
  onError: (error: unknown) => void;
  /**
   * Which objects it is about.
   *
   * @default all
   */
  accepts?: (state: S) => boolean;
}

/** A state, and in which time of telling it was handed in. */
interface Told<S> {
  readonly state: S;
  readonly time: number;
}

/** See the module's text. */
export class Subscription<S extends ObservedState, E extends { type: string }> {
  readonly #options: SubscriptionOptions<S, E>;
  readonly #dispatcher: Dispatcher<Told<S>>;
  readonly #unsubscribe: () => void;
  /** What the handler heard last of each object. */
  readonly #told = new Map<string, { state: S; type: E["type"] }>();
  /** Objects that are to be told again though nothing has changed. */
  readonly #again = new Set<string>();
  /** Counts the times of telling: what waits from an earlier one is dropped. */
  #time = 0;

  /** Subscribes; the handler hears what is there if the feed is open. */
  constructor(feed: Pick<StateFeed<never, S>, "subscribe">, options: SubscriptionOptions<S, E>) {
    this.#options = options;
    const { accepts = () => true, onError } = options;
    this.#dispatcher = new Dispatcher<Told<S>>((change) => this.#handle(change), {
      key: ({ state }) => stateKey(state),
      onError,
    });
    this.#unsubscribe = feed.subscribe((change) => {
      if (!accepts(change.object)) return;
      if (change.replayed) this.#again.add(stateKey(change.object));
      this.#dispatcher.push({ ...change, object: { state: change.object, time: this.#time } });
    }, { told: () => [...this.#told.values()].map(({ state }) => state) });
  }

  /** Changes that wait for the handler. */
  get depth(): number {
    return this.#dispatcher.depth;
  }

  /** Objects that are being handled. */
  get running(): number {
    return this.#dispatcher.running;
  }

  /** Drops what waits; resolves when the handler has ended with what it is at. */
  drop(): Promise<void> {
    this.#time++;
    return this.#dispatcher.settled();
  }

  /** Takes no more changes, waits up to `grace` ms for what waits, and drops the rest. */
  async close(grace: number): Promise<void> {
    this.#unsubscribe();
    await this.#dispatcher.close(grace);
    this.#time++;
  }

  async #handle({ type, object: { state, time }, replayed }: Change<Told<S>>): Promise<void> {
    const key = stateKey(state);
    const deleted = type === "deleted";
    for (const event of this.#events(key, state, { deleted, replayed })) {
      if (time !== this.#time) return;
      if (deleted) this.#told.delete(key);
      else this.#told.set(key, { state, type: event.type });
      try {
        await this.#options.handler(event);
      } catch (e) {
        this.#options.onError(e);
      }
    }
  }

  #events(key: string, state: S, options: DeriveOptions<E["type"]>): E[] {
    const told = this.#told.get(key);
    const { derive } = this.#options;
    const known = { ...options, lastType: told?.type };
    const events = derive(told?.state, state, known);
    // a replay that was merged with a change which was taken back is a replay still
    const again = this.#again.delete(key);
    if (events.length > 0 || !again) return events;
    return derive(told?.state, state, { ...known, replayed: true });
  }
}
