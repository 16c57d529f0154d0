// Buckets beside a map in memory: whatever several processes do, through merges, conflicts and lost answers.
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { z } from "zod";
import { seededRandom } from "../../testing/mod.ts";
import { Primitives } from "../primitives.ts";
import type { KeyValue } from "./key_value.ts";
import { ConfigMapServer } from "./testdata/config_map_server.ts";

const SEEDS = Number(Deno.env.get("TROUPE_TEST_SEEDS") ?? 4);
const LIMIT = { timeout: 20_000 };

/** What a watch has told, as a map, and whatever was wrong with it. */
class Mirror {
  readonly values = new Map<string, string>();
  readonly wrong: string[] = [];
  readonly #versions = new Map<string, number>();
  #heard: () => void = () => {};

  async follow(bucket: KeyValue<string>, signal: AbortSignal): Promise<void> {
    for await (const event of bucket.watch("", { signal })) {
      if (event.type === "snapshot") {
        for (const { key, value } of event.entries) this.values.set(key, value);
      } else if (event.type === "put") this.values.set(event.key, event.value);
      else if (event.type === "invalid" || !this.values.delete(event.key)) {
        this.wrong.push(`${event.type} of "${event.key}"`);
      }
      if (event.type === "put" || event.type === "delete") {
        const before = this.#versions.get(event.key) ?? 0;
        if (event.version <= before) this.wrong.push(`"${event.key}" has gone back`);
        this.#versions.set(event.key, event.version);
      }
      this.#heard();
    }
  }

  async until(key: string, value: string, signal: AbortSignal): Promise<void> {
    while (this.values.get(key) !== value) {
      signal.throwIfAborted();
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      this.#heard = resolve;
      const onAbort = () => reject(new Error(`Cannot wait for "${key}": it was not told`));
      signal.addEventListener("abort", onAbort);
      await promise;
      signal.removeEventListener("abort", onAbort);
    }
  }
}

/** Does something to a bucket and to a map, and compares what comes of it. */
async function act(
  bucket: KeyValue<string>,
  model: Map<string, string>,
  { key, other, value, dice }: { key: string; other: string; value: string; dice: number },
): Promise<void> {
  if (dice < 0.45) {
    model.set(key, value);
    ok(await bucket.put(key, value, LIMIT) > 0);
  } else if (dice < 0.6) {
    strictEqual(await bucket.delete(key, LIMIT), model.delete(key));
  } else if (dice < 0.7) {
    strictEqual(await bucket.get(key, LIMIT), model.get(key));
  } else if (dice < 0.75) {
    const list = (await bucket.list(key.slice(0, 2), LIMIT)).map(({ key, value }) => [key, value]);
    const expected = [...model].filter(([it]) => it.startsWith(key.slice(0, 2)));
    deepStrictEqual(list, expected.sort(([a], [b]) => a < b ? -1 : 1));
  } else if (dice < 0.85) {
    const expected = value.slice(0, 3) + (model.get(key) ?? "").slice(0, 5_000);
    const change = (now = "") => value.slice(0, 3) + now.slice(0, 5_000);
    strictEqual(await bucket.update(key, change, LIMIT), expected);
    model.set(key, expected);
  } else {
    const moved = model.get(key);
    const result = await bucket.txn((t) => {
      const now = t.get(key);
      if (now !== undefined) t.put(other, now);
      t.delete(key);
      return now;
    }, LIMIT);
    strictEqual(result, moved);
    if (moved !== undefined) model.set(other, moved);
    model.delete(key);
  }
}

for (let seed = 1; seed <= SEEDS; seed++) {
  Deno.test(`KeyValue does what a map does, with seed ${seed}`, async () => {
    const random = seededRandom(seed);
    const noise = (most: number) => {
      let text = "";
      for (const length = random() * most; text.length < length;) {
        text += random().toString(36).slice(2);
      }
      return text;
    };
    const server = new ConfigMapServer();
    server.latency = () => Math.floor(random() * 20);
    await using stack = new AsyncDisposableStack();
    const stop = new AbortController();
    const all = await Promise.all(["a", "b", "c"].map(async (name) => {
      const client = server.client(name);
      const primitives = stack.use(await Primitives.create({ client, identity: name, random }));
      primitives.onError(() => {});
      const bucket = primitives.keyValue("words", z.string());
      const mirror = new Mirror();
      return { bucket, mirror, following: mirror.follow(bucket, stop.signal) };
    }));
    server.fault = ({ method, watch }) => {
      if (random() < 0.02) server.cutWatches({ compact: random() < 0.3 });
      if (watch || random() > 0.04) return undefined;
      if (method !== "GET" && random() < 0.5) return "lose answer";
      return random() < 0.5 ? "lose request" : 503;
    };
    const model = new Map<string, string>();
    const key = () => `${"abcdef"[Math.floor(random() * 6)]}/${Math.floor(random() * 50)}`;
    for (let round = 0; round < 60; round++) {
      // at the same time, of keys that have nothing to do with each other
      const keys = new Set(Array.from({ length: 16 }, key));
      const free = [...keys];
      const acts: Promise<void>[] = [];
      while (free.length > 1) {
        const { bucket } = all[Math.floor(random() * all.length)]!;
        const own = { key: free.pop()!, other: free.pop()!, value: noise(8_000), dice: random() };
        if (own.dice >= 0.7 && own.dice < 0.75) own.dice = 0.65; // lists are compared between rounds
        acts.push(act(bucket, model, own));
      }
      await Promise.all(acts);
      const { bucket } = all[round % all.length]!;
      await act(bucket, model, { key: key(), other: "", value: "", dice: 0.72 });
    }
    server.fault = () => undefined;
    await all[0]!.bucket.put("end", "end", LIMIT);
    model.set("end", "end");
    for (const { bucket, mirror } of all) {
      await mirror.until("end", "end", AbortSignal.timeout(20_000));
      deepStrictEqual(mirror.wrong, []);
      deepStrictEqual(
        (await bucket.list("", LIMIT)).map((it) => [it.key, it.value]),
        [...model].sort(([a], [b]) => a < b ? -1 : 1),
      );
      deepStrictEqual(new Map([...mirror.values].sort()), new Map([...model].sort()));
    }
    stop.abort();
    await Promise.all(all.map((it) => it.following));
    ok(server.count("POST", /\./) > 3, "nothing was merged");
  });
}
