import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import type { Pod } from "@cloudydeno/kubernetes-apis/core/v1";
import { ApiServer } from "../../local/apiserver/mod.ts";
import { contract } from "../../messaging/mod.ts";
import { z } from "zod";
import { DELETION_COST } from "../supervision/deletion_cost.ts";
import { Sandbox } from "../testdata/sandbox.ts";
import { until } from "../testdata/until.ts";
import { checkRunParams, type RunParams } from "../workloads/run_params.ts";

const CONTRACT = contract("greeter", { greet: { input: z.string(), output: z.string() } });
const W: RunParams = { name: "w", image: "w:1", contract: CONTRACT, workers: { max: 8 } };

async function replicas(sandbox: Sandbox): Promise<number | null | undefined> {
  return (await sandbox.apps.getDeployment("w")).spec!.replicas;
}

Deno.test("run({ workers }) begins with as few as may be, and keeps what was scaled since", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  const earlier = await sandbox.coordinator();
  const w = await earlier.run(W);
  strictEqual(await replicas(sandbox), 0);
  const target = w.scaleTarget();
  const changes: unknown[] = [];
  const undo = target.onChange(() => changes.push(target.present()));
  strictEqual(target.present(), 0);
  await target.scale(5, { signal: new AbortController().signal });
  strictEqual(target.present(), 5);
  await earlier.run(W); // also when it is asked for
  strictEqual(await replicas(sandbox), 5);
  await earlier.run({ ...W, image: "w:2" });
  strictEqual(await replicas(sandbox), 5);
  await earlier.run({ ...W, image: "w:2", workers: { min: 6, max: 8 } });
  strictEqual(await replicas(sandbox), 6);
  undo();
  await earlier.stop();
  // under another leader, with another definition
  await using next = await sandbox.coordinator();
  await next.run({ ...W, image: "w:3" });
  strictEqual(await replicas(sandbox), 6);
  await next.run({ ...W, image: "w:3", workers: { max: 2 } });
  strictEqual(await replicas(sandbox), 2);
});

Deno.test("run({ workers }) leaves what is scaled as it is: it is no drift", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const drifts: unknown[] = [];
  coordinator.onCoordinatorEvent((e) => e.type === "drifted" && drifts.push(e.fields));
  const w = await coordinator.run(W);
  void coordinator.start();
  await w.scaleTarget().scale(3, { signal: new AbortController().signal });
  await sandbox.apps.patchDeployment("w", "json-merge", { metadata: { labels: { a: "b" } } });
  await (await coordinator.run({ ...W, name: "other" })).scale(1); // it has seen that by now
  strictEqual(await replicas(sandbox), 3);
  deepStrictEqual(drifts, []);
});

Deno.test("scaleTarget() has no number while its workload is stopped, which run() ends", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const w = await coordinator.run(W);
  await w.scale(3);
  await w.stop();
  strictEqual(w.scaleTarget().present(), undefined);
  await coordinator.run(W);
  strictEqual(await replicas(sandbox), 3);
  strictEqual(w.scaleTarget().present(), 3);
});

Deno.test("scaleTarget() lets idle workers go first, and any if it may not say which", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  coordinator.onError(() => {}); // there is nobody at the pods' addresses
  let idle = "w-2";
  const w = await coordinator.run(W);
  const target = w.scaleTarget({ idle: ({ name }) => name === idle });
  for (const name of ["w-1", "w-2"]) {
    await sandbox.addPod(name);
    await sandbox.runPod(name);
  }
  await until(async () => (await w.pods()).filter(({ ready }) => ready).length === 2);
  const { signal } = new AbortController();
  await target.scale(2, { signal });
  await target.scale(1, { signal });
  const cost = (pod: Pod) => pod.metadata?.annotations?.[DELETION_COST];
  const pods = await Promise.all(["w-1", "w-2"].map((name) => sandbox.core.getPod(name)));
  deepStrictEqual(pods.map(cost), [undefined, "-1"]);
  await target.scale(2, { signal });
  sandbox.refuse(/PATCH .*\/pods\//);
  idle = "w-1";
  await target.scale(1, { signal });
  strictEqual(await replicas(sandbox), 1);
  ok(sandbox.requests.some((line) => /PATCH .*\/pods\/w-1/.test(line)));
});

const REFUSED: [Partial<RunParams>, RegExp][] = [
  [{ replicas: 2 }, /"workers" and "replicas" cannot both be given/],
  [{ contract: undefined }, /"workers" means nothing without "contract"/],
  [{ workers: { min: 3, max: 2 } }, /"workers.min" given 3 is more than "workers.max" 2/],
  [{ workers: { max: 0 } }, /"workers.max" given 0, allowed is an integer from 1 up/],
  [{ workers: {} as RunParams["workers"] }, /"workers.max" nothing was given/],
  [{ everyNode: true }, /"everyNode" and "workers" cannot both be given/],
];

for (const [changes, told] of REFUSED) {
  Deno.test(`checkRunParams() tells what is wrong with ${told.source}`, () => {
    throws(() => checkRunParams({ ...W, ...changes }, "team"), { message: told });
  });
}

Deno.test("checkRunParams() gives workers their defaults", () => {
  const { workers, replicas } = checkRunParams(W, "team");
  deepStrictEqual(workers, { min: 0, max: 8, perWorker: 16, idleFor: 30_000 });
  strictEqual(replicas, 0);
});
