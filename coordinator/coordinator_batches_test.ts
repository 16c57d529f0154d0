import { deepStrictEqual, rejects, strictEqual, throws } from "node:assert/strict";
import { z } from "zod";
import { ApiServer } from "../local/apiserver/mod.ts";
import { contract } from "../messaging/mod.ts";
import type { BatchHandle, Coordinator, CoordinatorEvent } from "./mod.ts";
import { Heard } from "./testdata/heard.ts";
import { Sandbox } from "./testdata/sandbox.ts";
import { until } from "./testdata/until.ts";

const CONTRACT = contract("numbers", { double: { input: z.int(), output: z.int() } });
const ELECTION = { election: { leaseDuration: 60_000 } };

function batch(coordinator: Coordinator, inputs: number[], name = "all"): BatchHandle {
  const workers = coordinator.workload("w", { contract: CONTRACT });
  return coordinator.batch(name, { workers, method: "double", inputs });
}

/** Resolves when it is worked on. */
async function run(batch: BatchHandle): Promise<void> {
  await until(() => batch.progress.state !== "waiting");
  if (batch.progress.state !== "running") await batch.done;
}

async function stored(sandbox: Sandbox): Promise<{ state: string }> {
  const { data } = await sandbox.core.getConfigMap("troupe-boss-batch-all");
  return JSON.parse(data!["value.json"]!);
}

Deno.test("Coordinator.batch() is begun before start(), and is done for a restarted program", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  for (let life = 0; life < 2; life++) {
    await using coordinator = await sandbox.coordinator();
    const all = batch(coordinator, []);
    void coordinator.start();
    deepStrictEqual(await all.done, { done: 0, failures: [] });
    strictEqual((await stored(sandbox)).state, "done");
  }
  await using coordinator = await sandbox.coordinator();
  const all = batch(coordinator, []);
  void coordinator.start();
  await all.done;
  await all.delete();
  await rejects(stored(sandbox), /not found/);
});

Deno.test("Coordinator.batch() waits for a term on a follower, and ends with its coordinator", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  const [a, b] = [await sandbox.coordinator(ELECTION), await sandbox.coordinator(ELECTION)];
  await a.run({ name: "w", image: "w:1", replicas: 0, contract: CONTRACT });
  void a.start();
  await b.run({ name: "w", image: "w:1", replicas: 0, contract: CONTRACT });
  void b.start();
  const [ofA, ofB] = [batch(a, [1, 2]), batch(b, [1, 2])];
  throws(() => batch(a, [1, 2]), { message: 'Cannot begin batch "all": it is under way' });
  await run(ofA);
  strictEqual(ofB.progress.state, "waiting");
  await rejects(ofB.cancel(), { name: "NotLeadingError" });
  const ended = rejects(ofA.done, /coordinator "boss" is stopped/);
  await a.stop(); // though no worker will ever do it
  await ended;
  throws(() => batch(a, [], "other"), /coordinator "boss" is stopped/);
  await run(ofB);
  strictEqual((await stored(sandbox)).state, "running");
  await ofB.cancel(new Error("no more"));
  await rejects(ofB.done, { message: "no more" });
  strictEqual((await stored(sandbox)).state, "canceled");
  await b.stop();
});

Deno.test("Coordinator.batch() goes on when its coordinator leads again, before workers are dialed", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator(ELECTION);
  const errors: string[] = [];
  coordinator.onError(({ name, message }) => name !== "LostLeaseError" && errors.push(message));
  const terms = new Heard<CoordinatorEvent>();
  coordinator.onCoordinatorEvent(terms.add);
  void coordinator.start();
  await coordinator.run({ name: "w", image: "w:1", replicas: 0, contract: CONTRACT });
  const all = batch(coordinator, [1, 2]);
  await run(all);
  await sandbox.holdLease("somebody");
  await terms.until((e) => e.type === "lost");
  const keys = Promise.withResolvers<void>();
  sandbox.intercept = async (line, forward) => {
    if (/secrets/.test(line)) await keys.promise;
    return await forward();
  };
  await until(() => all.progress.state === "waiting");
  await sandbox.holdLease("");
  await run(all);
  const workers = coordinator.workload("w", { contract: CONTRACT });
  await rejects(workers.ask("double", 1, { timeout: 50 }), { name: "TimedOutError" });
  strictEqual(all.progress.state, "running");
  keys.resolve();
  deepStrictEqual(errors, []);
});
