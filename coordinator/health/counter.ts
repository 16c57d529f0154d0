import { checkNames, type Metric, type MetricInfo, type Sample } from "./metric.ts";
import { Series } from "./series.ts";

/** Counts what happens; only grows. */
export class Counter<L extends string = never> implements Metric {
  readonly type = "counter";
  readonly name: string;
  readonly help: string;
  readonly labels: readonly L[];
  readonly #series: Series<L, { count: number }>;

  /** @throws {TypeError} when a name is none */
  constructor(info: MetricInfo<L>) {
    checkNames(info);
    this.name = info.name;
    this.help = info.help;
    this.labels = info.labels;
    this.#series = new Series(info.labels, () => ({ count: 0 }));
    // what has no labels is 0 from the start, so that its first growth can be seen
    if (info.labels.length === 0) this.add({} as Record<L, string>, 0);
  }

  /** Adds one, or `by`. */
  add(labels: Readonly<Record<L, string>>, by = 1): void {
    this.#series.at(labels).count += by;
  }

  /** Its values now. */
  *samples(): Iterable<Sample> {
    for (const { labels, value } of this.#series.entries()) yield { labels, value: value.count };
  }
}
