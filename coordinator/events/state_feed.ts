import type { Change } from "../../kube/mod.ts";
import { sameState } from "./same_state.ts";

/** What the states of a feed have in common. */
export interface ObservedState {
  /** Which kind of object it is, in a feed of several. */
  readonly kind?: string;
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly source: unknown;
}

/** Hears the changes of a feed. */
export type Push<S> = (change: Change<S>) => void;

/** Options of `StateFeed.subscribe`. */
export interface SubscribeOptions<S> {
  /**
   * The states that the subscriber has told to somebody and not taken back; those that are gone
   * when the feed opens again are told to it as deleted.
   *
   * @default none
   */
  told?: () => Iterable<S>;
}

/**
 * The changes of objects as states, of one kind or of several.
 *
 * Reflectors push objects in; each is projected once, and a change that alters nothing in the
 * state (Kubernetes writes many: heartbeats, managed fields) ends here unless it is a replay.
 * Subscribers hear the rest at once and in order; what is slow must buffer. Until `open()`, and
 * again from `shut()` on, the feed only keeps the present states; at `open()`, and to who
 * subscribes later, it tells them as replayed.
 */
export class StateFeed<T, S extends ObservedState> {
  readonly #project: (object: T, options: { deleted?: boolean }) => S;
  readonly #present = new Map<string, S>();
  readonly #subscribers = new Map<Push<S>, SubscribeOptions<S>>();
  #open = false;

  /** @param project reads an object's state */
  constructor(project: (object: T, options: { deleted?: boolean }) => S) {
    this.#project = project;
  }

  /** Takes a change of an object. */
  take(change: Change<T>): void {
    const deleted = change.type === "deleted";
    const state = this.#project(change.object, { deleted });
    const key = stateKey(state);
    const before = this.#present.get(key);
    if (deleted) this.#present.delete(key);
    else this.#present.set(key, state);
    if (!deleted && !change.replayed && before !== undefined && sameState(before, state)) return;
    if (this.#open) this.#tell({ ...change, object: state });
  }

  /** Begins to tell changes; first what is gone of what was told, then what is there. */
  open(): void {
    if (this.#open) return;
    this.#open = true;
    for (const [push, options] of this.#subscribers) this.#replay(push, options);
  }

  /** Tells nothing more until it is opened again. */
  shut(): void {
    this.#open = false;
  }

  /** Adds a subscriber; returns what removes it. */
  subscribe(push: Push<S>, options: SubscribeOptions<S> = {}): () => void {
    const entry: Push<S> = (change) => push(change);
    this.#subscribers.set(entry, options);
    if (this.#open) this.#replay(entry, options);
    return () => void this.#subscribers.delete(entry);
  }

  /** Tells what is present of a namespace again, of one kind or of all. */
  replay(namespace: string, kind?: string): void {
    if (!this.#open) return;
    for (const object of this.#present.values()) {
      if (object.namespace !== namespace || kind !== undefined && object.kind !== kind) continue;
      this.#tell({ type: "modified", object, replayed: true });
    }
  }

  #tell(change: Change<S>): void {
    for (const push of this.#subscribers.keys()) push(change);
  }

  #replay(push: Push<S>, { told }: SubscribeOptions<S>): void {
    for (const object of told?.() ?? []) {
      if (this.#present.get(stateKey(object))?.uid === object.uid) continue;
      const gone = this.#project(object.source as T, { deleted: true });
      push({ type: "deleted", object: gone, replayed: false });
    }
    for (const object of this.#present.values()) push({ type: "added", object, replayed: true });
  }
}

/** Tells the objects of a feed apart. */
export function stateKey({ kind = "", namespace, name }: ObservedState): string {
  return `${kind}/${namespace}/${name}`;
}
