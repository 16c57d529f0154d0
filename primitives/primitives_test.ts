import { match, rejects, strictEqual, throws } from "node:assert/strict";
import { z } from "zod";
import { PrimitivesStage } from "../tests/support/primitives_stage.ts";
import { Primitives } from "./primitives.ts";

Deno.test("Primitives.create() names each option that is wrong", async () => {
  await rejects(Primitives.create({ namespace: "No", leaseDuration: 1_500 }), {
    name: "TypeError",
    message: /^Cannot create primitives: "namespace" given "No", .*"leaseDuration" given 1500/,
  });
  await rejects(Primitives.create({ renewDeadline: 9_000 }), {
    message: 'Cannot create primitives: "renewDeadline" is 9000, allowed is less than ' +
      '"leaseDuration", which is 8000',
  });
  await rejects(Primitives.create({ nonsense: 1 } as never), /"nonsense" is no known field/);
  await rejects(Primitives.create({ signal: AbortSignal.abort(new Error("enough")) }), /enough/);
});

Deno.test("Primitives end what waits when they are closed, and what is asked for then", async () => {
  await using stage = await PrimitivesStage.start();
  const controller = new AbortController();
  const primitives = await stage.primitives({ signal: controller.signal, identity: "me" });
  strictEqual(primitives.identity, "me");
  strictEqual(primitives.namespace, stage.namespace);
  const mutex = primitives.mutex("orders");
  const held = await mutex.acquire({ timeout: 20_000 });
  const waiting = rejects(primitives.mutex("orders").acquire({ timeout: 20_000 }), /closed/);
  controller.abort();
  await waiting;
  strictEqual(held.signal.aborted, true);
  throws(() => held.throwIfOver(), /closed/);
  strictEqual(primitives.close(), primitives.close());
  await primitives.close();
  await held.release();
  await rejects(mutex.acquire(), /closed/);
  const { items } = await stage.objects.leases.getLeaseList();
  strictEqual(items.length, 0);
});

Deno.test("Primitives let handlers store what they have when they are closed", async () => {
  await using stage = await PrimitivesStage.start();
  const primitives = await stage.primitives();
  const notes = primitives.keyValue("notes", z.string());
  const began = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  primitives.shardedOwnership("parts", {
    keys: ["north"],
    settle: 0,
    onAcquire: () => began[0]!.resolve(),
    onRelease: (key) => notes.put("ownership", key),
  });
  primitives.elect("boss", {
    onLeading: async (token, signal) => {
      began[1]!.resolve();
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      await notes.put("election", `until ${token}`);
    },
  });
  await Promise.all(began.map(({ promise }) => promise));
  await primitives.close();
  const others = (await stage.primitives()).keyValue("notes", z.string());
  strictEqual(await others.get("ownership"), "north");
  match(await others.get("election") ?? "", /^until \d+$/);
});
