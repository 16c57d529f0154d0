import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import type { Deployment } from "@cloudydeno/kubernetes-apis/apps/v1";
import { ApiServer } from "../../../local/apiserver/mod.ts";
import type { Coordinator } from "../../mod.ts";
import { Sandbox } from "../../testdata/sandbox.ts";
import { restartWorkload } from "./restart.ts";
import { cronJob, job, Scene } from "./testdata/scene.ts";
import { undoWorkload } from "./undo.ts";

const W = { name: "w", image: "w:1", envs: { MODE: "old" } } as const;

/** Keeps the present template as a revision, as the deployment's controller does. */
async function keepRevision(sandbox: Sandbox, revision: number): Promise<void> {
  const { metadata, spec } = await sandbox.apps.getDeployment("w");
  const hash = `hash${revision}`;
  const { template, selector } = spec!;
  const labels = { ...template.metadata!.labels, "pod-template-hash": hash };
  await sandbox.apps.createReplicaSet({
    metadata: {
      name: `w-${hash}`,
      labels,
      annotations: { "deployment.kubernetes.io/revision": String(revision) },
      ownerReferences: [{
        apiVersion: "apps/v1",
        kind: "Deployment",
        name: "w",
        uid: metadata!.uid!,
        controller: true,
      }],
    },
    spec: { selector, template: { ...template, metadata: { ...template.metadata, labels } } },
  });
}

/** What the worker's container is. */
function workerOf({ spec }: Deployment): unknown {
  const { image, env } = spec!.template.spec!.containers[0]!;
  return [image, env?.find(({ name }) => name === "MODE")?.value];
}

async function twoRevisions(sandbox: Sandbox, coordinator: Coordinator): Promise<void> {
  await coordinator.run(W);
  await keepRevision(sandbox, 1);
  await coordinator.run({ name: "w", image: "w:2" });
  await keepRevision(sandbox, 2);
}

Deno.test("Workload.undo() goes back to the revision before, and back again", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  await twoRevisions(sandbox, coordinator);
  const workload = coordinator.workload("w");
  deepStrictEqual(workerOf(await sandbox.apps.getDeployment("w")), ["w:2", undefined]);
  await workload.undo();
  deepStrictEqual(workerOf(await sandbox.apps.getDeployment("w")), ["w:1", "old"]);
  await workload.restart();
  await workload.undo(); // what was restarted is no other revision
  deepStrictEqual(workerOf(await sandbox.apps.getDeployment("w")), ["w:2", undefined]);
  await workload.undo({ toRevision: 1 });
  deepStrictEqual(workerOf(await sandbox.apps.getDeployment("w")), ["w:1", "old"]);
});

Deno.test("Workload.undo() is no drift, and lasts under the next leader until another definition", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  {
    await using coordinator = await sandbox.coordinator();
    const drifted: unknown[] = [];
    coordinator.onCoordinatorEvent((e) => {
      if (e.type === "drifted") drifted.push(e.fields);
    });
    const started = coordinator.start();
    await twoRevisions(sandbox, coordinator);
    const workload = coordinator.workload("w");
    await workload.undo();
    await workload.scale(2);
    await coordinator.run({ name: "w", image: "w:2" });
    deepStrictEqual(workerOf(await sandbox.apps.getDeployment("w")), ["w:1", "old"]);
    await coordinator.stop();
    await started;
    deepStrictEqual(drifted, []);
  }
  await using coordinator = await sandbox.coordinator();
  await coordinator.run({ name: "w", image: "w:2" });
  deepStrictEqual(workerOf(await sandbox.apps.getDeployment("w")), ["w:1", "old"]);
  await coordinator.run({ name: "w", image: "w:3" });
  const deployment = await sandbox.apps.getDeployment("w");
  deepStrictEqual(workerOf(deployment), ["w:3", undefined]);
  strictEqual(deployment.metadata!.annotations!["troupe.dev/undone"], undefined);
  await coordinator.run({ name: "w", image: "w:2" }); // and is not remembered
  deepStrictEqual(workerOf(await sandbox.apps.getDeployment("w")), ["w:2", undefined]);
});

Deno.test("Workload.undo() repairs what somebody changes of the undone template", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const repaired = Promise.withResolvers<readonly string[]>();
  coordinator.onCoordinatorEvent((e) => {
    if (e.type === "drifted" && e.repaired) repaired.resolve(e.fields);
  });
  const started = coordinator.start();
  await twoRevisions(sandbox, coordinator);
  await coordinator.workload("w").undo();
  await sandbox.apps.patchDeployment("w", "strategic-merge", {
    spec: { template: { spec: { containers: [{ name: "worker", image: "evil:1" }] } } },
  } as Deployment);
  deepStrictEqual(await repaired.promise, ["spec.template.spec.containers[worker].image"]);
  deepStrictEqual(workerOf(await sandbox.apps.getDeployment("w")), ["w:1", "old"]);
  await coordinator.stop();
  await started;
});

Deno.test("Workload.undo() says that there is nothing to go back to", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const workload = await coordinator.run(W);
  await rejects(workload.undo(), {
    message: 'Cannot undo "w": no earlier revision of it is kept',
  });
  await keepRevision(sandbox, 1);
  await rejects(workload.undo({ toRevision: 7 }), {
    name: "RangeError",
    message: 'Cannot undo "w": there is no revision 7, kept are 1',
  });
});

Deno.test("undoWorkload() and restartWorkload() refuse what ends by itself", async () => {
  await rejects(undoWorkload(new Scene(job()).scope, {}), {
    name: "TypeError",
    message: 'Cannot undo "w": it is a Job, of which no revisions are kept',
  });
  await rejects(restartWorkload(new Scene(job()).scope, {}), {
    message:
      'Cannot restart "w": it is a Job, whose workers end by themselves; delete it and run ' +
      "it again",
  });
  await rejects(restartWorkload(new Scene(cronJob()).scope, {}), {
    message: 'Cannot restart "w": it is a CronJob, whose workers end by themselves',
  });
});
