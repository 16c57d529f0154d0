import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import type { Deployment } from "@cloudydeno/kubernetes-apis/apps/v1";
import { ApiServer } from "../local/apiserver/mod.ts";
import type { CoordinatorEvent } from "./events/events.ts";
import { Heard } from "./testdata/heard.ts";
import { Sandbox } from "./testdata/sandbox.ts";
import { until } from "./testdata/until.ts";

const W = { name: "w", image: "w:1", port: 80 } as const;
const ELECTION = { election: { leaseDuration: 60_000 } };

Deno.test("Coordinator repairs in its second term what a handler of the first one has run", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator(ELECTION);
  const ran = Promise.withResolvers<void>();
  // its namespace is watched from there on, which must not be in the name of the first term
  let calls = 0;
  coordinator.onLeading(async () => {
    if (calls++ > 0) return;
    await coordinator.run({ ...W, namespace: "default" });
    ran.resolve();
  });
  const terms = new Heard<CoordinatorEvent>();
  coordinator.onCoordinatorEvent(terms.add);
  const refused: unknown[] = [];
  coordinator.onError((error) => error.name === "NotLeadingError" && refused.push(error));
  void coordinator.start();
  await ran.promise;
  await sandbox.holdLease("somebody");
  await terms.until((e) => e.type === "lost");
  await sandbox.holdLease("");
  await until(() => Promise.resolve(coordinator.health.leading));
  const patch = { spec: { replicas: 5 } } as Deployment;
  await sandbox.appsOf("default").patchDeployment("w", "json-merge", patch);
  await terms.until((e) => e.type === "drifted" && e.repaired);
  strictEqual((await sandbox.appsOf("default").getDeployment("w")).spec!.replicas, 1);
  deepStrictEqual(refused, []); // nor was anything tried in vain
});

Deno.test("Coordinator.run() in a handler of a term that is over rejects, also in the next term", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator(ELECTION);
  const proceed = Promise.withResolvers<void>();
  const result = Promise.withResolvers<unknown>();
  const terms = new Heard<CoordinatorEvent>();
  let calls = 0;
  coordinator.onLeading(async () => {
    if (calls++ > 0) return;
    await proceed.promise;
    await coordinator.run(W).then(result.resolve, result.reject);
  });
  coordinator.onCoordinatorEvent(terms.add);
  void coordinator.start();
  await terms.until((e) => e.type === "leading");
  await sandbox.holdLease("somebody");
  await terms.until((e) => e.type === "lost");
  proceed.resolve();
  await rejects(result.promise, { name: "NotLeadingError" });
  await sandbox.holdLease("");
  await until(() => Promise.resolve(coordinator.health.leading));
  await rejects(sandbox.apps.getDeployment("w"));
});

Deno.test("Coordinator says which Role it lacks when it may not write the Lease, and does not lead", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  sandbox.refuse(/leases/);
  const coordinator = await sandbox.coordinator(ELECTION);
  const errors = new Heard<Error>();
  coordinator.onError(errors.add);
  const run = coordinator.run(W);
  const { message } = await errors.until((error) => error.message.includes("leases"));
  match(message, /verbs: \["\w+"\]/);
  strictEqual(coordinator.health.leading, false);
  const refused = rejects(run, { message: 'Cannot go on: coordinator "boss" is stopped' });
  await coordinator.stop();
  await refused;
});

Deno.test("Coordinator does not lead over what its Role does not let it see, and stops all the same", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  sandbox.refuse(/statefulsets/);
  await using coordinator = await sandbox.coordinator(ELECTION);
  const errors = new Heard<Error>();
  coordinator.onError(errors.add);
  const terms = new Heard<CoordinatorEvent>();
  coordinator.onCoordinatorEvent(terms.add);
  const started = coordinator.start();
  match(
    (await errors.until((e) => e.message.includes("statefulsets"))).message,
    /verbs: \["list"\]/,
  );
  await until(() => Promise.resolve(sandbox.requests.some((line) => line.startsWith("POST"))));
  strictEqual(coordinator.health.leading, false);
  await coordinator.stop(); // while it takes over
  await started;
  ok(!terms.items.some(({ type }) => type === "leading"));
});
