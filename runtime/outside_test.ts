import { strictEqual } from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { outside } from "./outside.ts";

Deno.test("outside() forgets the caller's context, also for what comes later", async () => {
  const storage = new AsyncLocalStorage<string>();
  await storage.run("inside", async () => {
    strictEqual(outside(() => storage.getStore()), undefined);
    const later = Promise.withResolvers<string | undefined>();
    outside(() => setTimeout(() => later.resolve(storage.getStore()), 0));
    strictEqual(await later.promise, undefined);
    strictEqual(storage.getStore(), "inside");
  });
});
