import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { contentOf, parseRecord, serializeRecord } from "./record.ts";
import { freshMemory, type Memory } from "./state.ts";

/** A memory with something of everything, at 10 000 ms of some clock. */
function full(): Memory {
  const victims = [{ workload: "b", name: "b-1", uid: "u2" }];
  return {
    pods: new Map([["u1", { ends: 3, streak: 2, last: 9_000, disrupted: true }]]),
    failures: [{ pod: "a-1", uid: "u1", at: 9_000, time: "T", exitCode: 3, reason: "Error" }],
    disruptions: 1,
    waits: 2,
    restarted: 8_000,
    restart: { cause: "a-1", victims, due: 10_400 },
    stopping: { workloads: ["a", "b"], reason: "why" },
    stopped: { time: "T", reason: "why", replicas: 3 },
    escalation: { at: 9_500, time: "T", told: true },
    quarantined: [{ pod: "a-0", uid: "u0", time: "T", reason: "why", phase: "kept" }],
    lost: victims,
    terminating: new Map(),
  };
}

Deno.test("parseRecord() reads what was written, as if no time had passed since, on another clock", () => {
  const written = full();
  const read = parseRecord(serializeRecord(written, 10_000), 10_000 - 7_000);
  const shifted = full();
  shifted.pods.get("u1")!.last -= 7_000;
  const earlier = <T extends { at: number }>(one: T): T => ({ ...one, at: one.at - 7_000 });
  deepStrictEqual(read, {
    ...shifted,
    failures: shifted.failures.map(earlier),
    restarted: 1_000,
    restart: { ...shifted.restart!, due: 3_400 },
    escalation: earlier(shifted.escalation!),
  });
});

Deno.test("serializeRecord() writes nothing but the version while nothing has happened", () => {
  strictEqual(serializeRecord(freshMemory(), 5), '{"v":1}');
  deepStrictEqual(parseRecord('{"v":1}', 5), freshMemory());
});

Deno.test("serializeRecord() is bounded, however much has failed", () => {
  const memory = full();
  const uid = (n: number): string => `00000000-0000-0000-0000-${String(n).padStart(12, "0")}`;
  const many = Array.from({ length: 20_000 }, (_, n) => n);
  const victims = many.map((n) => ({
    workload: "w".repeat(46),
    name: "w".repeat(63),
    uid: uid(n),
  }));
  for (const n of many) {
    memory.pods.set(uid(n), { ends: 9_999, streak: 9, last: -Infinity, disrupted: false });
  }
  memory.failures = many.map((n) => {
    return { pod: "w".repeat(63), uid: uid(n), at: n, time: "T", reason: "x".repeat(4_000) };
  });
  memory.restart = { cause: "a", victims, due: 0 };
  const text = serializeRecord(memory, 30_000);
  ok(text.length < 256 * 1024, `${text.length} bytes`);
  parseRecord(text, 0);
});

Deno.test("parseRecord() rejects what it does not know", () => {
  for (const text of ["", "{}", '{"v":2}', '{"v":1,"more":1}', '{"v":1,"failures":[{}]}']) {
    throws(() => parseRecord(text, 0), SyntaxError);
  }
});

Deno.test("contentOf() tells whether there is something to write, which time alone is not", () => {
  const read = parseRecord(serializeRecord(full(), 10_000), 50_000);
  const again = structuredClone(read);
  strictEqual(contentOf(again), contentOf(read));
  again.terminating.set("u", 1);
  strictEqual(contentOf(again), contentOf(read));
  again.disruptions++;
  ok(contentOf(again) !== contentOf(read));
});
