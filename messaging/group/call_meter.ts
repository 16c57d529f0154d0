/** How many asks and streams of a group are under way. */
export interface CallLoad {
  /** Those that no worker has yet, or has any more. */
  readonly waiting: number;
  /** Those that a worker has. */
  readonly running: number;
}

/** One ask or stream, as it is counted: it waits at first. */
export interface CountedCall {
  /** A worker has it. */
  runs(): void;
  /** It is to go to another worker. */
  waits(): void;
  /** It is over, whatever it was before. */
  ends(): void;
}

/** Counts asks and streams, from when they are called to their end. */
export class CallMeter {
  readonly #hearers = new Set<() => void>();
  readonly #counts = { waiting: 0, running: 0 };

  /** How many there are now. */
  get load(): CallLoad {
    return { ...this.#counts };
  }

  /** Hears each change; returns what removes it. */
  onChange(hear: () => void): () => void {
    const own = (): void => hear();
    this.#hearers.add(own);
    return () => void this.#hearers.delete(own);
  }

  /** Counts another one, which waits. */
  begin(): CountedCall {
    let now: keyof CallLoad | undefined;
    const become = (next: keyof CallLoad | undefined): void => {
      if (now === next) return;
      if (now !== undefined) this.#counts[now]--;
      if (next !== undefined) this.#counts[next]++;
      now = next;
      for (const hear of this.#hearers) hear();
    };
    become("waiting");
    return {
      runs: () => become("running"),
      waits: () => become("waiting"),
      ends: () => become(undefined),
    };
  }
}
