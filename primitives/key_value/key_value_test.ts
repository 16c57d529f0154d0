// Limits, misuse, and what is asked of the server.
import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { z } from "zod";
import { StaleTokenError } from "../fencing/fencing_token.ts";
import { RecordError } from "../record/mod.ts";
import type { Transaction } from "./transaction.ts";
import { noise, Scene } from "./testdata/scene.ts";

/** No wait of these tests takes that long, so that they fail and do not hang. */
const LIMIT = { timeout: 20_000 };

/** A scene, and a bucket of one of its processes. */
async function start(): Promise<{ scene: Scene; bucket: ReturnType<typeof textBucket> }> {
  const scene = new Scene();
  return { scene, bucket: textBucket(await scene.process("a")) };
}

function textBucket(process: Awaited<ReturnType<Scene["process"]>>) {
  return process.keyValue("words", z.string());
}

Deno.test("KeyValue asks for a read of the head and a write at first, and then for one write each", async () => {
  const { scene, bucket } = await start();
  await using _ = scene;
  await bucket.put("a", "1", LIMIT);
  deepStrictEqual(scene.server.calls.map(({ method }) => method), ["GET", "POST"]);
  for (let i = 0; i < 10; i++) await bucket.put("a", `${i}`, LIMIT);
  await bucket.update("a", (value) => `${value}!`, LIMIT);
  await bucket.delete("a", LIMIT);
  deepStrictEqual(scene.server.calls.slice(2).map(({ method }) => method), Array(12).fill("PUT"));
});

Deno.test("KeyValue makes one write of what comes while another is under way", async () => {
  const { scene, bucket } = await start();
  await using _ = scene;
  await bucket.put("a", "1", LIMIT);
  const puts = Array.from({ length: 500 }, (_, i) => bucket.put(`${i}`, "x", LIMIT));
  const versions = await Promise.all(puts);
  strictEqual(scene.server.count("PUT"), 2); // the first one, and the others
  deepStrictEqual(versions, versions.toSorted((a, b) => a - b));
  strictEqual(new Set(versions).size, 500);
});

Deno.test("KeyValue makes one read for all who ask at the same time, and none for what is cached", async () => {
  const { scene, bucket } = await start();
  await using _ = scene;
  await bucket.put("a", "1", LIMIT);
  const before = scene.server.count("GET");
  await Promise.all(Array.from({ length: 100 }, () => bucket.get("a", LIMIT)));
  strictEqual(scene.server.count("GET"), before + 1);
  strictEqual(await bucket.get("a", { ...LIMIT, cached: true }), "1");
  strictEqual(scene.server.count("GET"), before + 1);
  const other = textBucket(await scene.process("b"));
  strictEqual(await other.get("a", { ...LIMIT, cached: true }), "1"); // of which it knew nothing
});

Deno.test("KeyValue.get() of a read that others wait for rejects alone when its signal aborts", async () => {
  const { scene, bucket } = await start();
  await using _ = scene;
  await bucket.put("a", "1", LIMIT);
  const reason = new Error("enough");
  const stop = new AbortController();
  const mine = bucket.get("a", { signal: stop.signal });
  const other = bucket.get("a", LIMIT);
  stop.abort(reason);
  await rejects(mine, reason);
  strictEqual(await other, "1");
  strictEqual(await bucket.get("a", LIMIT), "1");
});

Deno.test("KeyValue.put() refuses what is too large before anything is written", async () => {
  const { scene, bucket } = await start();
  await using _ = scene;
  await rejects(bucket.put("big", noise(300 * 1024), LIMIT), {
    name: "RangeError",
    message: /^Cannot put "big" into bucket "words": it would take \d+ bytes, allowed are 262144$/,
  });
  await rejects(
    bucket.txn((t) => {
      for (let i = 0; i < 5; i++) t.put(`${i}`, noise(200 * 1024));
    }, LIMIT),
    {
      name: "RangeError",
      message: /^Cannot write 5 keys into bucket "words": it would take \d+ bytes/,
    },
  );
  strictEqual(scene.server.count("POST"), 0);
  await bucket.put("big", "x".repeat(1024 * 1024), LIMIT); // which gets short
  strictEqual(await bucket.get("big", LIMIT), "x".repeat(1024 * 1024));
  for (let i = 0; i < 8; i++) await bucket.put(`${i}`, noise(200 * 1024), LIMIT);
  strictEqual((await bucket.list("", LIMIT)).length, 9);
});

Deno.test("KeyValue refuses puts into a bucket that is full, and lets deletions make room", async () => {
  const { scene, bucket } = await start();
  await using _ = scene;
  const value = noise(250 * 1024);
  const put = async (i: number) => await bucket.put(`key-${i}`, value, LIMIT);
  let i = 0;
  const refused = await (async () => {
    for (;; i++) await put(i);
  })().catch((error) => error);
  ok(refused instanceof RangeError);
  ok(
    /"key-\d+" into bucket "words": it is full, it takes \d+ bytes, allowed are 16777216$/.test(
      refused.message,
    ),
  );
  ok(i > 50, `${i}`);
  strictEqual((await bucket.list("", LIMIT)).length, i);
  for (let j = 0; j < i; j += 2) await bucket.delete(`key-${j}`, LIMIT);
  // what they have taken is given back by the next merge
  for (let j = 0; j < 20; j++) await bucket.put(`small-${j}`, noise(4_000), LIMIT).catch(() => {});
  strictEqual((await bucket.list("key", LIMIT)).length, Math.floor(i / 2));
  deepStrictEqual(scene.errors, []);
});

Deno.test("KeyValue has the room that deletions in a full bucket gave back, also of few keys, and fenced", async () => {
  const { scene, bucket } = await start();
  await using _ = scene;
  const value = noise(250 * 1024);
  let i = 0;
  const refused = await (async () => {
    for (;; i++) await bucket.put(`key-${i}`, value, LIMIT);
  })().catch((error) => error);
  ok(refused instanceof RangeError);
  for (let j = 0; j < 3; j++) await bucket.delete(`key-${j}`, { ...LIMIT, fence: j });
  await bucket.put("after", value, LIMIT);
  strictEqual(await bucket.get("key-0", LIMIT), undefined);
  strictEqual((await bucket.list("", LIMIT)).length, i - 2);
});

Deno.test("KeyValue refuses keys, values, options and names that it cannot take", async () => {
  const { scene, bucket } = await start();
  await using _ = scene;
  for (const key of ["", "\u0000a", "x".repeat(513), undefined as never]) {
    await rejects(bucket.get(key, LIMIT), {
      name: "TypeError",
      message: /^Cannot get .* allowed as a key is/,
    });
    await rejects(bucket.put(key, "", LIMIT), {
      name: "TypeError",
      message: /^Cannot put .* as a key is/,
    });
    await rejects(bucket.delete(key, LIMIT), TypeError);
  }
  await rejects(bucket.put("a", undefined as never, LIMIT), {
    name: "TypeError",
    message: 'Cannot put "a" into bucket "words": given a value that is no JSON',
  });
  for (
    const options of [
      { ttl: 0 },
      { fence: -1 },
      { fence: { scope: "a" } },
      { fence: undefined },
      { ifVersion: 0.5 },
    ]
  ) {
    await rejects(bucket.put("a", "1", { ...LIMIT, ...options } as never), {
      name: "TypeError",
      message: /^Cannot put "a" into bucket "words": "(ttl|fence|ifVersion)" given /,
    });
  }
  await rejects(bucket.put("a", "1", { ...LIMIT, tll: 1 } as never), {
    name: "TypeError",
    message: /^Cannot put "a" into bucket "words": "tll" is no known field, allowed are "fence"/,
  });
  await rejects(bucket.get("x".repeat(513), LIMIT), (error: Error) => error.message.length < 200);
  await rejects(bucket.txn((t) => t.put("a", "1", { ttl: -1 }), LIMIT), TypeError);
  const process = await scene.process("b");
  throws(() => process.keyValue("Not a name", z.string()), {
    name: "TypeError",
    message: /^Cannot use a bucket: "name" given "Not a name", allowed is a DNS label/,
  });
  strictEqual(scene.server.count("POST"), 0);
});

Deno.test("KeyValue takes any string as a key", async () => {
  const { scene, bucket } = await start();
  await using _ = scene;
  const keys = ["__proto__", "constructor", "42", "7", "a/b", "\ud800", "ключ", "🎭", " ", '"\n\\'];
  for (const key of keys) await bucket.put(key, key, LIMIT);
  const other = textBucket(await scene.process("b"));
  deepStrictEqual((await other.list("", LIMIT)).map(({ key }) => key), keys.toSorted());
  for (const key of keys) strictEqual(await other.get(key, LIMIT), key);
});

Deno.test("KeyValue.txn() changes nothing when its function throws, returns a promise or is over", async () => {
  const { scene, bucket } = await start();
  await using _ = scene;
  const failure = new Error("no");
  let kept: Transaction<string, string> | undefined;
  await rejects(
    bucket.txn((t) => {
      t.put("a", "1");
      kept = t;
      throw failure;
    }, LIMIT),
    failure,
  );
  throws(
    () => kept!.put("a", "1"),
    /^Error: Cannot put "a" of bucket "words": the transaction is over$/,
  );
  const late = bucket.txn((t) => {
    t.put("a", "1");
    return Promise.reject(failure);
  }, LIMIT);
  await rejects(late, { name: "TypeError", message: /the function returned a promise/ });
  strictEqual(await bucket.get("a", LIMIT), undefined);
  deepStrictEqual(
    await bucket.txn((t) => {
      t.put("b", "1");
      t.put("a", "2");
      t.delete("c");
      return [t.list(), t.delete("b"), t.get("b"), t.list()];
    }, LIMIT),
    [[["a", "2"], ["b", "1"]], true, undefined, [["a", "2"]]],
  );
});

Deno.test("KeyValue refuses a stale writer that decided before the new one had written", async () => {
  const { scene, bucket } = await start();
  await using _ = scene;
  const stale = { ...LIMIT, fence: { scope: "mutex/default/orders", token: 7 } };
  const fresh = { ...LIMIT, fence: { scope: "mutex/default/orders", token: 8 } };
  const other = textBucket(await scene.process("b"));
  await bucket.put("a", "1", stale);
  await other.get("a", LIMIT);
  // both are under way at the same time; the fresh one comes first
  const fast = other.put("a", "2", fresh);
  const slow = bucket.put("a", "3", stale);
  await fast;
  await rejects(slow, StaleTokenError);
  strictEqual(await bucket.get("a", LIMIT), "2");
  await rejects(bucket.update("a", () => undefined, stale), StaleTokenError);
  await bucket.put("a", "4", { ...LIMIT, fence: { scope: "mutex/default/other", token: 1 } });
  await bucket.put("a", "5", LIMIT); // who does not say what it holds is not asked
});

Deno.test("KeyValue remembers fences of thousands of scopes, through merges", async () => {
  const { scene, bucket } = await start();
  await using _ = scene;
  for (let i = 0; i < 3_000; i += 100) {
    await Promise.all(Array.from({ length: 100 }, (_, j) => {
      const scope = `mutex/default/cart-${i + j}`;
      return bucket.put(`${i + j}`, "x", { ...LIMIT, fence: { scope, token: 5 } });
    }));
  }
  ok(scene.head("words").leaves.length > 0);
  const other = textBucket(await scene.process("b"));
  for (const i of [0, 1_234, 2_999]) {
    const scope = `mutex/default/cart-${i}`;
    await rejects(other.put("a", "1", { ...LIMIT, fence: { scope, token: 4 } }), StaleTokenError);
    await other.put("a", "1", { ...LIMIT, fence: { scope, token: 5 } });
  }
  strictEqual((await other.list("", LIMIT)).length, 3_001);
});

Deno.test("KeyValue names a part of it that is missing, and a ConfigMap that is no bucket", async () => {
  const { scene, bucket } = await start();
  await using _ = scene;
  for (let i = 0; i < 12; i++) await bucket.put(`${i}`, noise(8_000), LIMIT);
  const isMerged = () => scene.head("words").leaves.length > 0;
  await scene.server.until(isMerged, AbortSignal.timeout(20_000));
  scene.server.remove(`troupe-key-value-words.${scene.head("words").leaves[0]!.id}`);
  const other = textBucket(await scene.process("b"));
  await rejects(other.list("", LIMIT), {
    name: "RecordError",
    message:
      /^Cannot read bucket "words": its part "troupe-key-value-words\.[-0-9a-f]+" was deleted$/,
  });
  await rejects(other.update("0", () => "1", LIMIT), RecordError);
});

Deno.test("KeyValue.txn() takes as much as it may also if the head has some entries already", async () => {
  const { scene, bucket } = await start();
  await using _ = scene;
  for (let i = 0; i < 3; i++) await bucket.put(`few-${i}`, noise(10 * 1024), LIMIT);
  await bucket.txn((t) => {
    for (let i = 0; i < 2; i++) t.put(`${i}`, noise(285 * 1024));
  }, LIMIT);
  strictEqual((await bucket.list("", LIMIT)).length, 5);
});

Deno.test("KeyValue takes the hold of the longest name and key there is as a fence", async () => {
  const { scene, bucket } = await start();
  await using _ = scene;
  const scope = ["ownership", "n".repeat(63), "o".repeat(253), "k".repeat(253)].join("/");
  await bucket.put("a", "1", { ...LIMIT, fence: { scope, token: 2 } });
  await rejects(bucket.put("a", "2", { ...LIMIT, fence: { scope, token: 1 } }), StaleTokenError);
  const fence = { scope: "x".repeat(601), token: 1 };
  await rejects(bucket.put("a", "3", { ...LIMIT, fence }), TypeError);
});
