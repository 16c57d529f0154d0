import type { Pool } from "./pool.ts";

/** How much there is to do for a pool. */
export interface Load {
  /** Tasks, asks and streams that no worker has yet. */
  readonly waiting: number;
  /** Those that workers have. */
  readonly running: number;
  /**
   * Ready workers that are not enough: all they take is taken, and a `map` has more inputs, nobody
   * knows how many. 0 when no `map` is held up.
   */
  readonly saturated: number;
}

/** Counts what there is to do, and tells of changes: once for those of one tick. */
export class LoadMeter {
  readonly #pool: Pool;
  readonly #heldUp = new Map<object, string>();
  readonly #hearers = new Set<(load: Load) => void>();
  #waiting = 0;
  #running = 0;
  #telling = false;

  /** Nothing to do yet. */
  constructor(pool: Pool) {
    this.#pool = pool;
    pool.onCalls(() => this.#changed()); // the two live and end together
  }

  /** What there is to do now. */
  get load(): Load {
    let saturated = 0;
    for (const method of new Set(this.#heldUp.values())) {
      saturated = Math.max(saturated, this.#pool.capacity(method).workers);
    }
    const { calls } = this.#pool;
    return {
      waiting: this.#waiting + calls.waiting,
      running: this.#running + calls.running,
      saturated,
    };
  }

  /** Hears the load when it has changed; returns what removes it. */
  onLoad(hear: (load: Load) => void): () => void {
    const own = (load: Load): void => hear(load);
    this.#hearers.add(own);
    return () => void this.#hearers.delete(own);
  }

  /** Notes that so many tasks more, or fewer, wait and run. */
  count(waiting: number, running: number): void {
    this.#waiting += waiting;
    this.#running += running;
    this.#changed();
  }

  /** Notes whether somebody has more inputs for a method than workers have room for. */
  holdUp(who: object, method: string, heldUp: boolean): void {
    if (this.#heldUp.has(who) === heldUp) return;
    if (heldUp) this.#heldUp.set(who, method);
    else this.#heldUp.delete(who);
    this.#changed();
  }

  #changed(): void {
    if (this.#telling || this.#hearers.size === 0) return;
    this.#telling = true;
    queueMicrotask(() => {
      this.#telling = false;
      const { load } = this;
      for (const hear of this.#hearers) hear(load);
    });
  }
}
