import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { z } from "zod";
import { seededRandom } from "../../testing/mod.ts";
import { KeyValue } from "../key_value/mod.ts";
import type { ServedCall } from "../testdata/object_server.ts";
import { OwnershipScene } from "./testdata/ownership_scene.ts";

const KEYS = Array.from({ length: 12 }, (_, i) => `key-${i}`);

Deno.test("ShardedOwnership gives all keys to the only member, and their holds", async () => {
  await using stage = new OwnershipScene(KEYS);
  const { ownership } = stage.join("a");
  await stage.allOwned(KEYS, 1_000);
  const hold = ownership.owned.get("key-3")!;
  strictEqual(hold.scope, "ownership/ns/parts/key-3");
  ok(hold.token > 100 && hold.remainingMs() > 4_000 && !hold.signal.aborted);
  await stage.scene.settle(ownership.close());
  strictEqual(hold.remainingMs(), 0);
  throws(() => hold.throwIfOver(), /was closed/);
  strictEqual(ownership.owned.size, 0);
});

Deno.test("ShardedOwnership acquires each key once when many start together", async () => {
  await using stage = new OwnershipScene(KEYS);
  for (const name of ["a", "b", "c", "d"]) stage.join(name);
  await stage.allOwned(KEYS, 2_000);
  strictEqual(stage.acquired, 12);
  deepStrictEqual(stage.loads, { a: 3, b: 3, c: 3, d: 3 });
});

Deno.test("ShardedOwnership moves no more keys than one who comes gets, and one who goes had", async () => {
  await using stage = new OwnershipScene(KEYS);
  for (const name of ["a", "b", "c"]) stage.join(name);
  await stage.allOwned(KEYS, 2_000);
  const d = stage.join("d");
  await stage.scene.until(() => d.ownership.owned.size === 3, 2_000);
  strictEqual(stage.acquired, 12 + 3);
  await stage.scene.settle(d.ownership.close());
  await stage.allOwned(KEYS, 200);
  strictEqual(stage.acquired, 12 + 3 + 3);
  deepStrictEqual(stage.loads, { a: 4, b: 4, c: 4, d: 0 });
});

Deno.test("ShardedOwnership gives the keys of one that died to others, once its neighbor found out", async () => {
  await using stage = new OwnershipScene(KEYS);
  const [a] = ["a", "b", "c"].map((name) => stage.join(name));
  await stage.allOwned(KEYS, 2_000);
  stage.server.calls.length = 0;
  a!.process.kill();
  const took = await stage.allOwned(KEYS);
  ok(took > 6_000 && took <= 9_000, `it took ${took} ms`);
  strictEqual(stage.acquired, 12 + 4);
  strictEqual(stage.server.writes({ resource: "configmaps" }), 1); // of the neighbor, for all keys
});

Deno.test("ShardedOwnership finds a row of dead ones within two durations", async () => {
  const keys = Array.from({ length: 60 }, (_, i) => `key-${i}`);
  await using stage = new OwnershipScene(keys);
  const all = Array.from({ length: 10 }, (_, i) => stage.join(`p${i}`));
  await stage.allOwned(keys, 5_000);
  for (const { process } of all.slice(1)) process.kill();
  const took = await stage.allOwned(keys);
  ok(took <= 18_000, `it took ${took} ms`);
});

Deno.test("ShardedOwnership sends renewals, and one read per duration, when nothing changes", async () => {
  await using stage = new OwnershipScene(KEYS);
  for (const name of ["a", "b", "c"]) stage.join(name);
  await stage.allOwned(KEYS, 2_000);
  await stage.scene.pass(20_000);
  stage.server.calls.length = 0;
  await stage.scene.pass(60_000);
  const renewals = stage.server.count({ method: "PUT", resource: "leases" });
  const reads = stage.server.count({ method: "GET", resource: "configmaps", watch: false });
  strictEqual(stage.server.count(), renewals + reads);
  ok(renewals <= 3 * 30, `${renewals} renewals`);
  ok(reads <= 60 / 8, `${reads} reads`);
});

Deno.test("ShardedOwnership hears by reading when its watch is broken", async () => {
  await using stage = new OwnershipScene(KEYS);
  const a = stage.join("a");
  await stage.allOwned(KEYS, 2_000);
  stage.server.stalled = true;
  const b = stage.join("b");
  await stage.scene.until(() => b.ownership.owned.size === 6, 2 * 8_000 * 1.25 + 2_000);
  await stage.scene.settle(a.ownership.close());
  await stage.allOwned(KEYS, 2 * 8_000 * 1.25);
});

Deno.test("ShardedOwnership makes few writes when one comes and when one goes", async () => {
  const keys = Array.from({ length: 500 }, (_, i) => `key-${i}`);
  await using stage = new OwnershipScene(keys);
  for (let i = 0; i < 10; i++) stage.join(`p${i}`);
  await stage.allOwned(keys, 5_000);
  await stage.scene.pass(5_000);
  stage.server.calls.length = 0;
  const last = stage.join("last");
  await stage.scene.until(() => last.ownership.owned.size === 45, 5_000);
  const accepted = () =>
    stage.server.calls.filter(({ method, resource, code }) =>
      method !== "GET" && resource === "configmaps" && code === 200
    ).length;
  ok(accepted() <= 1 + 10, `${accepted()} writes`); // its own, and one of each who had to give
  stage.server.calls.length = 0;
  await stage.scene.settle(last.ownership.close());
  await stage.allOwned(keys, 1_000);
  ok(accepted() <= 2, `${accepted()} writes`);
});

Deno.test("ShardedOwnership waits for what runs before another gets the key, and for no other key", async () => {
  await using stage = new OwnershipScene(["k1", "k2"]);
  const [ended, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const events: string[] = [];
  const a = stage.join("a", {
    onAcquire: (key) => key === "k1" ? ended.promise : undefined,
    onRelease: (key) => {
      events.push(`release ${key}`);
      return key === "k1" ? released.promise : undefined;
    },
  });
  await stage.allOwned(["k1", "k2"], 1_000);
  const b = stage.join("b");
  const closed = a.ownership.close();
  await stage.scene.until(() => b.ownership.owned.has("k2"), 2_000);
  await stage.scene.pass(60_000);
  deepStrictEqual([[...b.ownership.owned.keys()], events], [["k2"], ["release k2"]]);
  ended.resolve();
  await stage.scene.pass(60_000);
  deepStrictEqual([[...b.ownership.owned.keys()], events], [["k2"], ["release k2", "release k1"]]);
  released.resolve();
  await stage.scene.settle(closed, 1_000);
  await stage.scene.until(() => b.ownership.owned.has("k1"), 1_000);
});

Deno.test("ShardedOwnership has handlers end, which can store what they have, before its process gives up all", async () => {
  await using stage = new OwnershipScene(["k"]);
  const a = stage.join("a", {
    async onRelease(key) {
      await new Promise((resolve) => setTimeout(resolve, 20_000));
      await values.put(key, 42);
    },
  });
  const values = new KeyValue(a.process.context, "values", z.int());
  await stage.allOwned(["k"], 1_000);
  const b = stage.join("b");
  const closed = a.process.close();
  await stage.scene.pass(19_000);
  strictEqual(b.ownership.owned.size, 0);
  await stage.scene.settle(closed, 2_000);
  await stage.allOwned(["k"], 1_000);
  const theirs = new KeyValue(b.process.context, "values", z.int());
  strictEqual(await stage.scene.settle(theirs.get("k")), 42);
  deepStrictEqual(a.process.errors, []);
});

Deno.test("ShardedOwnership holds up the end of its process for its grace, and tells whose handlers run on", async () => {
  await using stage = new OwnershipScene(["k1", "k2"]);
  const a = stage.join("a", {
    grace: 3_000,
    onRelease: (key) => key === "k2" ? new Promise(() => {}) : undefined,
  });
  await stage.allOwned(["k1", "k2"], 1_000);
  const start = stage.scene.time.now;
  await stage.scene.settle(a.process.close(), 4_000);
  ok(stage.scene.time.now - start >= 3_000);
  deepStrictEqual(a.process.errors.map(({ message }) => message), [
    'Cannot wait for handlers of ownership "parts": those of "k2" have not ended within 3000 ms',
  ]);
});

Deno.test("ShardedOwnership calls a handler that failed again, after a while", async () => {
  await using stage = new OwnershipScene(["k"]);
  const calls: { token: number; signal: AbortSignal; at: number }[] = [];
  const { process, ownership } = stage.join("a", {
    onAcquire: (_, token, signal) => {
      calls.push({ token, signal, at: stage.scene.time.now });
      if (calls.length < 4) throw new Error("boom");
    },
  });
  await stage.scene.until(() => calls.length === 4, 20_000);
  const waits = calls.slice(1).map(({ at }, i) => at - calls[i]!.at);
  deepStrictEqual(waits, [750, 1_500, 3_000]);
  deepStrictEqual(calls.map(({ signal }) => signal.aborted), [true, true, true, false]);
  strictEqual(new Set(calls.map(({ token }) => token)).size, 1);
  const messages = process.errors.map(({ message, cause }) => `${message}: ${cause}`);
  deepStrictEqual(
    messages,
    Array(3).fill(`Cannot serve "ownership/ns/parts/k": its onAcquire failed: Error: boom`),
  );
  ok(ownership.owned.has("k"));
});

Deno.test("ShardedOwnership hands a key on though its handlers fail", async () => {
  await using stage = new OwnershipScene(["k1", "k2"]);
  const a = stage.join("a", {
    onAcquire: (_key, _token, signal) =>
      new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(new Error("late")), { once: true })
      ),
  });
  await stage.allOwned(["k1", "k2"], 1_000);
  const b = stage.join("b");
  await stage.scene.until(() => b.ownership.owned.size === 1, 2_000);
  strictEqual(a.process.errors.length, 1);
  strictEqual(String(a.process.errors[0]!.cause), "Error: late");
});

Deno.test("ShardedOwnership ends all holds when the session is lost, and joins anew", async () => {
  await using stage = new OwnershipScene(KEYS);
  const [a] = ["a", "b"].map((name) => stage.join(name));
  await stage.allOwned(KEYS, 2_000);
  const holds = [...a!.ownership.owned.values()];
  stage.server.fault = ({ client }) => client === "a" ? "lose request" : undefined;
  await stage.scene.until(() => a!.ownership.owned.size === 0, 7_000);
  for (const { signal } of holds) strictEqual(signal.reason.name, "SessionLostError");
  await stage.allOwned(KEYS, 4_000);
  stage.server.fault = () => undefined;
  await stage.scene.until(() => a!.ownership.owned.size === 6, 10_000);
  strictEqual(Object.keys(state(stage).members).length, 2);
});

Deno.test("ShardedOwnership takes up its keys at once when its only member comes back", async () => {
  await using stage = new OwnershipScene(KEYS);
  const { ownership } = stage.join("a");
  await stage.allOwned(KEYS, 2_000);
  stage.server.fault = () => "lose request";
  await stage.scene.until(() => ownership.owned.size === 0, 7_000);
  stage.server.fault = () => undefined;
  await stage.allOwned(KEYS, 5_000);
  strictEqual(Object.keys(state(stage).members).length, 1);
});

Deno.test("ShardedOwnership lets another have a key whose handler does not end, when the session is lost", async () => {
  await using stage = new OwnershipScene(["k1", "k2", "k3", "k4"]);
  const ended = Promise.withResolvers<void>();
  const a = stage.join("a", { onAcquire: (key) => key === "k1" ? ended.promise : undefined });
  await stage.scene.until(() => a.ownership.owned.size === 4, 2_000);
  const b = stage.join("b");
  await stage.scene.until(() => b.ownership.owned.size === 2, 2_000);
  ok(a.ownership.owned.has("k1"));
  stage.server.fault = ({ client }) => client === "a" ? "lose request" : undefined;
  await stage.scene.until(() => b.ownership.owned.size === 4, 10_000);
  stage.server.fault = () => undefined;
  await stage.scene.until(() => a.ownership.owned.size === 2, 20_000);
  await stage.scene.settle(b.ownership.close());
  await stage.scene.until(() => a.ownership.owned.size === 3, 2_000);
  ok(!a.ownership.owned.has("k1")); // it still runs here: nothing else does for it, and nobody else is there
  ended.resolve();
  await stage.scene.until(() => a.ownership.owned.size === 4, 2_000);
});

Deno.test("ShardedOwnership begins no tenure while a write may still hand the key on", async () => {
  await using stage = new OwnershipScene(["k1", "k2"]);
  const begun: string[] = [];
  const a = stage.join("a", { onAcquire: (key) => void begun.push(key) });
  await stage.allOwned(["k1", "k2"], 1_000);
  const isHandingOn = ({ client, method, resource }: ServedCall) =>
    client === "a" && method === "PUT" && resource === "configmaps";
  const sent = Promise.withResolvers<void>();
  stage.server.fault = (call) => {
    if (!isHandingOn(call)) return;
    sent.resolve();
    stage.server.fault = () => undefined;
    return { delay: 1_000 };
  };
  const b = stage.join("b");
  await stage.scene.settle(sent.promise);
  await stage.scene.settle(b.ownership.close()); // now the key is to stay
  const c = stage.join("c"); // now it is not
  await stage.scene.until(() => c.ownership.owned.size === 1, 5_000);
  deepStrictEqual([begun.length, a.ownership.owned.size], [2, 1]);
});

Deno.test("ShardedOwnership calls no handler again by a session that ended while the process was stopped", async () => {
  await using stage = new OwnershipScene(["k"]);
  const calls: boolean[] = [];
  const a = stage.join("a", {
    onAcquire: () => {
      calls.push(a.ownership.owned.has("k"));
      if (calls.length === 1) throw new Error("boom");
    },
  });
  await stage.scene.until(() => calls.length === 1, 1_000);
  a.process.pause();
  const b = stage.join("b");
  await stage.scene.until(() => b.ownership.owned.has("k"), 12_000);
  a.process.resume();
  await stage.scene.pass(5_000);
  deepStrictEqual(calls, [true]);
});

Deno.test("ShardedOwnership moves few keys when many join at once, though their writes collide", async () => {
  const keys = Array.from({ length: 120 }, (_, i) => `key-${i}`);
  await using stage = new OwnershipScene(keys);
  const random = seededRandom(3);
  const latency = () => 1 + 9 * random();
  for (let i = 0; i < 30; i++) stage.join(`p${i}`, { process: { random, latency } });
  await stage.allOwned(keys, 10_000);
  const moved = stage.acquired - 120;
  ok(moved <= 120 / 2, `${moved} moved`); // 0 to 12 as a rule
  await stage.scene.until(() => Object.values(stage.loads).every((it) => it === 4), 5_000);
  const writes = stage.server.writes({ resource: "configmaps" });
  ok(writes <= 30 * 20, `${writes} writes, also those refused`);
});

Deno.test("ShardedOwnership starts again when its record is deleted", async () => {
  await using stage = new OwnershipScene(KEYS);
  for (const name of ["a", "b", "c"]) stage.join(name);
  await stage.allOwned(KEYS, 2_000);
  stage.server.remove("configmaps", "troupe-ownership-parts");
  await stage.scene.until(() => stage.loads.a === 0, 100);
  await stage.allOwned(KEYS, 5_000);
  deepStrictEqual(stage.loads, { a: 4, b: 4, c: 4 });
});

Deno.test("ShardedOwnership.update() gives new keys to who names them, and ends others", async () => {
  await using stage = new OwnershipScene(["k1", "k2"]);
  const a = stage.join("a");
  const b = stage.join("b");
  await stage.allOwned(["k1", "k2"], 2_000);
  await stage.scene.settle(a.ownership.update(["k1", "k3", "k4"]));
  await stage.allOwned(["k1", "k2", "k3", "k4"], 2_000);
  deepStrictEqual([...b.ownership.owned.keys()], ["k2"]);
  await stage.scene.settle(b.ownership.update([]));
  await stage.scene.pass(2_000);
  deepStrictEqual(stage.loads, { a: 3, b: 0 }); // k2 is not named any more
  await rejects(
    a.ownership.update([""]),
    /a key is "", allowed is a string of 1 to 253 characters/,
  );
});

Deno.test("ShardedOwnership.update() refuses what has no room, and keeps what was before", async () => {
  const large = (prefix: string) =>
    Array.from({ length: 1_000 }, (_, i) => `${prefix}${i}`.padEnd(195, "."));
  await using stage = new OwnershipScene(large("a"));
  const [a, b, c] = ["a", "b", "c"].map((name, i) => stage.join(name, { keys: large("abc"[i]!) }));
  await stage.scene.until(() => stage.loads.b === 1_000 && stage.loads.a === 1_000);
  ok(c);
  await rejects(stage.scene.settle(a!.ownership.update(large("d"))), RangeError);
  strictEqual(b!.ownership.owned.size, 1_000);
});

Deno.test("ShardedOwnership says what is wrong with its options", async () => {
  await using stage = new OwnershipScene([]);
  throws(() => stage.join("a", { keys: 5 as never }), /"keys" given 5, allowed is an iterable/);
  throws(
    () => stage.join("b", { keys: Array.from({ length: 9_999 }, (_, i) => `key-${i}`.repeat(4)) }),
    /the keys take \d+ bytes, allowed are 204800/,
  );
});

function state(stage: OwnershipScene): { members: Record<string, unknown> } {
  const object = stage.server.objects.get("configmaps/troupe-ownership-parts")!;
  return JSON.parse((object.data as Record<string, string>).state!);
}

Deno.test("ShardedOwnership leaves no member whose joining comes after it has left", async () => {
  await using stage = new OwnershipScene(KEYS);
  let writes = 0;
  stage.server.fault = ({ method, resource }) => {
    if (resource !== "configmaps" || method !== "POST") return;
    return [{ delay: 6_000 }, 403][writes++];
  };
  const { ownership } = stage.join("a");
  await stage.scene.until(() => writes === 2);
  await stage.scene.settle(ownership.close());
  await stage.scene.pass(7_000);
  deepStrictEqual(stage.server.state("troupe-ownership-parts"), { members: {}, lacks: {} });
});
