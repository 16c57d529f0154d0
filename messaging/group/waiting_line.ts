import type { Member } from "./member.ts";

/** Who waits for a worker. */
export interface Waiter {
  /** Its turn: lower ones were there before. */
  readonly turn: number;
  /**
   * What it waits for: those with the same text wait for the same, one behind the other. It changes only
   * while the waiter is out of the line.
   */
  lane: string;
  /** A worker for it, if there is one now. */
  find(): Member | undefined;
  /** Takes the worker: it counts as its call from now on. */
  begin(member: Member): void;
}

/**
 * Those who wait, each behind all that were there before and want the same. One that cannot be served
 * holds up nobody who wants something else.
 */
export class WaitingLine {
  readonly #lanes = new Map<string, Waiter[]>();
  #serving = false;
  #again = false;

  /** Whether somebody waits for the same. */
  has(lane: string): boolean {
    return this.#lanes.has(lane);
  }

  /** Puts one at its lane's end. */
  add(waiter: Waiter): void {
    const lane = this.#lanes.get(waiter.lane);
    if (lane === undefined) this.#lanes.set(waiter.lane, [waiter]);
    else lane.push(waiter);
  }

  /** Takes one out, as it does not wait any more. */
  remove(waiter: Waiter): void {
    const lane = this.#lanes.get(waiter.lane);
    const at = lane?.indexOf(waiter) ?? -1;
    if (lane === undefined || at < 0) return;
    lane.splice(at, 1);
    if (lane.length === 0) this.#lanes.delete(waiter.lane);
  }

  /** Takes all out, in the order of their turns. */
  takeAll(): Waiter[] {
    const all = [...this.#lanes.values()].flat();
    this.#lanes.clear();
    return all.sort((a, b) => a.turn - b.turn);
  }

  /** Serves all that can be served now, in the order of their turns. */
  serve(): void {
    // who begins may change something by that, which is looked at afterwards
    this.#again = true;
    if (this.#serving) return;
    this.#serving = true;
    try {
      while (this.#again) {
        this.#again = false;
        for (let next = this.#next(); next !== undefined; next = this.#next()) {
          this.remove(next.waiter);
          next.waiter.begin(next.member);
        }
      }
    } finally {
      this.#serving = false;
    }
  }

  #next(): { waiter: Waiter; member: Member } | undefined {
    let next: { waiter: Waiter; member: Member } | undefined;
    for (const [waiter] of this.#lanes.values()) {
      if (waiter === undefined || (next && next.waiter.turn < waiter.turn)) continue;
      const member = waiter.find();
      if (member !== undefined) next = { waiter, member };
    }
    return next;
  }
}
