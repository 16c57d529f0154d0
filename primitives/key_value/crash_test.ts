// What a process leaves behind that dies while it merges, at each of its requests.
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { z } from "zod";
import { seededRandom } from "../../testing/mod.ts";
import type { Call } from "./testdata/config_map_server.ts";
import { noise, Scene } from "./testdata/scene.ts";

const LIMIT = { timeout: 20_000 };

/** Whether a request is one that a merge makes: of a leaf, or the write of a head that refers to other ones. */
function isOfMerge({ name, method, body }: Call, leaves: string): boolean {
  if (/^troupe-key-value-words\./.test(name ?? "")) return method !== "GET";
  const state = body?.data?.state;
  return state !== undefined && JSON.stringify(JSON.parse(state).leaves) !== leaves;
}

for (const how of ["lose request", "lose answer"] as const) {
  for (let step = 1; step <= 6; step++) {
    Deno.test(`KeyValue keeps all when a process dies at request ${step} of its merges: ${how}`, async () => {
      await using scene = new Scene();
      const random = seededRandom(step);
      const [first, second] = [await scene.process("first"), await scene.process("second")];
      const died = Promise.withResolvers<void>();
      let steps = 0;
      scene.server.fault = (call) => {
        if (call.client !== "first" || call.watch) return undefined;
        if (steps === step) return "lose request";
        const head = scene.server.objects.get("troupe-key-value-words");
        const leaves = head ? JSON.stringify(JSON.parse(head.data!.state!).leaves) : "[]";
        if (!isOfMerge(call, leaves) || ++steps < step) return undefined;
        died.resolve();
        return how;
      };
      const mine = first.keyValue("words", z.string());
      const put = new Map<string, string>();
      const inDoubt = new Map<string, string>();
      const stopped = died.promise.then(() => first.close());
      for (let i = 0; steps < step; i++) {
        const [key, value] = [`key-${i % 90}`, noise(8_000, random)];
        inDoubt.set(key, value);
        try {
          await mine.put(key, value, LIMIT);
        } catch {
          break; // it was closed
        }
        inDoubt.delete(key);
        put.set(key, value);
      }
      await stopped;
      const theirs = second.keyValue("words", z.string());
      const found = new Map((await theirs.list("", LIMIT)).map(({ key, value }) => [key, value]));
      for (const [key, value] of inDoubt) {
        if (found.get(key) === value) put.set(key, value);
      }
      deepStrictEqual(new Map([...found].sort()), new Map([...put].sort()));
      const isTidy = () => {
        const { leaves } = scene.head("words");
        return scene.leaves("words").join() === leaves.map(({ id }) => id).sort().join();
      };
      if (step === 1 && how === "lose answer") strictEqual(isTidy(), false);
      // who merges next cleans up
      for (let i = 0; i < 12; i++) {
        const value = noise(8_000, random);
        put.set(`more-${i}`, value);
        await theirs.put(`more-${i}`, value, LIMIT);
      }
      const lists = () => scene.server.calls.some((it) => it.name === undefined && !it.watch);
      await scene.server.until(() => lists() && isTidy(), AbortSignal.timeout(20_000));
      const last = (await scene.process("last")).keyValue("words", z.string());
      strictEqual((await last.list("", LIMIT)).length, put.size);
    });
  }
}
