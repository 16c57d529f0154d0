import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { ApiServer } from "../../../local/apiserver/mod.ts";
import { Sandbox } from "../../testdata/sandbox.ts";

Deno.test("Workload.pause() holds a deployment's rollouts until resume(), whatever is run", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const workload = await coordinator.run({ name: "w", image: "w:1" });
  const paused = async () => (await sandbox.apps.getDeployment("w")).spec!.paused ?? false;
  await workload.pause();
  await coordinator.run({ name: "w", image: "w:2" });
  strictEqual(await paused(), true);
  strictEqual((await workload.status()).paused, true);
  const { metadata } = await sandbox.apps.getDeployment("w");
  const old = { observedGeneration: metadata!.generation, replicas: 1, updatedReplicas: 0 };
  await sandbox.apps.patchDeploymentStatus("w", "json-merge", { status: old });
  await rejects(workload.ready(), {
    name: "RolloutError",
    reason: "Paused",
    message: 'Cannot roll out "w": it is paused until resume() is called',
  });
  await workload.resume();
  await workload.resume();
  strictEqual(await paused(), false);
});

Deno.test("Workload.pause() holds a stateful set by its partition, and resume() restores that", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const params = { name: "w", image: "w:1", identity: true, replicas: 2 };
  const workload = await coordinator.run({
    ...params,
    patch: (set) => {
      if (set.kind !== "StatefulSet") return;
      set.spec!.updateStrategy = { type: "RollingUpdate", rollingUpdate: { partition: 1 } };
    },
  });
  const partition = async () =>
    (await sandbox.apps.getStatefulSet("w")).spec!.updateStrategy!.rollingUpdate!.partition;
  await workload.pause();
  deepStrictEqual(await partition(), 2 ** 31 - 1);
  strictEqual((await workload.status()).paused, true);
  await workload.resume();
  deepStrictEqual(await partition(), 1);
  strictEqual((await workload.status()).paused, false);
});
