import { checkNames, type Metric, type MetricInfo, type Sample } from "./metric.ts";
import { Series } from "./series.ts";

/** What a {@linkcode Histogram} is. */
export interface HistogramInfo<L extends string> extends MetricInfo<L> {
  /** Upper ends of its buckets, growing, without the last, infinite one. */
  readonly buckets: readonly number[];
}

interface Observed {
  /** How many values fell into each bucket and no lower one; the last is the infinite one. */
  readonly counts: number[];
  sum: number;
}

/** Sorts values, such as durations in seconds, into buckets. */
export class Histogram<L extends string = never> implements Metric {
  readonly type = "histogram";
  readonly name: string;
  readonly help: string;
  readonly labels: readonly L[];
  readonly #buckets: readonly number[];
  readonly #series: Series<L, Observed>;

  /**
   * @throws {TypeError} when a name is none
   * @throws {RangeError} when the buckets do not grow
   */
  constructor(info: HistogramInfo<L>) {
    checkNames(info);
    const { name, buckets } = info;
    if (buckets.some((end, i) => !(end > (buckets[i - 1] ?? -Infinity)) || end === Infinity)) {
      throw new RangeError(`Cannot make metric "${name}": buckets [${buckets}] do not grow`);
    }
    this.name = name;
    this.help = info.help;
    this.labels = info.labels;
    this.#buckets = buckets;
    const counts = () => new Array<number>(buckets.length + 1).fill(0);
    this.#series = new Series(info.labels, () => ({ counts: counts(), sum: 0 }));
    // what has no labels is 0 from the start, as a counter is
    if (info.labels.length === 0) this.#series.at({} as Record<L, string>);
  }

  /** Takes a value. */
  observe(labels: Readonly<Record<L, string>>, value: number): void {
    const observed = this.#series.at(labels);
    const found = this.#buckets.findIndex((end) => value <= end);
    const bucket = found < 0 ? this.#buckets.length : found;
    observed.counts[bucket]! += 1;
    observed.sum += value;
  }

  /** Its values now. */
  *samples(): Iterable<Sample> {
    for (const { labels, value: { counts, sum } } of this.#series.entries()) {
      let count = 0;
      for (const [i, inBucket] of counts.entries()) {
        count += inBucket;
        const end = this.#buckets[i];
        const le = end === undefined ? "+Inf" : String(end);
        yield { suffix: "_bucket", labels: { ...labels, le }, value: count };
      }
      yield { suffix: "_sum", labels, value: sum };
      yield { suffix: "_count", labels, value: count };
    }
  }
}
