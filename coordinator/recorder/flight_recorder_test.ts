import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { FakeTime } from "@std/testing/time";
import type { EntryData } from "./entries.ts";
import { FlightRecorder } from "./flight_recorder.ts";

const POD = { kind: "Pod", namespace: "team", name: "worker-1" };

function decision(text: string): EntryData {
  return { kind: "decision", decision: text };
}

async function linesOf(recorder: FlightRecorder, since?: number): Promise<string[]> {
  const text = await new Response(recorder.toNDJSON({ since })).text();
  if (text === "") return [];
  strictEqual(text.at(-1), "\n");
  return text.slice(0, -1).split("\n");
}

/** The entries as whoever reads NDJSON sees them. */
// deno-lint-ignore no-explicit-any
async function readLines(recorder: FlightRecorder): Promise<any[]> {
  return (await linesOf(recorder)).map((line) => JSON.parse(line));
}

Deno.test("FlightRecorder.record() numbers entries and tells when they happened", () => {
  using time = new FakeTime("2026-01-02T03:04:05Z");
  const recorder = new FlightRecorder();
  strictEqual(recorder.lastId, 0);
  const before = performance.now();
  strictEqual(recorder.record({ kind: "change", object: POD, type: "added" }), 1);
  time.tick(1_500);
  strictEqual(recorder.record(decision("restart")), 2);
  const [first, second] = recorder;
  deepStrictEqual({ ...first, monotonicMs: 0 }, {
    id: 1,
    time: "2026-01-02T03:04:05.000Z",
    monotonicMs: 0,
    kind: "change",
    object: POD,
    type: "added",
  });
  strictEqual(second!.time, "2026-01-02T03:04:06.500Z");
  ok(first!.monotonicMs >= Math.floor(before) && second!.monotonicMs >= first!.monotonicMs);
});

Deno.test("FlightRecorder keeps its bounds when a million entries come", () => {
  const recorder = new FlightRecorder({ entries: 1_000, bytes: 300_000 });
  for (let i = 1; i <= 1_000_000; i++) {
    recorder.record(decision(i % 1_000 < 900 ? "short" : "long ".repeat(40)));
    if (i % 997 !== 0) continue;
    ok(recorder.size <= 1_000 && recorder.bytes <= 300_000, `${recorder.size} ${recorder.bytes}`);
  }
  strictEqual(recorder.lastId, 1_000_000);
  const entries = [...recorder];
  strictEqual(entries.length, recorder.size);
  strictEqual(entries.at(-1)!.id, 1_000_000);
  strictEqual(entries[0]!.id, 1_000_001 - recorder.size);
  ok(recorder.size > 400);
});

Deno.test("FlightRecorder.bytes is what the entries that are left take", () => {
  const recorder = new FlightRecorder({ entries: 3 });
  for (let i = 0; i < 3; i++) recorder.record(decision("x"));
  const three = recorder.bytes;
  for (let i = 0; i < 100; i++) recorder.record(decision("y"));
  strictEqual(recorder.bytes, three);
  strictEqual(recorder.size, 3);
});

Deno.test("FlightRecorder.record() keeps the newest entry also when it alone is too large", () => {
  const recorder = new FlightRecorder({ bytes: 1 });
  recorder.record(decision("a"));
  recorder.record(decision("b"));
  deepStrictEqual([...recorder].map(({ id }) => id), [2]);
});

Deno.test("FlightRecorder refuses bounds below 1", () => {
  const message = /Cannot make a flight recorder: 0 entries of \d+ bytes, at least 1 is needed/;
  throws(() => new FlightRecorder({ entries: 0 }), message);
  throws(() => new FlightRecorder({ bytes: NaN }), RangeError);
});

Deno.test("FlightRecorder.record() keeps no field that it does not know, and cuts long texts", async () => {
  const recorder = new FlightRecorder();
  const pod = { ...POD, spec: { containers: [{ env: [{ name: "PASSWORD", value: "hunter2" }] }] } };
  const given = { kind: "change" as const, object: pod, type: "added", source: pod };
  recorder.record(given);
  recorder.record(decision("y".repeat(10_000)));
  given.type = "deleted"; // what is recorded does not change with it
  const [{ object, type }, { decision: long }] = await readLines(recorder);
  deepStrictEqual([object, type], [POD, "added"]);
  strictEqual(long.length, 257);
  ok(!(await linesOf(recorder)).join().includes("hunter2"));
});

Deno.test("FlightRecorder.within() links by cause across awaits, and tells concurrent ones apart", async () => {
  const recorder = new FlightRecorder();
  async function handle(name: string): Promise<number> {
    const change = recorder.record({ kind: "change", object: { ...POD, name }, type: "modified" });
    return await recorder.within(change, async () => {
      await new Promise((resolve) => setTimeout(resolve));
      const decided = recorder.record(decision(name));
      return await recorder.within(decided, async () => {
        await undefined;
        return recorder.record({ kind: "write", verb: "patch", resource: "pods", name, ms: 1 });
      });
    });
  }
  const writes = await Promise.all(["a", "b", "c"].map(handle));
  for (const [i, write] of writes.entries()) {
    const chain = recorder.chain(write);
    deepStrictEqual(chain.map(({ kind }) => kind), ["change", "decision", "write"]);
    const name = "abc"[i];
    const names = chain.map((entry) =>
      entry.kind === "change" ? entry.object.name : "name" in entry ? entry.name : "?"
    );
    deepStrictEqual(names, [name, "?", name]);
  }
  strictEqual(recorder.cause, undefined);
  strictEqual(recorder.get(recorder.record(decision("alone")))!.cause, undefined);
});

Deno.test("FlightRecorder.operation() records beginning and end, and what happens meanwhile as its effect", async () => {
  const recorder = new FlightRecorder();
  const run = { operation: "run", object: { kind: "Deployment", namespace: "team", name: "w" } };
  const result = await recorder.operation(run, async () => {
    await undefined;
    recorder.record({ kind: "write", verb: "create", resource: "deployments", ms: 2 });
    return 42;
  });
  strictEqual(result, 42);
  await rejects(
    recorder.operation({ operation: "scale" }, () => {
      throw new TypeError("the password is hunter2");
    }),
    /hunter2/,
  );
  deepStrictEqual(
    [...recorder].map((
      entry,
    ) => [entry.id, entry.kind, "outcome" in entry && entry.outcome, entry.cause]),
    [
      [1, "operation", "started", undefined],
      [2, "write", false, 1],
      [3, "operation", "ok", 1],
      [4, "operation", "started", undefined],
      [5, "operation", "error", 4],
    ],
  );
  strictEqual((await readLines(recorder))[4].error, "TypeError");
  ok(!(await linesOf(recorder)).join().includes("hunter2"));
});

Deno.test("FlightRecorder.handler() links what it records to the change, and to none if that is unknown", async () => {
  const recorder = new FlightRecorder();
  const change = recorder.record({ kind: "change", object: POD, type: "added" });
  await recorder.handler(
    { object: POD, cause: change },
    () => void recorder.record(decision("in")),
  );
  // whoever delivers may run on behalf of something else
  await recorder.within(
    change,
    () => recorder.handler({ object: POD, cause: undefined }, () => {}),
  );
  deepStrictEqual([...recorder].map(({ kind, cause }) => [kind, cause]), [
    ["change", undefined],
    ["decision", 1],
    ["handler", 1],
    ["handler", undefined],
  ]);
});

Deno.test("FlightRecorder.chain() ends where an entry is gone, and at a cause that is none", () => {
  const recorder = new FlightRecorder({ entries: 2 });
  const first = recorder.record(decision("1"));
  const second = recorder.record(decision("2"), { cause: first });
  const third = recorder.record(decision("3"), { cause: second });
  deepStrictEqual(recorder.chain(third).map(({ id }) => id), [2, 3]);
  deepStrictEqual(recorder.chain(first), []);
  const odd = recorder.record(decision("4"), { cause: 4 });
  deepStrictEqual(recorder.chain(odd).map(({ id }) => id), [4]);
});

Deno.test("FlightRecorder.since() goes on where a reader left off", () => {
  const recorder = new FlightRecorder({ entries: 5 });
  for (let i = 0; i < 8; i++) recorder.record(decision(String(i)));
  const ids = (since: number) => [...recorder.since(since)].map(({ id }) => id);
  deepStrictEqual(ids(0), [4, 5, 6, 7, 8]);
  deepStrictEqual(ids(6), [7, 8]);
  deepStrictEqual(ids(8), []);
  deepStrictEqual(ids(99), []);
});

Deno.test("FlightRecorder.since() skips what goes while it is read", () => {
  const recorder = new FlightRecorder({ entries: 3 });
  for (let i = 0; i < 3; i++) recorder.record(decision(String(i)));
  const reader = recorder.since(0);
  strictEqual(reader.next().value!.id, 1);
  recorder.record(decision("3"));
  recorder.record(decision("4")); // 1 and 2 are gone
  deepStrictEqual([...reader].map(({ id }) => id), [3]);
});

Deno.test("FlightRecorder.toNDJSON() makes a line of JSON of each entry", async () => {
  const recorder = new FlightRecorder({ entries: 450 });
  deepStrictEqual(await linesOf(recorder), []);
  for (let i = 0; i < 1_000; i++) recorder.record(decision(`line\n${i}\u2028"`));
  const entries = await readLines(recorder);
  deepStrictEqual(entries, [...recorder]);
  strictEqual(entries.length, 450);
  strictEqual((await linesOf(recorder, 990)).length, 10);
});

Deno.test("FlightRecorder.idOf() finds the entry of an object", () => {
  const recorder = new FlightRecorder();
  const pod = {};
  strictEqual(recorder.idOf(pod), undefined);
  recorder.remember(pod, 7);
  strictEqual(recorder.idOf(pod), 7);
});
