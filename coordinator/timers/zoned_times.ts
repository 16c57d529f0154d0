/**
 * Local times of a time zone as instants. A local time is written as the instant at which a clock in
 * UTC shows it.
 *
 * @module
 */

/** A day: no zone changes its clock twice within two of them. */
const DAY = 86_400_000;

const MINUTE = 60_000;

/** See the module's text. */
export class ZonedTimes {
  readonly #format: Intl.DateTimeFormat;

  /** @param timeZone a name that is known to exist */
  constructor(timeZone: string) {
    this.#format = new Intl.DateTimeFormat("en-US", {
      timeZone,
      hourCycle: "h23",
      era: "short",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  }

  /** What a clock there shows at an instant. */
  localAt(instant: number): number {
    const part: Record<string, string> = {};
    for (const { type, value } of this.#format.formatToParts(instant)) part[type] = value;
    const year = part.era === "BC" ? 1 - Number(part.year) : Number(part.year);
    const [month, day, hour, minute, second] = ["month", "day", "hour", "minute", "second"]
      .map((type) => Number(part[type]));
    const ms = ((instant % 1000) + 1000) % 1000;
    return Date.UTC(year, month! - 1, day, hour, minute, second, ms);
  }

  /**
   * When a clock there shows a local time: the first time that it does, and, of a time that is skipped,
   * the moment at which it is skipped.
   */
  instantOf(local: number): number {
    const before = local - this.#offsetAt(local - DAY);
    const after = local - this.#offsetAt(local + DAY);
    if (this.localAt(before) === local) return before;
    if (this.localAt(after) === local) return after;
    return this.#change(Math.min(before, after), Math.max(before, after));
  }

  #offsetAt(instant: number): number {
    return this.localAt(instant) - instant;
  }

  /** The first instant after `from`, up to `to`, with the offset of `to`. */
  #change(from: number, to: number): number {
    const target = this.#offsetAt(to);
    let [low, high] = [from, to];
    while (high - low > MINUTE) {
      const middle = Math.floor((low + high) / 2 / MINUTE) * MINUTE;
      if (middle <= low || middle >= high) break;
      if (this.#offsetAt(middle) === target) high = middle;
      else low = middle;
    }
    return high;
  }
}
