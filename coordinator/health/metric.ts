/** What a value is about, such as `{ verb: "list" }`. */
export type Labels = Readonly<Record<string, string>>;

/** One line of a metric: its name may have an ending, such as `_bucket`. */
export interface Sample {
  /** Ending of the metric's name. */
  readonly suffix?: "_bucket" | "_sum" | "_count";
  /** What the value is about. */
  readonly labels: Labels;
  /** The value; NaN and the infinities are allowed. */
  readonly value: number;
}

/** What a metric is. */
export interface MetricInfo<L extends string = string> {
  /** Name, as Prometheus has it: with the unit as its ending, of a counter with `_total`. */
  readonly name: string;
  /** One sentence for people. */
  readonly help: string;
  /** Names of its labels, in the order in which they are printed. */
  readonly labels: readonly L[];
}

/** A metric that can be printed. */
export interface Metric extends MetricInfo {
  /** How Prometheus treats its values. */
  readonly type: "counter" | "gauge" | "histogram";
  /** Its values now. */
  samples(): Iterable<Sample>;
}

const NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/**
 * Checks the names of a metric.
 *
 * @throws {TypeError} naming the one that Prometheus would refuse
 */
export function checkNames({ name, labels }: MetricInfo): void {
  for (const word of [name, ...labels]) {
    if (NAME.test(word) && !word.startsWith("__") && word !== "le") continue;
    throw new TypeError(`Cannot make metric "${name}": "${word}" is no name for it or for a label`);
  }
}
