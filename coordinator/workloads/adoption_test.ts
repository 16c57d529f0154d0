import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { Job } from "@cloudydeno/kubernetes-apis/batch/v1";
import { ApiServer } from "../../local/apiserver/mod.ts";
import { Heard } from "../testdata/heard.ts";
import { Sandbox } from "../testdata/sandbox.ts";
import { until } from "../testdata/until.ts";
import { defineWorkload } from "./definition/mod.ts";
import { checkRunParams } from "./run_params.ts";
import { seedOf } from "./seed.ts";

const W = { name: "w", image: "w:1", port: 80 } as const;
const ELECTION = { election: { leaseDuration: 60_000 } };

function writes({ accepted }: Sandbox): string[] {
  return accepted.map((line) => line.split("?")[0]!);
}

Deno.test("Coordinator.run() of what an earlier program has scaled leaves it, whichever comes first", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  const earlier = await sandbox.coordinator();
  for (const name of ["a", "b"]) await (await earlier.run({ ...W, name })).scale(3);
  await earlier.stop();
  await using coordinator = await sandbox.coordinator();
  for (const name of ["a", "b"]) await coordinator.run({ ...W, name });
  async function replicas(name: string): Promise<number | null | undefined> {
    return (await sandbox.apps.getDeployment(name)).spec!.replicas;
  }
  deepStrictEqual([await replicas("a"), await replicas("b")], [3, 3]);
  await coordinator.run({ ...W, name: "b" }); // now it is asked for
  strictEqual(await replicas("b"), 1);
});

Deno.test("Coordinator takes over from another one and writes nothing but claims and the Lease", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  const first = await sandbox.coordinator(ELECTION);
  await first.run(W);
  await first.run({ ...W, name: "set", identity: true });
  await first.run({ ...W, name: "dynamic" }); // which the next one does not declare
  await using next = await sandbox.coordinator(ELECTION);
  await next.run(W);
  await next.run({ ...W, name: "set", identity: true });
  const heard = new Heard<string>();
  next.onCoordinatorEvent((e) => heard.add(e.type));
  next.onDeploymentEvent((e) => heard.add(`${e.name} ${e.replayed}`));
  void next.start();
  await heard.until((type) => type === "following");
  sandbox.accepted.length = 0;
  await first.stop();
  await heard.until((type) => type === "leading");
  await heard.until((type) => type === "w true");
  const dynamic = next.workload("dynamic");
  const ready = dynamic.ready();
  await sandbox.completeDeployment("dynamic");
  await ready;
  const apps = "/apis/apps/v1/namespaces/team";
  const others = writes(sandbox).filter((line) => !line.includes("/leases"));
  deepStrictEqual(others.sort(), [
    `PATCH ${apps}/deployments/dynamic`,
    `PATCH ${apps}/deployments/w`,
    `PATCH ${apps}/statefulsets/set`,
  ]);
  await dynamic.scale(2);
  strictEqual((await sandbox.apps.getDeployment("dynamic")).spec!.replicas, 2);
});

Deno.test("Coordinator with prune deletes what is not declared, and nothing of others", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  const earlier = await sandbox.coordinator();
  for (const name of ["old", "w"]) await earlier.run({ ...W, name });
  await earlier.run({ ...W, name: "old", namespace: "default" });
  await earlier.stop();
  await using other = await sandbox.coordinator({ name: "other" });
  await other.run({ ...W, name: "theirs" });
  sandbox.accepted.length = 0;
  await using coordinator = await sandbox.coordinator({ prune: true });
  const heard = new Heard<string>();
  coordinator.onWorkloadEvent((e) => heard.add(`${e.name} ${e.type}`));
  const run = coordinator.run(W);
  void coordinator.start(); // before anything was listed
  await run;
  await until(() => sandbox.accepted.some((line) => line.startsWith("DELETE")));
  await coordinator.run({ ...W, image: "w:2" });
  deepStrictEqual(writes(sandbox).filter((line) => line.startsWith("DELETE")), [
    "DELETE /apis/apps/v1/namespaces/team/deployments/old",
  ]);
  ok(await sandbox.apps.getDeployment("theirs"));
});

Deno.test("Coordinator.run() replaces what a leader has begun of a job with another definition", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  const earlier = checkRunParams({ name: "w", image: "w:1", completions: 1 }, "team");
  const { head } = defineWorkload(earlier, { coordinator: "boss" });
  await sandbox.batch.createJob(seedOf(head) as Job);
  await using coordinator = await sandbox.coordinator();
  const run = coordinator.run({ name: "w", image: "w:2", completions: 1 });
  // the garbage collector's part, once it is to be deleted
  await until(async () => {
    const { metadata } = await sandbox.batch.getJob("w");
    return metadata!.deletionTimestamp != null;
  });
  await sandbox.batch.patchJob("w", "json-merge", { metadata: { finalizers: [] } });
  await run;
  const { spec } = await sandbox.batch.getJob("w");
  strictEqual(spec!.template.spec!.containers[0]!.image, "w:2");
  const deletions = sandbox.requests.filter((line) => line.startsWith("DELETE"));
  strictEqual(deletions.length, 1); // and not the new one, which begins as a seed too
});

Deno.test("Coordinator does not run a job again that it saw end and be cleared away as a follower", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  const job = { name: "w", image: "w:1", completions: 1 };
  const first = await sandbox.coordinator(ELECTION);
  await first.run(job);
  await using next = await sandbox.coordinator(ELECTION);
  const heard = new Heard<string>();
  next.onCoordinatorEvent((e) => heard.add(e.type));
  await next.run(job);
  await next.workload("w").pods(); // it has seen what is there
  const at = new Date();
  const status = {
    completionTime: at,
    conditions: [{ type: "Complete", status: "True", lastTransitionTime: at }],
    startTime: at,
    succeeded: 1,
  };
  await sandbox.batch.patchJobStatus("w", "json-merge", { status } as Job);
  await sandbox.batch.deleteJob("w", { propagationPolicy: "Background" });
  void next.start();
  await heard.until((type) => type === "synced");
  await first.stop();
  await heard.until((type) => type === "leading");
  await next.run({ ...W, name: "other" });
  sandbox.requests.length = 0;
  await sandbox.apps.patchDeployment("other", "json-merge", { metadata: { labels: { a: "b" } } });
  await next.workload("other").scale(2);
  deepStrictEqual((await sandbox.batch.getJobList()).items, []);
  ok(next.health.leading);
});
