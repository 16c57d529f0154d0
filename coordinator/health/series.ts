import type { Labels } from "./metric.ts";

/**
 * How many label sets a metric may have. Each costs memory here and in Prometheus for as long as it
 * is kept; what a coordinator counts has tens of them.
 */
export const MAX_SERIES = 1_000;

/** The value of every label of the one series that stands for those that found no place. */
export const OVERFLOW = "overflow";

/**
 * The values of one metric by their labels, at most {@linkcode MAX_SERIES}: a label that turns out
 * to have endless values, such as the paths of a server's, must not eat the memory. Whatever comes
 * with new labels when all places are taken shares one more series.
 */
export class Series<L extends string, V> {
  readonly #names: readonly L[];
  readonly #make: () => V;
  readonly #max: number;
  readonly #values = new Map<string, { labels: Labels; value: V }>();

  /**
   * @param names the labels, in order
   * @param make makes the value of new labels
   */
  constructor(names: readonly L[], make: () => V, max: number = MAX_SERIES) {
    this.#names = names;
    this.#make = make;
    this.#max = max;
  }

  /** The value of these labels. */
  at(labels: Readonly<Record<L, string>>): V {
    const key = this.#key(labels);
    const known = this.#values.get(key);
    if (known !== undefined) return known.value;
    if (this.#values.size >= this.#max) return this.#overflow();
    return this.#add(key, labels);
  }

  /** All labels and their values, in the order in which they came. */
  entries(): Iterable<{ readonly labels: Labels; readonly value: V }> {
    return this.#values.values();
  }

  #overflow(): V {
    const labels = Object.fromEntries(this.#names.map((name) => [name, OVERFLOW]));
    const key = this.#key(labels as Record<L, string>);
    return this.#values.get(key)?.value ?? this.#add(key, labels as Record<L, string>);
  }

  #add(key: string, given: Readonly<Record<L, string>>): V {
    const labels = Object.fromEntries(this.#names.map((name) => [name, given[name]]));
    const value = this.#make();
    this.#values.set(key, { labels, value });
    return value;
  }

  #key(labels: Readonly<Record<L, string>>): string {
    return this.#names.map((name) => labels[name]).join("\u0000");
  }
}
