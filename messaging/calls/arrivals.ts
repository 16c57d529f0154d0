/** Ids from one to another. */
interface Range {
  readonly from: number;
  readonly to: number;
}

/** Ranges that are kept; of more, the lowest are taken for arrived. */
const MAX_RANGES = 10_000;

/**
 * Which of a caller's calls have arrived. It gives ids in order, and sends each once, unless it is told
 * that one never arrived; but a short call overtakes a long one that goes out in parts, so that a lower id
 * may come after a higher one.
 */
export class Arrivals {
  /** The highest id that has arrived. */
  #highest = 0;
  /** Lower ones that have not, in order. */
  #missing: Range[] = [];

  /** Whether a call with that id has not arrived. */
  neverArrived(id: number): boolean {
    return id > this.#highest || this.#find(id) !== undefined;
  }

  /** Notes that one arrives; false if it has before. */
  arrives(id: number): boolean {
    if (id > this.#highest) {
      if (id > this.#highest + 1) this.#add({ from: this.#highest + 1, to: id - 1 });
      this.#highest = id;
      return true;
    }
    const at = this.#find(id);
    if (at === undefined) return false;
    const { from, to } = this.#missing[at]!;
    const left: Range[] = [];
    if (from < id) left.push({ from, to: id - 1 });
    if (id < to) left.push({ from: id + 1, to });
    this.#missing.splice(at, 1, ...left);
    return true;
  }

  /** Takes all up to that id for arrived. */
  arrivedUpTo(id: number): void {
    this.#highest = Math.max(this.#highest, id);
    this.#missing = [];
  }

  /** Of those that have not arrived only these come, beside ones with higher ids. */
  only(ids: readonly number[]): void {
    this.#missing = [];
    for (const id of ids.toSorted((a, b) => a - b)) {
      if (id <= this.#highest) this.#add({ from: id, to: id });
    }
  }

  #add(range: Range): void {
    this.#missing.push(range);
    if (this.#missing.length > MAX_RANGES) this.#missing.shift();
  }

  /** Where the range is that an id is in. */
  #find(id: number): number | undefined {
    let [low, high] = [0, this.#missing.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#missing[middle]!.to < id) low = middle + 1;
      else high = middle;
    }
    const range = this.#missing[low];
    return range !== undefined && range.from <= id ? low : undefined;
  }
}
