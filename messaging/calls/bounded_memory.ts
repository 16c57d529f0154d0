/** How much a {@linkcode BoundedMemory} keeps. */
export interface MemoryBounds {
  /** At most so many entries. */
  readonly count: number;
  /** At most so many bytes, about. */
  readonly bytes: number;
}

/** Entries by key, the oldest of which go when they are too many or too large. */
export class BoundedMemory<K, V> {
  readonly #bounds: MemoryBounds;
  readonly #onForgotten: (key: K, value: V) => void;
  readonly #entries = new Map<K, { value: V; bytes: number }>();
  #bytes = 0;

  /** @param onForgotten hears which entry went to make room */
  constructor(bounds: MemoryBounds, onForgotten: (key: K, value: V) => void = () => {}) {
    this.#bounds = bounds;
    this.#onForgotten = onForgotten;
  }

  /** How many there are. */
  get size(): number {
    return this.#entries.size;
  }

  /** How many bytes they take, about. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What is kept of that key. */
  get(key: K): V | undefined {
    return this.#entries.get(key)?.value;
  }

  /** Keeps a value, as the newest. */
  set(key: K, value: V, bytes: number): void {
    this.delete(key);
    this.#entries.set(key, { value, bytes });
    this.#bytes += bytes;
    for (const [oldest, entry] of this.#entries) {
      if (this.#entries.size <= this.#bounds.count && this.#bytes <= this.#bounds.bytes) return;
      this.delete(oldest);
      this.#onForgotten(oldest, entry.value);
    }
  }

  /** Forgets what is kept of that key. */
  delete(key: K): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
  }
}
