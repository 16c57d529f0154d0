// Buckets on an API server: the embedded one, or with TROUPE_TEST_CLUSTER=1 that of KUBECONFIG.
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { z } from "zod";
import { anySignal } from "../../runtime/mod.ts";
import { PrimitivesStage } from "../../tests/support/primitives_stage.ts";
import { StaleTokenError } from "../fencing/fencing_token.ts";
import { RecordError } from "../record/mod.ts";
import { VersionMismatchError } from "./version_mismatch_error.ts";

/** No wait of these tests takes that long, so that they fail and do not hang. */
const LIMIT = { timeout: 20_000 };

const cart = z.strictObject({ items: z.array(z.string()), paid: z.boolean().default(false) });

Deno.test("KeyValue gives what another process has put, until it is deleted", async () => {
  await using stage = await PrimitivesStage.start();
  const [mine, theirs] = await Promise.all(
    [1, 2].map(async () => (await stage.primitives()).keyValue("carts", cart)),
  );
  strictEqual(await theirs!.get("42", LIMIT), undefined);
  deepStrictEqual(await theirs!.list("", LIMIT), []);
  const first = await mine!.put("42", { items: ["a"] }, LIMIT);
  deepStrictEqual(await theirs!.get("42", LIMIT), { items: ["a"], paid: false });
  const second = await theirs!.put("43", { items: [], paid: true }, LIMIT);
  ok(second > first);
  deepStrictEqual(await mine!.list("4", LIMIT), [
    { key: "42", value: { items: ["a"], paid: false }, version: first },
    { key: "43", value: { items: [], paid: true }, version: second },
  ]);
  strictEqual(await theirs!.delete("42", LIMIT), true);
  strictEqual(await theirs!.delete("42", LIMIT), false);
  strictEqual(await mine!.get("42", LIMIT), undefined);
  deepStrictEqual(stage.errors, []);
});

Deno.test("KeyValue.update() and txn() of many processes lose nothing", async () => {
  await using stage = await PrimitivesStage.start();
  const buckets = await Promise.all(
    Array.from({ length: 4 }, async () => (await stage.primitives()).keyValue("sums", z.int())),
  );
  await Promise.all(buckets.map(async (bucket) => {
    for (let i = 0; i < 10; i++) {
      await bucket.update("a", (value = 0) => value + 1, LIMIT);
      await bucket.txn((t) => {
        t.put("b", (t.get("b") ?? 0) - 1);
        t.put("c", (t.get("c") ?? 0) + 1);
      }, LIMIT);
    }
  }));
  const values = await buckets[0]!.txn((t) => Object.fromEntries(t.list()), LIMIT);
  deepStrictEqual(values, { a: 40, b: -40, c: 40 });
});

Deno.test("KeyValue refuses what is fenced off, for each scope by itself", async () => {
  await using stage = await PrimitivesStage.start();
  const primitives = await stage.primitives();
  const bucket = primitives.keyValue("carts", z.string());
  await using held = await primitives.mutex("orders").acquire(LIMIT);
  await bucket.put("a", "1", { ...LIMIT, fence: held });
  const later = { scope: held.scope, token: held.token + 1 };
  await bucket.put("a", "2", { ...LIMIT, fence: later });
  const stale = { ...LIMIT, fence: held };
  await rejects(bucket.put("a", "3", stale), (error: StaleTokenError) => {
    strictEqual(error instanceof StaleTokenError, true);
    deepStrictEqual([error.token, error.highest], [held.token, later.token]);
    return true;
  });
  await rejects(bucket.delete("a", stale), StaleTokenError);
  await rejects(bucket.update("a", () => "3", stale), StaleTokenError);
  await rejects(bucket.txn((t) => t.put("b", "3"), stale), StaleTokenError);
  strictEqual(await bucket.get("a", LIMIT), "2");
  await bucket.put("a", "4", { ...LIMIT, fence: 1 });
  await rejects(bucket.put("a", "5", { ...LIMIT, fence: 0 }), StaleTokenError);
  await bucket.put("a", "6", { ...LIMIT, fence: { scope: "another", token: 0 } });
  deepStrictEqual((await bucket.list("", LIMIT)).map(({ key, value }) => [key, value]), [[
    "a",
    "6",
  ]]);
});

Deno.test("KeyValue.put() on condition is refused when the key has another version", async () => {
  await using stage = await PrimitivesStage.start();
  const bucket = (await stage.primitives()).keyValue("carts", z.string());
  const version = await bucket.put("a", "1", { ...LIMIT, ifVersion: 0 });
  await rejects(bucket.put("a", "2", { ...LIMIT, ifVersion: 0 }), VersionMismatchError);
  const next = await bucket.put("a", "2", { ...LIMIT, ifVersion: version });
  await rejects(
    bucket.delete("a", { ...LIMIT, ifVersion: version }),
    (error: VersionMismatchError) => {
      deepStrictEqual([error.key, error.version], ["a", next]);
      return true;
    },
  );
  strictEqual(await bucket.delete("a", { ...LIMIT, ifVersion: next }), true);
});

Deno.test("KeyValue.watch() tells a snapshot, and then each change in order, deletions too", async () => {
  await using stage = await PrimitivesStage.start();
  const [mine, theirs] = await Promise.all(
    [1, 2].map(async () => (await stage.primitives()).keyValue("words", z.string())),
  );
  await mine!.put("a/1", "one", LIMIT);
  await mine!.put("b/1", "other", LIMIT);
  const heard: string[] = [];
  const stop = new AbortController();
  const limit = anySignal([stop.signal, AbortSignal.timeout(20_000)]);
  for await (const event of theirs!.watch("a/", { signal: limit })) {
    if (event.type === "snapshot") {
      heard.push(...event.entries.map(({ key, value }) => `${key}: ${value}`));
      await mine!.put("a/2", "two", LIMIT);
      await theirs!.put("a/1", "uno", LIMIT);
      await mine!.delete("a/2", LIMIT);
      await mine!.delete("b/1", LIMIT);
      await mine!.txn((t) => (t.delete("a/1"), t.put("a/3", "three")), LIMIT);
    } else heard.push(`${event.type} ${event.key} ${"value" in event ? event.value : ""}`.trim());
    if (heard.at(-1)?.startsWith("put a/3")) stop.abort();
  }
  deepStrictEqual(heard, [
    "a/1: one",
    "put a/2 two",
    "put a/1 uno",
    "delete a/2",
    "delete a/1",
    "put a/3 three",
  ]);
});

Deno.test("KeyValue tells of what does not fit the schema: put refuses it, reads name it", async () => {
  await using stage = await PrimitivesStage.start();
  const primitives = await stage.primitives();
  const bucket = primitives.keyValue("carts", cart);
  await rejects(bucket.put("a", { items: [1] } as never, LIMIT), {
    name: "TypeError",
    message: /^Cannot put "a" into bucket "carts": "items\.0" given 1, allowed is /,
  });
  await primitives.keyValue("carts", z.unknown()).put("a", { items: [2] }, LIMIT);
  const message = /^Cannot read "a" of bucket "carts": "items\.0" given 2, allowed is /;
  await rejects(bucket.get("a", LIMIT), { name: "RecordError", message });
  await rejects(bucket.list("", LIMIT), RecordError);
  for await (const event of bucket.watch("", { signal: AbortSignal.timeout(20_000) })) {
    if (event.type === "snapshot") {
      deepStrictEqual(event.entries, []);
      continue;
    }
    strictEqual(event.type, "invalid");
    break;
  }
});

Deno.test("KeyValue.put() of many at the same time is a few writes, and one by one a request each", async () => {
  await using stage = await PrimitivesStage.start();
  const primitives = await stage.primitives();
  const bucket = primitives.keyValue("many", z.int());
  await bucket.put("first", 0, LIMIT);
  const versions = await Promise.all(
    Array.from({ length: 500 }, (_, i) => bucket.put(`key-${i}`, i, LIMIT)),
  );
  strictEqual(new Set(versions).size, 500);
});
