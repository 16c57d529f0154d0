// Buckets that are larger than one object, on an API server: the embedded one, or with TROUPE_TEST_CLUSTER=1 that of
// KUBECONFIG.
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { z } from "zod";
import { PrimitivesStage } from "../../tests/support/primitives_stage.ts";

/** No wait of these tests takes that long, so that they fail and do not hang. */
const LIMIT = { timeout: 60_000 };

/** What does not get shorter when it is compressed. */
function noise(length: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(length / 2));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Faster than programs may be by default, for what one test does alone. */
const FAST = { budget: { perSecond: 2_000, burst: 2_000 } };

Deno.test("KeyValue divides thousands of keys over objects, and gives all of them", async () => {
  await using stage = await PrimitivesStage.start();
  const mine = (await stage.primitives(FAST)).keyValue("many", z.string());
  const theirs = (await stage.primitives(FAST)).keyValue("many", z.string());
  const all = new Map<string, string>();
  for (let round = 0; round < 10; round++) {
    await Promise.all(Array.from({ length: 400 }, async (_, i) => {
      const key = `key-${(i * 7919 + round * 331) % 3000}`;
      const value = `${round} ${noise(600)}`;
      all.set(key, value);
      await mine.put(key, value, LIMIT);
    }));
  }
  for (const key of [...all.keys()].slice(0, 300)) {
    all.delete(key);
    strictEqual(await theirs.delete(key, LIMIT), true);
  }
  const list = await theirs.list("", LIMIT);
  deepStrictEqual(list.map(({ key }) => key), [...all.keys()].sort());
  for (const { key, value } of list) strictEqual(value, all.get(key));
  strictEqual(await mine.get("key-1", LIMIT), all.get("key-1"));
  const { items } = await stage.objects.configMaps.getConfigMapList({
    labelSelector: "troupe.dev/bucket=many",
  });
  ok(items.length > 3, `${items.length} objects`);
  for (const { data } of items) ok(JSON.stringify(data).length < 1024 * 1024);
  deepStrictEqual(stage.errors, []);
});
