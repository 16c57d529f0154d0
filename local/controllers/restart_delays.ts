/**
 * How long a pod that has ended stays before it is replaced, so that one that ends at once is
 * not made again and again: nothing the first time, then a second that doubles with each end on
 * the same node.
 *
 * @module
 */
import type { Pod } from "../objects/mod.ts";

/** The wait after the second end in ms; mirrors the daemon set controller's 1 s. */
const FIRST_MS = 1_000;
/** The longest wait in ms. A real controller waits up to 15 min; here a person does. */
const MOST_MS = 60_000;

interface Delay {
  /** The pod that the wait is about. */
  uid: string;
  wait: number;
  /** Monotonic ms; the wait is over then. */
  until: number;
}

/** See the module's text. */
export class RestartDelays {
  readonly #clock: () => number;
  readonly #owners = new Map<string, Map<string, Delay>>();

  /** `clock` is a monotonic clock in ms. */
  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** In how many ms the pod may be replaced. */
  next(owner: string, { metadata: { uid }, spec: { nodeName = "" } }: Pod): number {
    let nodes = this.#owners.get(owner);
    if (!nodes) this.#owners.set(owner, nodes = new Map());
    const now = this.#clock();
    const known = nodes.get(nodeName);
    if (known?.uid === uid) return Math.max(0, known.until - now);
    // what stayed well for twice the longest wait is forgiven
    const isRecent = known && now - known.until < 2 * MOST_MS;
    const wait = isRecent ? Math.min(known.wait === 0 ? FIRST_MS : known.wait * 2, MOST_MS) : 0;
    nodes.set(nodeName, { uid, wait, until: now + wait });
    return wait;
  }

  /** Forgets what is known of an owner that is no more. */
  forget(owner: string): void {
    this.#owners.delete(owner);
  }
}
