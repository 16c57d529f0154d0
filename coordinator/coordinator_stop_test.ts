import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { Coordinator } from "./mod.ts";
import { ApiServer } from "../local/apiserver/mod.ts";
import { LocalCluster } from "../local/mod.ts";
import { Sandbox } from "./testdata/sandbox.ts";

Deno.test("Coordinator.stop() waits for handlers within the grace period", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  const coordinator = await sandbox.coordinator();
  const called = Promise.withResolvers<void>();
  const proceed = Promise.withResolvers<void>();
  let finished = false;
  coordinator.onPodEvent(async () => {
    called.resolve();
    await proceed.promise;
    finished = true;
  });
  const started = coordinator.start();
  await sandbox.addPod("p1");
  await called.promise;
  const stopped = coordinator.stop();
  proceed.resolve();
  await stopped;
  ok(finished);
  await started;
});

Deno.test("Coordinator.stop() does not wait longer than the grace period", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  const coordinator = await sandbox.coordinator({ grace: 10 });
  const called = Promise.withResolvers<void>();
  coordinator.onPodEvent(async () => {
    called.resolve();
    await new Promise(() => {});
  });
  const started = coordinator.start();
  await sandbox.addPod("p1");
  await called.promise;
  await coordinator.stop();
  await started;
});

Deno.test("Coordinator.stop() lets handlers use workloads until they have ended", async () => {
  await using cluster = await LocalCluster.start({ images: { "w:1": [] }, runtime: "simulated" });
  const { kubeconfig } = cluster;
  const coordinator = await Coordinator.create({ name: "boss", kubeconfig });
  const workload = await coordinator.run({ name: "w", image: "w:1", replicas: 2 });
  const left = Promise.withResolvers<number>();
  coordinator.onCoordinatorEvent(async (e) => {
    if (e.type !== "stopping") return;
    await workload.delete();
    left.resolve((await workload.pods()).length);
  });
  const started = coordinator.start();
  await workload.ready();
  await coordinator.stop();
  strictEqual(await left.promise, 0);
  await started;
});

Deno.test("Coordinator.start() ends when a signal aborts, and cannot be called twice", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  const ofCreate = new AbortController();
  const first = await sandbox.coordinator({ signal: ofCreate.signal });
  const started = first.start();
  await rejects(() => first.start(), { message: 'Cannot start coordinator "boss": it is running' });
  ofCreate.abort();
  await started;
  await rejects(() => first.start(), { message: 'Cannot start coordinator "boss": it is stopped' });
  const second = await sandbox.coordinator();
  await second.start({ signal: AbortSignal.abort() });
});

Deno.test("Coordinator.stop() can be called before start(), at once by many, and again", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  const coordinator = await sandbox.coordinator();
  await Promise.all([coordinator.stop(), coordinator.stop(), coordinator[Symbol.asyncDispose]()]);
  await coordinator.stop();
  await rejects(() => coordinator.start(), /^Error: Cannot start .*: it is stopped$/);
  deepStrictEqual(sandbox.requests, []);
});

Deno.test("Coordinator.stop() may be awaited in a handler", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await sandbox.addPod("p1");
  for (const method of ["onPodEvent", "onCoordinatorEvent"] as const) {
    const coordinator = await sandbox.coordinator(); // its grace is longer than a test may take
    let ended = false;
    coordinator[method](async () => {
      await Promise.resolve();
      await coordinator.stop();
      ended = true;
    });
    await coordinator.start();
    ok(ended);
  }
});

Deno.test("Coordinator.stop() ends a loop over events() that awaits it, and one that stands still", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  const coordinator = await sandbox.coordinator(); // its grace is longer than a test may take
  const [events, idle] = [coordinator.events(), coordinator.events()];
  const started = coordinator.start();
  for await (const e of events) {
    if (e.kind === "Coordinator" && e.type === "synced") await coordinator.stop();
  }
  await started;
  strictEqual((await idle.next()).value.type, "started");
});
