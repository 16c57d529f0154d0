import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { Counter } from "./counter.ts";
import { expositionText } from "./exposition.ts";
import { Histogram } from "./histogram.ts";
import { Reading } from "./reading.ts";
import { MAX_SERIES, OVERFLOW } from "./series.ts";
import { parseExposition } from "./testdata/parse_exposition.ts";

Deno.test("expositionText() prints each type as Prometheus' format has it", () => {
  const counter = new Counter({ name: "a_total", help: "A.", labels: ["x", "y"] });
  counter.add({ y: "2", x: "1" });
  counter.add({ x: "1", y: "2" }, 1.5);
  const histogram = new Histogram({ name: "b", help: "B.", labels: ["x"], buckets: [0.5, 2] });
  for (const value of [0.5, 0.6, 2.1, 100]) histogram.observe({ x: "1" }, value);
  const reading = new Reading({
    name: "c",
    help: "C.",
    type: "gauge",
    labels: [],
    read: () => [[{}, Infinity]],
  });
  const none = new Counter({ name: "d_total", help: "D.", labels: [] });
  strictEqual(
    expositionText([counter, histogram, reading, none]),
    `# HELP a_total A.
# TYPE a_total counter
a_total{x="1",y="2"} 2.5
# HELP b B.
# TYPE b histogram
b_bucket{x="1",le="0.5"} 1
b_bucket{x="1",le="2"} 2
b_bucket{x="1",le="+Inf"} 4
b_sum{x="1"} 103.2
b_count{x="1"} 4
# HELP c C.
# TYPE c gauge
c +Inf
# HELP d_total D.
# TYPE d_total counter
d_total 0
`,
  );
});

Deno.test("expositionText() escapes label values and help texts", () => {
  const nasty = 'a "quoted"\\path\nand {more="x"} 1, ü\u2028';
  const counter = new Counter({ name: "a_total", help: 'Say "\\" and\nmore.', labels: ["x"] });
  counter.add({ x: nasty });
  const text = expositionText([counter]);
  const family = parseExposition(text).get("a_total")!;
  deepStrictEqual(family.samples, [{ name: "a_total", labels: { x: nasty }, value: 1 }]);
  strictEqual(family.help, 'Say "\\\\" and\\nmore.');
  strictEqual(text.split("\n").length, 4);
});

Deno.test("Counter keeps a bounded number of label sets and counts the rest together", () => {
  const counter = new Counter({ name: "a_total", help: "A.", labels: ["path", "code"] });
  for (let i = 0; i < MAX_SERIES + 500; i++) counter.add({ path: `/${i}`, code: "200" });
  counter.add({ path: "/0", code: "200" });
  const { samples } = parseExposition(expositionText([counter])).get("a_total")!;
  strictEqual(samples.length, MAX_SERIES + 1);
  strictEqual(samples[0]!.value, 2);
  deepStrictEqual(samples.at(-1), {
    name: "a_total",
    labels: { path: OVERFLOW, code: OVERFLOW },
    value: 500,
  });
});

Deno.test("Reading prints the last of two values with the same labels", () => {
  const read = () => [[{ x: "1" }, 1], [{ x: "1" }, 2]] as const;
  const reading = new Reading({ name: "a", help: "A.", type: "gauge", labels: ["x"], read });
  const { samples } = parseExposition(expositionText([reading])).get("a")!;
  deepStrictEqual(samples.map(({ value }) => value), [2]);
});

Deno.test("metrics refuse names that Prometheus would refuse", () => {
  const help = "";
  throws(() => new Counter({ name: "a-b", help, labels: [] }), {
    name: "TypeError",
    message: 'Cannot make metric "a-b": "a-b" is no name for it or for a label',
  });
  throws(() => new Counter({ name: "a", help, labels: ["__x"] }), /"__x" is no name/);
  throws(() => new Histogram({ name: "a", help, labels: ["le"], buckets: [] }), /"le" is no name/);
  throws(() => new Histogram({ name: "a", help, labels: [], buckets: [1, 1] }), {
    name: "RangeError",
    message: 'Cannot make metric "a": buckets [1,1] do not grow',
  });
});
