/** What waits, in lanes that take turns: a lane with much in it holds up no other. */
export class Turns<T> {
  /** Lanes with something in them, in the order of their turns. */
  readonly #lanes = new Map<string, T[]>();
  #size = 0;

  /** How many wait. */
  get size(): number {
    return this.#size;
  }

  /** How many wait in a lane. */
  waiting(lane: string): number {
    return this.#lanes.get(lane)?.length ?? 0;
  }

  /** Adds one at its lane's end. */
  push(lane: string, item: T): void {
    const items = this.#lanes.get(lane);
    if (items === undefined) this.#lanes.set(lane, [item]);
    else items.push(item);
    this.#size++;
  }

  /** Takes the first one of the lane whose turn it is, which then goes behind all others. */
  shift(): T | undefined {
    for (const [lane, items] of this.#lanes) {
      this.#lanes.delete(lane);
      const item = items.shift();
      if (items.length > 0) this.#lanes.set(lane, items);
      this.#size--;
      return item;
    }
    return undefined;
  }

  /** Takes out one, wherever it waits; false if it does not. */
  remove(lane: string, item: T): boolean {
    const items = this.#lanes.get(lane);
    const at = items?.indexOf(item) ?? -1;
    if (items === undefined || at < 0) return false;
    items.splice(at, 1);
    if (items.length === 0) this.#lanes.delete(lane);
    this.#size--;
    return true;
  }

  /**
   * Takes the last one of the longest lane, if that has more than `lane` would have with one more: so
   * that who fills the queue gives room to who has less in it.
   */
  yieldTo(lane: string): T | undefined {
    let longest: string | undefined;
    let most = this.waiting(lane) + 1;
    for (const [name, { length }] of this.#lanes) {
      if (length > most) [longest, most] = [name, length];
    }
    const item = longest === undefined ? undefined : this.#lanes.get(longest)?.at(-1);
    if (longest !== undefined && item !== undefined) this.remove(longest, item);
    return item;
  }

  /** Takes out all. */
  clear(): T[] {
    const all = [...this.#lanes.values()].flat();
    this.#lanes.clear();
    this.#size = 0;
    return all;
  }
}
