import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { OnDemand } from "./on_demand.ts";

/** What is made, and what became of it. */
function scene(): {
  onDemand: OnDemand<AsyncDisposable>;
  log: string[];
  fail: (yes: boolean) => void;
} {
  const log: string[] = [];
  let fails = false;
  const onDemand = new OnDemand(async () => {
    log.push("made");
    await Promise.resolve();
    if (fails) throw new Error("no cluster");
    return {
      [Symbol.asyncDispose]: () => {
        log.push("closed");
        return Promise.resolve();
      },
    };
  }, () => new Error("it is stopped"));
  return { onDemand, log, fail: (yes) => fails = yes };
}

Deno.test("OnDemand makes a thing once, for all who ask, and closes it once", async () => {
  const { onDemand, log } = scene();
  const [a, b] = await Promise.all([onDemand.get(), onDemand.get()]);
  strictEqual(a, b);
  await Promise.all([onDemand.close(), onDemand.close()]);
  deepStrictEqual(log, ["made", "closed"]);
  await rejects(onDemand.get(), { message: "it is stopped" });
});

Deno.test("OnDemand closes what is being made, and makes nothing when nobody has asked", async () => {
  const asked = scene();
  const made = asked.onDemand.get();
  await asked.onDemand.close();
  await made;
  deepStrictEqual(asked.log, ["made", "closed"]);
  const unasked = scene();
  await unasked.onDemand.close();
  deepStrictEqual(unasked.log, []);
});

Deno.test("OnDemand tries again when a thing could not be made", async () => {
  const { onDemand, log, fail } = scene();
  fail(true);
  await rejects(onDemand.get(), { message: "no cluster" });
  fail(false);
  await onDemand.get();
  await onDemand.close();
  deepStrictEqual(log, ["made", "made", "closed"]);
});

Deno.test("OnDemand makes things on nobody's behalf", async () => {
  const storage = new AsyncLocalStorage<string>();
  const seen: (string | undefined)[] = [];
  const onDemand = new OnDemand(() => {
    seen.push(storage.getStore());
    return Promise.resolve({ [Symbol.asyncDispose]: () => Promise.resolve() });
  }, () => new Error("over"));
  await storage.run("a handler", () => onDemand.get());
  deepStrictEqual(seen, [undefined]);
  await onDemand.close();
});
