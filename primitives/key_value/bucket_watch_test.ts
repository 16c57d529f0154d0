// What a watch tells: each change of each key in order, whatever becomes of the connection.
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { z } from "zod";
import { FaultProxy, seededRandom } from "../../testing/mod.ts";
import { PrimitivesStage } from "../../tests/support/primitives_stage.ts";
import type { KeyValue } from "./key_value.ts";
import type { KeyValueEvent } from "./key_value_event.ts";
import { noise, Scene } from "./testdata/scene.ts";

/** No wait of these tests takes that long, so that they fail and do not hang. */
const LIMIT = { timeout: 20_000 };

/** An event as a short text. */
function textOf(event: KeyValueEvent<string>): string {
  if (event.type === "snapshot") {
    return `snapshot ${event.entries.map(({ key }) => key).join(" ")}`.trim();
  }
  const value = event.type === "put" ? ` ${event.value.slice(0, 8)}` : "";
  return `${event.type} ${event.key}${value}`;
}

/** Begins to watch; resolves when the snapshot has come. What is heard until `last` is `heard`. */
async function listen(
  bucket: KeyValue<string>,
  last: string,
): Promise<{ told: string[]; heard: Promise<string[]> }> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const told: string[] = [];
  async function hear(): Promise<string[]> {
    for await (const event of bucket.watch("", { signal: AbortSignal.timeout(60_000) })) {
      told.push(textOf(event));
      resolve();
      if (told.at(-1)!.startsWith(last)) return told;
    }
    throw new Error(`Cannot hear "${last}": the last of ${told.length} is "${told.at(-1)}"`);
  }
  const heard = hear();
  heard.catch(() => {});
  await Promise.race([promise, heard]);
  return { told, heard };
}

/** Changes a few keys one after another, and returns what a watch has to tell of it. */
async function change(
  bucket: KeyValue<string>,
  { times, size, random }: { times: number; size: number; random: () => number },
): Promise<string[]> {
  const expected: string[] = [];
  for (let i = 0; i < times; i++) {
    const key = `key-${Math.floor(random() * 40)}`;
    if (random() < 0.3) {
      if (await bucket.delete(key, LIMIT)) expected.push(`delete ${key}`);
    } else {
      const value = `${i}`.padEnd(8, "-") + noise(size, random);
      await bucket.put(key, value, LIMIT);
      expected.push(`put ${key} ${value.slice(0, 8)}`);
    }
  }
  await bucket.put("last", "last", LIMIT);
  return [...expected, "put last last"];
}

for (let seed = 1; seed <= 4; seed++) {
  Deno.test(`KeyValue.watch() tells each change in order though watches are cut, with seed ${seed}`, async () => {
    await using scene = new Scene();
    const random = seededRandom(seed);
    const [mine, theirs] = await Promise.all(
      ["a", "b"].map(async (name) => (await scene.process(name)).keyValue("words", z.string())),
    );
    const { heard } = await listen(theirs!, "put last");
    scene.server.fault = () => {
      if (random() < 0.05) scene.server.cutWatches();
      return undefined;
    };
    // of which much is merged meanwhile
    const expected = await change(mine!, { times: 400, size: 3_000, random });
    deepStrictEqual(await heard, ["snapshot", ...expected]);
    ok(scene.server.count("POST", /\./) > 0);
  });
}

Deno.test("KeyValue.watch() tells each change on a server whose watches are cut, also its own", async () => {
  await using stage = await PrimitivesStage.start();
  await using proxy = await FaultProxy.start({
    target: stage.config.server,
    mode: "tcp", // so that it cuts TLS too
    plan: { seed: 3, rules: [{ fault: "cut", afterMs: [20, 200], probability: 0.9 }] },
  });
  const { protocol } = new URL(stage.config.server);
  const config = { ...stage.config, server: `${protocol}//${new URL(proxy.url).host}` };
  const budget = { perSecond: 500, burst: 500 };
  const mine = (await stage.primitives({ budget })).keyValue("words", z.string());
  const theirs = (await stage.primitives({ config, budget })).keyValue("words", z.string());
  const { heard } = await listen(theirs, "put last");
  const expected: string[] = [];
  for (let i = 0; i < 150; i++) {
    const bucket = i % 3 === 0 ? theirs : mine;
    await bucket.put(`key-${i % 7}`, `${i}`, LIMIT);
    expected.push(`put key-${i % 7} ${i}`);
    if (i % 10 > 0) continue;
    await mine.delete(`key-${i % 7}`, LIMIT);
    expected.push(`delete key-${i % 7}`);
  }
  await mine.put("last", "last", LIMIT);
  deepStrictEqual(await heard, ["snapshot", ...expected, "put last last"]);
  ok(proxy.record.some(({ action }) => action === "cut"));
});

Deno.test("KeyValue.watch() tells what is different after what happened cannot be told any more", async () => {
  await using scene = new Scene();
  const [mine, theirs] = await Promise.all(
    ["a", "b"].map(async (name) => (await scene.process(name)).keyValue("words", z.string())),
  );
  for (const key of ["a", "b", "c"]) await mine!.put(key, "1", LIMIT);
  const { heard } = await listen(theirs!, "put last");
  scene.server.fault = ({ client, watch }) => client === "b" && watch ? 503 : undefined;
  scene.server.cutWatches();
  await mine!.put("b", "2", LIMIT);
  await mine!.delete("a", LIMIT);
  for (let i = 0; i < 30; i++) await mine!.put("d", noise(9_000), LIMIT); // and merge it
  for (let i = 0; i < 30; i++) await mine!.put(`e-${i}`, noise(9_000), LIMIT);
  await mine!.put("b", "3", LIMIT);
  await mine!.put("last", "last", LIMIT);
  scene.server.cutWatches({ compact: true });
  scene.server.fault = () => undefined;
  const told = (await heard).filter((it) => !/^put [de]/.test(it));
  deepStrictEqual(told, ["snapshot a b c", "delete a", "put b 3", "put last last"]);
  ok((await heard).includes("put e-29 ".concat((await mine!.get("e-29", LIMIT))!.slice(0, 8))));
});

Deno.test("KeyValue.watch() tells that all is gone when somebody deletes the bucket, and what comes then", async () => {
  await using scene = new Scene();
  const [mine, theirs] = await Promise.all(
    ["a", "b"].map(async (name) => (await scene.process(name)).keyValue("words", z.string())),
  );
  await mine!.put("a", "1", LIMIT);
  await mine!.put("b", "1", LIMIT);
  const { heard } = await listen(theirs!, "put last");
  scene.server.remove("troupe-key-value-words");
  const before = await mine!.put("b", "2", LIMIT);
  ok(await mine!.put("last", "last", LIMIT) > before);
  deepStrictEqual(await heard, [
    "snapshot a b",
    "delete a",
    "delete b",
    "put b 2",
    "put last last",
  ]);
});

Deno.test("KeyValue.watch() merges changes of a key for who is slow, and loses no last one", async () => {
  await using scene = new Scene();
  const bucket = (await scene.process("a")).keyValue("words", z.string());
  const watch = bucket.watch("", { signal: AbortSignal.timeout(60_000) });
  await watch.next();
  for (let i = 0; i < 210; i++) {
    await bucket.txn((t) => {
      for (let j = 0; j < 50; j++) t.put(`key-${j}`, `${i}`);
    }, LIMIT);
  }
  await bucket.delete("key-7", LIMIT);
  await bucket.put("last", "last", LIMIT);
  const values = new Map<string, string>();
  let events = 0;
  for await (const event of watch) {
    events++;
    if (event.type === "put") values.set(event.key, event.value);
    if (event.type === "delete") values.delete(event.key);
    if (event.type === "put" && event.key === "last") break;
  }
  ok(events < 10_000, `${events} events`);
  strictEqual(values.size, 50);
  for (const [key, value] of values) strictEqual(value, key === "last" ? "last" : "209");
});

Deno.test("KeyValue.watch() ends with its signal, and rejects when the primitives are closed", async () => {
  await using scene = new Scene();
  const process = await scene.process("a");
  const bucket = process.keyValue("words", z.string());
  const stop = new AbortController();
  const watch = bucket.watch("", { signal: stop.signal });
  strictEqual((await watch.next()).value?.type, "snapshot");
  const next = watch.next();
  stop.abort(new Error("enough"));
  deepStrictEqual(await next, { done: true, value: undefined });
  const other = bucket.watch();
  await other.next();
  const last = rejects(other.next(), /^Error: The primitives were closed$/);
  await process.close();
  await last;
});

Deno.test("KeyValue.watch() costs a list and a watch, and no request for a change", async () => {
  await using scene = new Scene();
  const mine = (await scene.process("a")).keyValue("words", z.string());
  const theirs = (await scene.process("b")).keyValue("words", z.string());
  const { heard } = await listen(theirs, "put last");
  for (let i = 0; i < 50; i++) await mine.put("a", `${i}`, LIMIT);
  await mine.put("last", "last", LIMIT);
  await heard;
  const calls = scene.server.calls.filter(({ client }) => client === "b");
  // the snapshot, the list, the watch; and while there is no bucket a look whether that is so
  ok(calls.length <= 4, `${calls.length} requests`);
});
