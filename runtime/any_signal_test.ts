import { ok, strictEqual } from "node:assert/strict";
import { anySignal, collectsWhatIsHeard } from "./any_signal.ts";

Deno.test("anySignal() aborts with the first of its signals, and its reason", () => {
  const [a, b] = [new AbortController(), new AbortController()];
  const signal = anySignal(new Set([a.signal, b.signal]));
  const heard: unknown[] = [];
  signal.addEventListener("abort", (event) => heard.push(event.target));
  ok(signal instanceof AbortSignal && !signal.aborted);
  b.abort("b");
  a.abort("a");
  strictEqual(signal.reason, "b");
  strictEqual(heard.length, 1);
  strictEqual(heard[0], signal);
});

Deno.test("anySignal() has aborted when one of its signals has, and never does without any", () => {
  strictEqual(anySignal([new AbortController().signal, AbortSignal.abort("x")]).reason, "x");
  strictEqual(anySignal([]).aborted, false);
});

Deno.test("anySignal() is heard after a garbage collection, and collected when nobody listens", async () => {
  const script = new URL("testdata/hear.ts", import.meta.url).pathname;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--no-check", "--v8-flags=--expose-gc", script],
    signal: AbortSignal.timeout(120_000),
  }).output();
  const text = new TextDecoder();
  strictEqual(text.decode(stdout) + text.decode(stderr), "done\n");
});

Deno.test("collectsWhatIsHeard() knows that Deno 2.8 is right", () => {
  for (const version of ["1.46.3", "2.4.2", "2.7.14"]) ok(collectsWhatIsHeard(version), version);
  for (const version of ["2.8.0", "2.9.6", "2.10.0-rc.1", "3.0.0"]) {
    ok(!collectsWhatIsHeard(version), version);
  }
});
