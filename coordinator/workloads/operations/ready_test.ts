import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { FakeTime } from "@std/testing/time";
import type { Head } from "../../heads.ts";
import { waitUntilReady } from "./ready.ts";
import { RolloutError } from "./rollout_error.ts";
import type { RolloutProgress } from "./rollout_progress.ts";
import { crashed, deployment, job, pod, running, Scene, waiting } from "./testdata/scene.ts";

const missing = pod("p1", { container: waiting("ErrImagePull", "no such image") });
const READY = { replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2 };

/** Lets time pass, and what it brings about happen. */
async function pass(time: FakeTime, ms: number): Promise<void> {
  await time.tickAsync(ms);
  await time.runMicrotasks();
}

/** What becomes of it until now. */
function outcome(promise: Promise<void>): () => "ready" | RolloutError | undefined {
  let now: "ready" | RolloutError | undefined;
  promise.then(() => void (now = "ready"), (error) => void (now = error));
  return () => now;
}

/** What it has failed with, which may be any error. */
function failureOf(seen: () => "ready" | RolloutError | undefined): RolloutError {
  const now = seen();
  ok(now instanceof Error);
  return now;
}

Deno.test("waitUntilReady() gives up on an image that stays missing, and lets it come late", async () => {
  using time = new FakeTime();
  const scene = new Scene(deployment());
  scene.pods = [missing];
  const seen = outcome(waitUntilReady(scene.scope));
  await pass(time, 2_900);
  strictEqual(seen(), undefined);
  scene.show(pod("p1", { container: running() })); // it has come
  await pass(time, 60_000);
  strictEqual(seen(), undefined);
  scene.show(missing);
  await pass(time, 2_000);
  // kubelets say it in two words by turns
  scene.show(pod("p2", { container: waiting("ImagePullBackOff", "Back-off") }));
  await pass(time, 1_100);
  const failed = failureOf(seen);
  ok(failed instanceof RolloutError);
  strictEqual(
    failed.message,
    'Cannot roll out "w": pod "p2" cannot get its image "w:1": ImagePullBackOff, Back-off',
  );
  deepStrictEqual([failed.workload, failed.reason, failed.pods], [
    "w",
    "ImagePullBackOff",
    ["p2"],
  ]);
  strictEqual(scene.listeners, 0);
});

Deno.test("waitUntilReady() waits as long as its patience says, at most until the timeout", async () => {
  using time = new FakeTime();
  const scene = new Scene(deployment());
  scene.pods = [missing];
  const patient = outcome(waitUntilReady(scene.scope, { patience: 20_000 }));
  const endless = outcome(waitUntilReady(scene.scope, { patience: Infinity, timeout: 60_000 }));
  await pass(time, 19_000);
  strictEqual(patient(), undefined);
  await pass(time, 1_500);
  ok(failureOf(patient) instanceof RolloutError);
  await pass(time, 39_000);
  strictEqual(endless(), undefined);
  await pass(time, 1_000);
  strictEqual(failureOf(endless).name, "TimeoutError");
  for (const patience of [-1, NaN]) {
    await rejects(waitUntilReady(scene.scope, { patience }), /"patience" given (-1|NaN), allowed/);
  }
});

Deno.test("waitUntilReady() tells a crash at once, with the last words of the log", async () => {
  const scene = new Scene(deployment());
  scene.pods = [pod("p1", { container: crashed(3, 7) })];
  scene.answer = ({ path, querystring }) => {
    strictEqual(path, "/api/v1/namespaces/team/pods/p1/log");
    strictEqual(querystring?.get("container"), "worker");
    const lines = ["2026-01-01T00:00:00Z starting\n", '2026-01-01T00:00:01Z no "db"\n'];
    return Promise.resolve(
      ReadableStream.from(lines.map((line) => new TextEncoder().encode(line))),
    );
  };
  await rejects(waitUntilReady(scene.scope), {
    name: "RolloutError",
    message:
      'Cannot roll out "w": pod "p1" crashes again and again, the last time with exit code ' +
      '7, and its log ends with "no \\"db\\""',
    reason: "CrashLoopBackOff",
    log: ["starting", 'no "db"'],
  });
});

Deno.test("waitUntilReady() tells the error of a crash, and not the last line of its stack", async () => {
  const scene = new Scene(deployment());
  scene.pods = [pod("p1", { container: crashed(3, 1) })];
  const lines = ["error: no db", "    at file:///app/main.ts:1:7", ""];
  scene.answer = () =>
    Promise.resolve(
      ReadableStream.from(
        lines.map((line) => new TextEncoder().encode(`2026-01-01T00:00:00Z ${line}\n`)),
      ),
    );
  await rejects(waitUntilReady(scene.scope), /1, and its log ends with "error: no db"$/);
});

Deno.test("waitUntilReady() tells the last words of before when the container has just started again", async () => {
  const scene = new Scene(deployment());
  scene.pods = [pod("p1", { container: crashed(3, 7) })];
  scene.answer = ({ querystring }) => {
    const isPrevious = querystring?.get("previous") === "true";
    const lines = isPrevious ? ['2026-01-01T00:00:01Z no "db"\n'] : [];
    return Promise.resolve(
      ReadableStream.from(lines.map((line) => new TextEncoder().encode(line))),
    );
  };
  await rejects(waitUntilReady(scene.scope), { name: "RolloutError", log: ['no "db"'] });
});

Deno.test("waitUntilReady() tells a crash without a log that it cannot read, or not soon", async () => {
  using time = new FakeTime();
  const scene = new Scene(deployment());
  scene.pods = [pod("p1", { container: crashed(3, 7) })];
  scene.answer = () => Promise.reject(new Error("forbidden"));
  const refused = outcome(waitUntilReady(scene.scope));
  await pass(time, 1);
  ok(failureOf(refused).message.endsWith("with exit code 7"));
  scene.answer = ({ abortSignal }) =>
    new Promise((_, reject) =>
      abortSignal!.addEventListener("abort", () => reject(abortSignal!.reason))
    );
  const slow = outcome(waitUntilReady(scene.scope));
  await pass(time, 1);
  await pass(time, 9_900);
  strictEqual(slow(), undefined);
  await pass(time, 200);
  ok(failureOf(slow).message.endsWith("with exit code 7"));
});

Deno.test("waitUntilReady() asks for events when pods of other kinds are missing", async () => {
  using time = new FakeTime();
  const { spec, metadata } = deployment();
  const set = { apiVersion: "apps/v1", kind: "StatefulSet", metadata, spec, status: {} } as Head;
  const scene = new Scene(set);
  const events: object[] = [];
  let asked = 0;
  scene.answer = ({ path, querystring }) => {
    asked++;
    strictEqual(path, "/api/v1/namespaces/team/events");
    strictEqual(querystring?.get("fieldSelector"), "involvedObject.uid=u,reason=FailedCreate");
    return Promise.resolve({ apiVersion: "v1", kind: "EventList", metadata: {}, items: events });
  };
  const seen = outcome(waitUntilReady(scene.scope));
  await pass(time, 10_100);
  deepStrictEqual([asked, seen()], [1, undefined]); // slow, but not refused
  const message = 'create Pod w-0 failed error: pods "w-0" is forbidden: exceeded quota: q';
  const event = { metadata: { name: "e" }, involvedObject: {}, message };
  events.push({ ...event, lastTimestamp: new Date(Date.now() - 3_600_000).toISOString() });
  await pass(time, 10_000);
  strictEqual(seen(), undefined); // that was long ago
  events.push({ ...event, lastTimestamp: new Date().toISOString() });
  await pass(time, 10_100);
  strictEqual(
    failureOf(seen).message,
    `Cannot roll out "w": its pods cannot be created: ${message}`,
  );
  strictEqual(failureOf(seen).reason, "QuotaExceeded");
});

Deno.test("waitUntilReady() reports each step once", async () => {
  const scene = new Scene(deployment());
  const steps: RolloutProgress[] = [];
  const ready = waitUntilReady(scene.scope, { onProgress: (step) => void steps.push(step) });
  await new Promise((resolve) => setTimeout(resolve, 0));
  scene.show(pod("p1", { container: waiting("ContainerCreating") }));
  scene.show(pod("p1", { container: waiting("ContainerCreating") }));
  // the counts of what was applied before
  scene.showHead(deployment({ status: { ...READY, observedGeneration: 0 } }));
  scene.showHead(deployment({ status: READY }));
  await ready;
  deepStrictEqual(steps.map(({ updated, ready, wanted }) => [updated, ready, wanted]), [
    [0, 0, 2],
    [0, 0, 2],
    [0, 2, 2],
    [2, 2, 2],
  ]);
  strictEqual(steps[1]!.message, '0 of 2 ready; pod "p1" is being started (ContainerCreating)');
  scene.showHead(deployment());
  const thrown = new Error("not this way");
  await rejects(
    waitUntilReady(scene.scope, {
      onProgress: () => {
        throw thrown;
      },
    }),
    thrown,
  );
  strictEqual(scene.listeners, 0);
});

Deno.test("waitUntilReady() waits for a job's end, whatever its patience if it fails", async () => {
  const scene = new Scene(job({ status: { active: 1, ready: 1 } }));
  scene.pods = [pod("p1", { container: running(), status: { phase: "Running" } })];
  const seen = outcome(waitUntilReady(scene.scope));
  await new Promise((resolve) => setTimeout(resolve, 0));
  strictEqual(seen(), undefined);
  scene.showHead(job({ status: { conditions: [{ type: "Complete", status: "True" }] } }));
  await new Promise((resolve) => setTimeout(resolve, 0));
  strictEqual(seen(), "ready");
  const reason = "DeadlineExceeded";
  scene.showHead(job({ status: { conditions: [{ type: "Failed", status: "True", reason }] } }));
  await rejects(waitUntilReady(scene.scope, { patience: Infinity }), { reason });
});
