import { checkNames, type Metric, type MetricInfo, type Sample } from "./metric.ts";
import { Series } from "./series.ts";

/** Labels and the value that was read. */
export type Read<L extends string> = readonly [labels: Readonly<Record<L, string>>, value: number];

/** What a {@linkcode Reading} is. */
export interface ReadingInfo<L extends string> extends MetricInfo<L> {
  /** How Prometheus treats its values. */
  readonly type: "counter" | "gauge";
  /** Reads the present values; of two with the same labels the last one counts. */
  readonly read: () => Iterable<Read<L>>;
}

/** Values that somebody else keeps, read when they are asked for. */
export class Reading<L extends string = never> implements Metric {
  readonly type: "counter" | "gauge";
  readonly name: string;
  readonly help: string;
  readonly labels: readonly L[];
  readonly #read: () => Iterable<Read<L>>;

  /** @throws {TypeError} when a name is none */
  constructor(info: ReadingInfo<L>) {
    checkNames(info);
    this.type = info.type;
    this.name = info.name;
    this.help = info.help;
    this.labels = info.labels;
    this.#read = info.read;
  }

  /** Its values now. */
  *samples(): Iterable<Sample> {
    const series = new Series<L, { value: number }>(this.labels, () => ({ value: 0 }));
    for (const [labels, value] of this.#read()) series.at(labels).value = value;
    for (const { labels, value } of series.entries()) yield { labels, value: value.value };
  }
}
