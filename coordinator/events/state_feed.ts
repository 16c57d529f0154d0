import type { Change } from "../../kube/mod.ts";

/** What the states of a feed have in common. */
export interface ObservedState {
  readonly name: string;
  readonly namespace: string;
  readonly source: unknown;
}

/** Hears the changes of a feed. */
export type Push<S> = (change: Change<S>) => void;

/**
 * The changes of one kind of object, as states.
 *
 * Reflectors push objects in; each is projected once, and a change that alters nothing in the
 * state (Kubernetes writes many: heartbeats, managed fields) ends here unless it is a replay.
 * Subscribers hear the rest at once and in order; what is slow must buffer. Until `open()` the
 * feed only keeps the present states; at `open()`, and to who subscribes later, it tells them as
 * replayed.
 */
export class StateFeed<T, S extends ObservedState> {
  readonly #project: (object: T, options: { deleted?: boolean }) => S;
  readonly #present = new Map<string, S>();
  readonly #subscribers = new Set<Push<S>>();
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
    if (!this.#open) return;
    for (const push of this.#subscribers) push({ ...change, object: state });
  }

  /** Begins to tell changes. */
  open(): void {
    if (this.#open) return;
    this.#open = true;
    for (const push of this.#subscribers) this.#replay(push);
  }

  /** Adds a subscriber; returns what removes it. */
  subscribe(push: Push<S>): () => void {
    const entry: Push<S> = (change) => push(change);
    this.#subscribers.add(entry);
    if (this.#open) this.#replay(entry);
    return () => void this.#subscribers.delete(entry);
  }

  /** Tells what is present of a namespace again. */
  replay(namespace: string): void {
    if (!this.#open) return;
    for (const object of this.#present.values()) {
      if (object.namespace !== namespace) continue;
      for (const push of this.#subscribers) push({ type: "modified", object, replayed: true });
    }
  }

  #replay(push: Push<S>): void {
    for (const object of this.#present.values()) push({ type: "added", object, replayed: true });
  }
}

/** Tells objects of a kind apart. */
export function stateKey(state: ObservedState): string {
  return `${state.namespace}/${state.name}`;
}

/** Whether two states are equal in all but the object they were read from. */
function sameState(a: ObservedState, b: ObservedState): boolean {
  return Object.entries(a).every(([field, value]) => {
    if (field === "source") return true;
    const other = (b as unknown as Record<string, unknown>)[field];
    return typeof value === "object"
      ? JSON.stringify(value) === JSON.stringify(other)
      : value === other;
  });
}
