import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { ApiServer } from "../../../local/apiserver/mod.ts";
import { Sandbox } from "../../testdata/sandbox.ts";
import { startWorkload, stopWorkload } from "./stop.ts";
import { cronJob, job, Scene } from "./testdata/scene.ts";

const W = { name: "w", image: "w:1", replicas: 3 } as const;

/** How many workers there are to be, and what is noted. */
async function stored(sandbox: Sandbox): Promise<unknown[]> {
  const { metadata, spec } = await sandbox.apps.getDeployment("w");
  return [spec!.replicas, metadata!.annotations!["troupe.dev/stopped"]];
}

Deno.test("Workload.stop() takes all workers away, and start() brings as many back", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const workload = await coordinator.run(W);
  await workload.start();
  await workload.scale(4);
  await workload.stop();
  await workload.stop();
  deepStrictEqual(await stored(sandbox), [0, "4"]);
  const { stopped, explanation } = await workload.status();
  strictEqual(stopped, true);
  strictEqual(explanation, '"w" is stopped and is not ready: 0 of 0 ready');
  await workload.start();
  deepStrictEqual(await stored(sandbox), [4, undefined]);
});

Deno.test("Workload.stop() lasts, also under the next leader, until scale() or run() is called", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  {
    await using coordinator = await sandbox.coordinator();
    await (await coordinator.run(W)).stop();
  }
  await using coordinator = await sandbox.coordinator();
  const workload = await coordinator.run(W); // as a program does that is started again
  deepStrictEqual(await stored(sandbox), [0, "3"]);
  await coordinator.run(W);
  deepStrictEqual(await stored(sandbox), [3, undefined]);
  await workload.stop();
  await workload.scale(1);
  deepStrictEqual(await stored(sandbox), [1, undefined]);
  await workload.stop();
  await coordinator.run({ ...W, image: "w:2" });
  deepStrictEqual(await stored(sandbox), [3, undefined]);
});

Deno.test("Workload.stop() refuses a daemon set, with advice", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const workload = await coordinator.run({ name: "w", image: "w:1", everyNode: true });
  await rejects(workload.stop(), {
    name: "TypeError",
    message:
      'Cannot stop "w": it is a DaemonSet, which runs on every node as long as it is there; ' +
      "delete it, and run it again later",
  });
  await rejects(workload.scale(2), /it is a DaemonSet, which has no number of workers$/);
  await rejects(workload.pause(), /it is a DaemonSet, whose rollout cannot be held$/);
});

Deno.test("Workload.stop() sends nothing when its signal has aborted", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const workload = await coordinator.run(W);
  const before = sandbox.requests.filter((line) => line.startsWith("P")).length;
  const signal = AbortSignal.abort(new Error("enough"));
  await rejects(workload.stop({ signal }), { message: "enough" });
  strictEqual(sandbox.requests.filter((line) => line.startsWith("P")).length, before);
});

const STOPPED = "troupe.dev/stopped";

Deno.test("stopWorkload() takes a job's workers away, and startWorkload() brings them back", async () => {
  const scene = new Scene(job());
  await stopWorkload(scene.scope, {});
  const [stop] = scene.decisions;
  strictEqual(stop?.verb, "apply");
  deepStrictEqual(stop, { verb: "apply", object: { ...stop.object, ...stopped(0) } });
  strictEqual(stop.object.metadata?.annotations?.[STOPPED], "3");
  scene.head = { ...job(), ...stop.object } as ReturnType<typeof job>;
  await startWorkload(scene.scope, {});
  deepStrictEqual(scene.decisions[1], {
    verb: "merge",
    patch: { metadata: { annotations: { [STOPPED]: null } }, spec: { parallelism: 3 } },
  });
  function stopped(parallelism: number): object {
    return { spec: { ...job().spec, parallelism } };
  }
});

Deno.test("stopWorkload() suspends a cron job, and startWorkload() lets it go on", async () => {
  const scene = new Scene(cronJob());
  await stopWorkload(scene.scope, {});
  const [stop] = scene.decisions;
  strictEqual(stop?.verb, "apply");
  deepStrictEqual(stop.object.spec, { ...cronJob().spec, suspend: true });
  scene.head = cronJob({ spec: { suspend: true }, annotations: { [STOPPED]: "0" } });
  await startWorkload(scene.scope, {});
  deepStrictEqual(scene.decisions[1], {
    verb: "merge",
    patch: { metadata: { annotations: { [STOPPED]: null } }, spec: { suspend: false } },
  });
});
