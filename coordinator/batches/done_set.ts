/** Which of many numbered things are done: all below a number, and ranges beyond it. */
export class DoneSet {
  /** Ranges `[from, to)`, in order, none touching another one. */
  readonly #ranges: [from: number, to: number][];
  #size = 0;

  /** As `ranges` has told it. */
  constructor(ranges: readonly (readonly [from: number, to: number])[] = []) {
    this.#ranges = [];
    for (const [from, to] of ranges) {
      this.#ranges.push([from, to]);
      this.#size += to - from;
    }
  }

  /** How many are done. */
  get size(): number {
    return this.#size;
  }

  /** The first one that is not done. */
  get next(): number {
    const first = this.#ranges[0];
    return first?.[0] === 0 ? first[1] : 0;
  }

  /** What is done, as ranges `[from, to)`: at most one more than there are gaps. */
  get ranges(): [from: number, to: number][] {
    return this.#ranges.map(([from, to]) => [from, to]);
  }

  /** Whether that one is done. */
  has(index: number): boolean {
    const range = this.#ranges[this.#after(index) - 1];
    return range !== undefined && index < range[1];
  }

  /** Notes that it is done. */
  add(index: number): void {
    if (this.has(index)) return;
    this.#size++;
    const at = this.#after(index);
    const [before, after] = [this.#ranges[at - 1], this.#ranges[at]];
    const [joinsBefore, joinsAfter] = [before?.[1] === index, after?.[0] === index + 1];
    if (joinsBefore && joinsAfter) {
      before![1] = after![1];
      this.#ranges.splice(at, 1);
    } else if (joinsBefore) before![1]++;
    else if (joinsAfter) after![0]--;
    else this.#ranges.splice(at, 0, [index, index + 1]);
  }

  /** The place of the first range that begins after `index`. */
  #after(index: number): number {
    let [low, high] = [0, this.#ranges.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#ranges[middle]![0] > index) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
