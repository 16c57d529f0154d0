import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import type { Deployment } from "@cloudydeno/kubernetes-apis/apps/v1";
import { z } from "zod";
import { ApiServer } from "../../local/apiserver/mod.ts";
import { contract } from "../../messaging/mod.ts";
import { Sandbox } from "../testdata/sandbox.ts";
import type { RunParams } from "../workloads/run_params.ts";

const CONTRACT = contract("greeter", {
  greet: { input: z.string(), output: z.string() },
  count: { input: z.void(), stream: z.int() },
});
type S = typeof CONTRACT["specs"];
const W: RunParams<S> = { name: "w", image: "w:1", contract: CONTRACT, workers: { max: 8 } };
const ELECTION = { election: { leaseDuration: 60_000 } };

/** Resolves when the workload is to have so many workers. */
async function become(sandbox: Sandbox, replicas: number, name = "w"): Promise<void> {
  for (;;) {
    if ((await sandbox.apps.getDeployment(name)).spec!.replicas === replicas) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

Deno.test("run({ workers }) starts the first worker for an ask, a stream or a task, and ends it when it is idle", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const errors: Error[] = [];
  coordinator.onError((error) => errors.push(error));
  const workers = { max: 8, perWorker: 2, idleFor: 100 };
  const w = await coordinator.run({ ...W, workers });
  await become(sandbox, 0);
  const over = new AbortController();
  const options = { signal: over.signal };
  const isOver = { name: "Error", message: "over" };
  const asked = rejects(w.ask("greet", "x", options), isOver);
  await become(sandbox, 1);
  const read = rejects(Promise.resolve(w.stream("count", undefined, options).next()), isOver);
  const task = rejects(w.submit("greet", "x", options).result, isOver);
  await become(sandbox, 2);
  over.abort(new Error("over"));
  await Promise.all([asked, read, task]);
  await become(sandbox, 0);
  deepStrictEqual(errors, []);
});

Deno.test("run({ workers }) again changes the bounds, and without workers nothing is scaled any more", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const workers = { max: 2, perWorker: 1, idleFor: 60_000 };
  const w = await coordinator.run({ ...W, workers });
  const over = new AbortController();
  const tasks = Array.from(
    { length: 5 },
    () => w.submit("greet", "x", { signal: over.signal }).result.catch(() => {}),
  );
  await become(sandbox, 2);
  await coordinator.run({ ...W, workers: { ...workers, max: 4 } });
  await become(sandbox, 4);
  // one that is refused changes nothing
  sandbox.intercept = (line, forward) =>
    /PATCH .*deployments/.test(line)
      ? Promise.resolve(
        Response.json({ kind: "Status", code: 422, message: "no" }, { status: 422 }),
      )
      : forward();
  await rejects(coordinator.run({ ...W, image: "w:2", workers: { ...workers, max: 6 } }));
  sandbox.intercept = undefined;
  await coordinator.run({ ...W, workers: undefined, replicas: 1 });
  await become(sandbox, 1);
  tasks.push(w.submit("greet", "x", { signal: over.signal }).result.catch(() => ""));
  await (await coordinator.run({ ...W, name: "other", workers: { min: 3, max: 3 } })).scale(1);
  await become(sandbox, 3, "other"); // its own goes on
  strictEqual((await sandbox.apps.getDeployment("w")).spec!.replicas, 1);
  over.abort();
  await Promise.all(tasks);
});

Deno.test("run({ workers }) is scaled by who leads, from its term's beginning on", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  const [a, b] = [await sandbox.coordinator(ELECTION), await sandbox.coordinator(ELECTION)];
  const workers = { min: 2, max: 8 };
  for (const coordinator of [a, b]) {
    await coordinator.run({ ...W, workers });
    void coordinator.start();
  }
  const changed = { spec: { replicas: 1 } } as Deployment;
  await sandbox.apps.patchDeployment("w", "json-merge", changed);
  await become(sandbox, 2);
  strictEqual(b.health.leading, false);
  await rejects(b.workload("w", { contract: CONTRACT }).ask("greet", "x"), /leads/);
  const leading = new Promise<void>((resolve) => b.onLeading(() => resolve()));
  await a.stop();
  await leading;
  const over = new AbortController();
  const w = b.workload("w", { contract: CONTRACT });
  const tasks = Array.from(
    { length: 40 },
    () => w.submit("greet", "x", { signal: over.signal }).result.catch(() => {}),
  );
  await become(sandbox, 3);
  await b.stop();
  over.abort();
  await Promise.all(tasks);
  strictEqual((await sandbox.apps.getDeployment("w")).spec!.replicas, 3);
});
