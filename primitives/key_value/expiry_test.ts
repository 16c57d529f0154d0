// Times to live in virtual time.
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { FakeTime } from "@std/testing/time";
import { z } from "zod";
import type { KeyValueEvent } from "./key_value_event.ts";
import { fakeClock, noise, Scene } from "./testdata/scene.ts";

const clock = fakeClock;

/** Lets time pass in steps, between which requests are answered, and what it has begun come to its end. */
async function pass(time: FakeTime, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 500) await time.tickAsync(Math.min(left, 500));
  await time.runMicrotasks();
}

Deno.test("KeyValue.put() with a ttl lets a value live so long, and hardly longer", async () => {
  using time = new FakeTime();
  await using scene = new Scene();
  const bucket = (await scene.process("a", { clock })).keyValue("sessions", z.string());
  const watcher = (await scene.process("b", { clock })).keyValue("sessions", z.string());
  const heard: KeyValueEvent<string>[] = [];
  const stop = new AbortController();
  const watching = (async () => {
    for await (const event of watcher.watch("", { signal: stop.signal })) heard.push(event);
  })();
  watching.catch(() => {}); // what failed is told below
  await bucket.put("short", "1", { ttl: 10_000 });
  await bucket.put("long", "2", { ttl: 60_000 });
  await bucket.put("always", "3");
  await pass(time, 9_999);
  strictEqual(await bucket.get("short"), "1");
  await pass(time, 1_002); // a tenth later at most
  strictEqual(await bucket.get("short"), undefined);
  strictEqual(await bucket.get("long"), "2");
  await pass(time, 5 * 60_000);
  deepStrictEqual((await bucket.list()).map(({ key }) => key), ["always"]);
  stop.abort();
  await watching;
  const deleted = heard.filter(({ type }) => type === "delete");
  deepStrictEqual(deleted.map((event) => "key" in event && event.key), ["short", "long"]);
  deepStrictEqual(scene.errors, []);
});

Deno.test("KeyValue counts a ttl anew with each put, and only of what is put with one", async () => {
  using time = new FakeTime();
  await using scene = new Scene();
  const bucket = (await scene.process("a", { clock })).keyValue("sessions", z.string());
  const other = (await scene.process("b", { clock })).keyValue("sessions", z.string());
  await bucket.put("renewed", "1", { ttl: 10_000 });
  await bucket.put("kept", "1", { ttl: 10_000 });
  await pass(time, 8_000);
  await other.put("renewed", "2", { ttl: 10_000 }); // of which the first does not hear
  await other.txn((t) => t.put("kept", "2"));
  await pass(time, 5_000);
  deepStrictEqual((await bucket.list()).map(({ value }) => value), ["2", "2"]);
  await pass(time, 7_000);
  deepStrictEqual((await bucket.list()).map(({ key }) => key), ["kept"]);
});

Deno.test("KeyValue counts a ttl from when it sees a value whose writer is gone", async () => {
  using time = new FakeTime();
  await using scene = new Scene();
  const first = await scene.process("a", { clock });
  await first.keyValue("sessions", z.string()).put("a", "1", { ttl: 10_000 });
  await first.close();
  await pass(time, 60_000);
  const bucket = (await scene.process("b", { clock })).keyValue("sessions", z.string());
  strictEqual(await bucket.get("a"), "1"); // nobody was there to delete it
  await pass(time, 9_999);
  strictEqual(await bucket.get("a"), "1");
  await pass(time, 1_002);
  strictEqual(await bucket.get("a"), undefined);
});

Deno.test("KeyValue deletes values with a ttl from leaves, also ones that another process has merged", async () => {
  using time = new FakeTime();
  await using scene = new Scene();
  const bucket = (await scene.process("a", { clock })).keyValue("sessions", z.string());
  for (let i = 0; i < 12; i++) await bucket.put(`key-${i}`, noise(8_000), { ttl: 10_000 });
  const isMerged = () => scene.head("sessions").leaves.length > 0;
  await scene.server.until(isMerged, AbortSignal.timeout(20_000));
  const other = (await scene.process("b", { clock })).keyValue("sessions", z.string());
  strictEqual((await other.list()).length, 12);
  await pass(time, 9_999);
  strictEqual((await other.list()).length, 12);
  await pass(time, 1_002);
  deepStrictEqual(await other.list(), []);
});

Deno.test("KeyValue deletes many values at the same time with a write or two", async () => {
  using time = new FakeTime();
  await using scene = new Scene();
  const bucket = (await scene.process("a", { clock })).keyValue("sessions", z.int());
  await bucket.txn((t) => {
    for (let i = 0; i < 300; i++) t.put(`key-${i}`, i, { ttl: 5_000 });
  });
  const before = scene.server.count("PUT");
  await pass(time, 6_000);
  deepStrictEqual(await bucket.list(), []);
  ok(scene.server.count("PUT") - before <= 2);
});

Deno.test("KeyValue tries again to delete what it may not delete yet", async () => {
  using time = new FakeTime();
  await using scene = new Scene();
  const bucket = (await scene.process("a", { clock })).keyValue("sessions", z.int());
  await bucket.put("a", 1, { ttl: 5_000 });
  scene.server.fault = ({ method }) => method === "PUT" ? 403 : undefined;
  await pass(time, 6_000);
  strictEqual(scene.errors.length, 1);
  strictEqual(await bucket.get("a"), 1);
  scene.server.fault = () => undefined;
  await pass(time, 5_000);
  strictEqual(await bucket.get("a"), undefined);
});
