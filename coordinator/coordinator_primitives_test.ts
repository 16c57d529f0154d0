import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { ApiServer } from "../local/apiserver/mod.ts";
import { Sandbox } from "./testdata/sandbox.ts";

/** Shorter than what others wait for a holder that is dead: who gets a lock within it was given it. */
const LIMIT = { timeout: 5_000 };

Deno.test("Coordinator.primitives() are the same for all, in its namespace, and over when it stops", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  const coordinator = await sandbox.coordinator();
  const [a, b] = await Promise.all([coordinator.primitives(), coordinator.primitives()]);
  strictEqual(a, b);
  strictEqual(a.namespace, "team");
  await coordinator.stop();
  deepStrictEqual(sandbox.requests, []);
  await rejects(coordinator.primitives(), {
    message: 'Cannot use primitives: coordinator "boss" is stopped',
  });
});

Deno.test("Coordinator.primitives() rejects when the option primitives is wrong", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator({ primitives: { leaseDuration: 500 } });
  await rejects(coordinator.primitives(), {
    name: "TypeError",
    message: /^Cannot create primitives: "leaseDuration" given 500, allowed is milliseconds/,
  });
  await rejects(sandbox.coordinator({ primitives: { leaseDurations: 500 } as never }), {
    name: "TypeError",
    message: /^Cannot create coordinator: "primitives.leaseDurations" is no known field/,
  });
});

Deno.test("Coordinator.stop() gives back what it holds after its handlers, and before another one leads", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  const [first, second] = [
    await sandbox.coordinator({ election: true }),
    await sandbox.coordinator({ election: true }),
  ];
  const seen: string[] = [];
  const [leading, followed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  first.onLeading(async ({ signal }) => {
    const held = await (await first.primitives()).mutex("m").acquire(LIMIT);
    leading.resolve();
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    await Promise.resolve();
    seen.push(held.remainingMs() > 0 ? "held to the end" : "lost");
    held.signal.addEventListener("abort", () => seen.push("given back"));
  });
  second.onLeading(async () => {
    await (await second.primitives()).mutex("m").acquire(LIMIT).then(
      () => seen.push("held by the next one"),
      () => seen.push("somebody holds it"),
    );
    followed.resolve();
  });
  const running = [first.start()];
  await leading.promise;
  running.push(second.start());
  await first.stop();
  await followed.promise;
  await second.stop();
  await Promise.all(running);
  deepStrictEqual(seen, ["held to the end", "given back", "held by the next one"]);
  const { items } = await sandbox.leases.getLeaseList();
  deepStrictEqual(items.map(({ metadata }) => metadata!.name), ["troupe-boss"]);
});

Deno.test("Coordinator tells onError what its primitives cannot do", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const told = Promise.withResolvers<Error>();
  coordinator.onError(told.resolve);
  const mutex = (await coordinator.primitives()).mutex("m");
  sandbox.goOffline();
  const acquired = mutex.acquire(LIMIT);
  ok((await told.promise).message.includes("503"), (await told.promise).message);
  sandbox.goOnline();
  await acquired;
});

Deno.test("Coordinator.stop() waits for handlers of its elections, within the grace", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  const coordinator = await sandbox.coordinator();
  const [leading, seen] = [Promise.withResolvers<void>(), [] as string[]];
  (await coordinator.primitives()).elect("biller", {
    async onLeading(_token, signal) {
      leading.resolve();
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      await new Promise((resolve) => setTimeout(resolve, 1));
      seen.push("settled");
    },
  });
  const running = coordinator.start();
  await leading.promise;
  await coordinator.stop();
  seen.push("stopped");
  await running;
  deepStrictEqual(seen, ["settled", "stopped"]);
  const lease = await sandbox.leases.getLease("troupe-election-biller");
  strictEqual(lease.spec!.holderIdentity || undefined, undefined); // it is released
});

Deno.test("Coordinator.stop() does not wait for ever for a handler of an election that does not end", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  const coordinator = await sandbox.coordinator({ grace: 10 });
  coordinator.onError(() => {}); // that it has not settled
  const leading = Promise.withResolvers<void>();
  const end = Promise.withResolvers<void>();
  const primitives = await coordinator.primitives();
  primitives.elect("biller", {
    onLeading() {
      leading.resolve();
      return end.promise;
    },
  });
  const running = coordinator.start();
  await leading.promise;
  await coordinator.stop();
  await running;
  end.resolve();
  await primitives.close();
});
