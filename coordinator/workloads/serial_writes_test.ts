import { deepStrictEqual, rejects } from "node:assert/strict";
import { SerialWrites } from "./serial_writes.ts";

const { signal } = new AbortController();

Deno.test("SerialWrites.add() keeps the order of the calls for one key only", async () => {
  const writes = new SerialWrites();
  const first = Promise.withResolvers<void>();
  const done: string[] = [];
  const add = (name: string) => () => Promise.resolve(void done.push(name));
  const all = [
    writes.add("a", signal, async () => {
      await first.promise;
      done.push("a1");
    }),
    writes.add("a", signal, add("a2")),
    writes.add("a", signal, add("a3")),
  ];
  await writes.add("b", signal, add("b"));
  first.resolve();
  await Promise.all(all);
  deepStrictEqual(done, ["b", "a1", "a2", "a3"]);
});

Deno.test("SerialWrites.add() passes on what a write throws, and goes on", async () => {
  const writes = new SerialWrites();
  const failed = writes.add("a", signal, () => Promise.reject(new Error("no")));
  const next = writes.add("a", signal, () => Promise.resolve(2));
  await rejects(failed, { message: "no" });
  deepStrictEqual(await next, 2);
});

Deno.test("SerialWrites.add() leaves the queue when its signal aborts, and lets nobody pass", async () => {
  const writes = new SerialWrites();
  const first = Promise.withResolvers<void>();
  const done: string[] = [];
  const add = (name: string) => () => Promise.resolve(void done.push(name));
  const held = writes.add("a", signal, () => first.promise);
  const controller = new AbortController();
  const given = writes.add("a", controller.signal, add("given up"));
  const last = writes.add("a", signal, add("last"));
  controller.abort(new Error("enough"));
  await rejects(given, { message: "enough" });
  deepStrictEqual(done, []);
  first.resolve();
  await Promise.all([held, last]);
  deepStrictEqual(done, ["last"]);
});
