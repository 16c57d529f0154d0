import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { ApiServer } from "../../local/apiserver/mod.ts";
import { Heard, Sandbox } from "../testdata/sandbox.ts";

const W = { name: "w", image: "w:1", port: 80 } as const;
const ELECTION = { election: { leaseDuration: 60_000 } };

function writes({ requests }: Sandbox): string[] {
  return requests.filter((line) => !line.startsWith("GET")).map((line) => line.split("?")[0]!);
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
  sandbox.requests.length = 0;
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
  sandbox.requests.length = 0;
  await using coordinator = await sandbox.coordinator({ prune: true });
  const heard = new Heard<string>();
  coordinator.onWorkloadEvent((e) => heard.add(`${e.name} ${e.type}`));
  const run = coordinator.run(W);
  void coordinator.start(); // before anything was listed
  await run;
  while (!sandbox.requests.some((line) => line.startsWith("DELETE"))) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await coordinator.run({ ...W, image: "w:2" });
  deepStrictEqual(writes(sandbox).filter((line) => line.startsWith("DELETE")), [
    "DELETE /apis/apps/v1/namespaces/team/deployments/old",
  ]);
  ok(await sandbox.apps.getDeployment("theirs"));
});
