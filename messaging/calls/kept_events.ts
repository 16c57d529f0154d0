import type { EventFrame, Json } from "../wire/frame.ts";

/** Events that are kept for a coordinator, and that it may have unheard. */
export const KEPT_EVENTS = 1_000;

/** A worker's events until a coordinator has heard them; of too many the oldest go, and are counted. */
export class KeptEvents {
  #last = 0;
  #kept: EventFrame[] = [];

  /** Keeps an event, as the newest. */
  push(event: string, data: Json | undefined): void {
    this.#kept.push({ t: "event", n: ++this.#last, event, ...(data !== undefined && { data }) });
    if (this.#kept.length <= KEPT_EVENTS) return;
    const dropped = this.#kept.shift();
    const first = this.#kept[0];
    if (dropped && first) this.#kept[0] = { ...first, lost: (dropped.lost ?? 0) + 1 };
  }

  /** All up to that one were heard. */
  heard(n: number): void {
    const first = this.#kept[0]?.n;
    if (first !== undefined && n >= first) this.#kept.splice(0, n - first + 1);
  }

  /** The first one that is kept after that one. */
  after(n: number): EventFrame | undefined {
    const first = this.#kept[0]?.n;
    return first === undefined ? undefined : this.#kept[Math.max(0, n + 1 - first)];
  }
}
