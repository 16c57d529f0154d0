/** A family of samples as Prometheus understands them. */
export interface ParsedFamily {
  readonly type: string;
  readonly help: string;
  /** Values by name and labels, such as `a_bucket{le="1"}` with the labels' values unescaped. */
  readonly samples: { name: string; labels: Record<string, string>; value: number }[];
}

const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/s;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/y;
const VALUE = /^([-+]?Inf|NaN|[-+]?\d+(\.\d+)?(e[-+]?\d+)?)$/;

/**
 * Reads Prometheus' text format as strictly as its specification allows; throws at whatever is not
 * in it: order, escapes, duplicates, and what must hold between the buckets of a histogram.
 */
export function parseExposition(text: string): Map<string, ParsedFamily> {
  if (!text.endsWith("\n")) throw new Error("the last line does not end");
  const families = new Map<string, ParsedFamily>();
  let current: { name: string; help: string } | undefined;
  for (const line of text.slice(0, -1).split("\n")) {
    const comment = /^# (HELP|TYPE) (\S+) (.*)$/s.exec(line);
    if (comment?.[1] === "HELP") {
      const [, , name = "", help = ""] = comment;
      if (families.has(name)) throw new Error(`"${name}" comes twice`);
      if (/\\[^\\n]/.test(help.replaceAll("\\\\", ""))) throw new Error(`bad escape in ${line}`);
      current = { name, help };
    } else if (comment?.[1] === "TYPE") {
      const [, , name = "", type = ""] = comment;
      if (name !== current?.name || families.has(name)) throw new Error(`misplaced: ${line}`);
      if (!/^(counter|gauge|histogram)$/.test(type)) throw new Error(`no type: ${line}`);
      families.set(name, { type, help: current.help, samples: [] });
    } else {
      const family = families.get(current?.name ?? "");
      if (family === undefined) throw new Error(`sample of no family: ${line}`);
      family.samples.push(sample(line, current!.name, family.type));
    }
  }
  for (const [name, family] of families) check(name, family);
  return families;
}

function sample(line: string, family: string, type: string): ParsedFamily["samples"][number] {
  const [, name = "", inner, number = ""] = LINE.exec(line) ?? [];
  const endings = type === "histogram" ? ["_bucket", "_sum", "_count"] : [""];
  if (!endings.some((ending) => name === family + ending)) throw new Error(`no sample: ${line}`);
  if (!VALUE.test(number)) throw new Error(`no value: ${line}`);
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (inner !== undefined && LABEL.lastIndex < inner.length) {
    const [, label = "", value = ""] = LABEL.exec(inner) ?? [];
    if (label === "" || label in labels) throw new Error(`bad labels: ${line}`);
    labels[label] = value.replaceAll(/\\(.)/g, (_, c) => c === "n" ? "\n" : c);
  }
  return { name, labels, value: Number(number.replace("Inf", "Infinity")) };
}

function check(name: string, { type, samples }: ParsedFamily): void {
  const seen = samples.map(({ name, labels }) =>
    name + JSON.stringify(Object.entries(labels).sort())
  );
  if (new Set(seen).size !== seen.length) throw new Error(`"${name}" has a series twice`);
  if (type === "counter" && !name.endsWith("_total")) throw new Error(`"${name}" is no total`);
  let buckets: { end: number; value: number }[] = [];
  for (const { name: full, labels, value } of samples) {
    if (full.endsWith("_bucket")) {
      const end = Number(labels.le!.replace("Inf", "Infinity"));
      const last = buckets.at(-1);
      if (last && (end <= last.end || value < last.value)) throw new Error(`"${name}" shrinks`);
      buckets.push({ end, value });
    } else if (full.endsWith("_count") && type === "histogram") {
      const last = buckets.at(-1);
      if (last?.end !== Infinity || last.value !== value) throw new Error(`"${name}" miscounts`);
      buckets = [];
    }
  }
}
