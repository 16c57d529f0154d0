// What a handle does to workloads of each kind, on the embedded cluster and on a real control plane.
// A cluster with nodes of its own has none of these images.
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { toQuantity } from "@cloudydeno/kubernetes-apis/common.ts";
import { CoreV1Api } from "@cloudydeno/kubernetes-apis/core/v1";
import {
  Coordinator,
  RolloutError,
  type RolloutProgress,
  type RunParams,
  type Workload,
  type WorkloadLogLine,
} from "../../coordinator/mod.ts";
import { serverVersion } from "../../kube/mod.ts";
import { OWN_NODES, REAL, startTestCluster, type TestCluster } from "../support/cluster.ts";
import { until } from "../support/until.ts";

const TIMEOUT = 60_000;
const NONE = toQuantity("0");

/** A worker that says its version, and ends when it is told to. */
function worker(version: string): string[] {
  return sh(`echo "version ${version}"; trap 'echo bye; exit 0' TERM; while :; do sleep 0.1; done`);
}

function sh(script: string): string[] {
  return ["/bin/sh", "-c", script];
}

const IMAGES = {
  "app:1": worker("1"),
  "app:2": worker("2"),
  "crash:1": sh('echo "opening the door"; echo "the door is stuck" >&2; exit 3'),
  "done:1": sh('echo "done"'),
  // of which a job knows that it was not done: one that ends well when it is told to is
  "endless:1": sh("exec sleep 1000"),
};

const RESTARTS = { initial: 50, max: 200, resetAfter: 60_000 };

async function startScene(kinds?: "all") {
  await using stack = new AsyncDisposableStack();
  const cluster = stack.use(
    await startTestCluster({ images: IMAGES, nodes: 2, restartBackoff: RESTARTS }),
  );
  const coordinator = stack.use(await startCoordinator(cluster, kinds));
  const moved = stack.move();
  return { cluster, coordinator, [Symbol.asyncDispose]: () => moved.disposeAsync() };
}

async function startCoordinator(cluster: TestCluster, kinds?: "all"): Promise<Coordinator> {
  const { kubeconfig, namespace } = cluster;
  return await Coordinator.create({
    name: "boss",
    kubeconfig,
    namespace,
    kinds: kinds && ["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"],
  });
}

/** What each pod runs, in the order of their names. */
async function imagesOf(workload: Workload): Promise<string[]> {
  const pods = await workload.pods();
  return pods.filter(({ terminating }) => !terminating)
    .map(({ source }) => source.spec!.containers[0]!.image!);
}

/** Pods are watched apart from what they belong to, and may be heard of a moment later. */
async function untilImages(workload: Workload, images: string[]): Promise<void> {
  const wanted = images.join();
  await until(`pods of ${wanted}`, async () => (await imagesOf(workload)).join() === wanted);
}

async function uidsOf(workload: Workload): Promise<string[]> {
  return (await workload.pods()).filter(({ terminating }) => !terminating).map(({ uid }) => uid);
}

/** Settings that make a rollout quick. */
const QUICK = { timeout: TIMEOUT };

const LONG_RUNNING: Record<string, RunParams> = {
  Deployment: { name: "dep", image: "app:1", replicas: 2 },
  StatefulSet: { name: "set", image: "app:1", replicas: 2, identity: true },
  DaemonSet: { name: "daemon", image: "app:1", everyNode: true },
};

for (const [kind, params] of Object.entries(LONG_RUNNING)) {
  Deno.test({
    name: `the operations of a ${kind}`,
    ignore: OWN_NODES,
    async fn(t) {
      await using scene = await startScene();
      const { coordinator } = scene;
      const workload = await coordinator.run(params);
      await workload.ready(QUICK);

      await t.step("update() rolls out, reports its progress, and logs() tell it", async () => {
        const steps: RolloutProgress[] = [];
        await workload.update({ image: "app:2" }, {
          ...QUICK,
          onProgress: (step) => void steps.push(step),
        });
        await untilImages(workload, ["app:2", "app:2"]);
        const last = steps.at(-1)!;
        deepStrictEqual([last.updated, last.ready, last.wanted], [2, 2, 2]);
        ok(steps.some(({ updated }) => updated < 2), JSON.stringify(steps));
        const texts = await until("both logs", async () => {
          const lines = await Array.fromAsync(workload.logs());
          return lines.length === 2 && lines.map(({ text }) => text);
        });
        deepStrictEqual(texts, ["version 2", "version 2"]);
      });

      await t.step("undo() goes back, and stays so when the same is run", async () => {
        await workload.undo(QUICK);
        await workload.ready(QUICK);
        await untilImages(workload, ["app:1", "app:1"]);
        await coordinator.run({ ...params, image: "app:2" });
        await workload.ready(QUICK);
        await untilImages(workload, ["app:1", "app:1"]);
      });

      await t.step("restart() replaces all pods", async () => {
        const before = await uidsOf(workload);
        await workload.restart(QUICK);
        await workload.ready(QUICK);
        await until("two other pods", async () => {
          const after = await uidsOf(workload);
          return after.length === 2 && after.every((uid) => !before.includes(uid));
        });
      });

      await t.step("exec() runs a command in a pod", async () => {
        const { pod, exitCode, stdout, stderr } = await workload.exec(
          sh("echo hello; echo oops >&2; exit 4"),
          QUICK,
        );
        deepStrictEqual([exitCode, stdout, stderr], [4, "hello\n", "oops\n"]);
        strictEqual(pod, (await workload.pods()).find(({ ready }) => ready)!.name);
        await rejects(workload.exec(["true"], { pod: "nobody" }), /it has no pod "nobody"$/);
      });

      await t.step("events() and status() tell what is there", async () => {
        const told = await until("the events of a pod", async () => {
          const events = await Array.fromAsync(workload.events());
          return events.some(({ object }) => object.kind === "Pod") && events;
        });
        ok(told.every(({ object }) => object.name.startsWith(params.name)));
        // of a Deployment those that were replaced may still be there
        await until("two pods", async () => (await workload.pods()).length === 2);
        const { state, explanation, pods } = await workload.status();
        deepStrictEqual([state?.kind, state?.ready, pods.length], [kind, true, 2]);
        strictEqual(explanation, `"${params.name}" is ready: 2 of 2 ready`);
      });

      if (kind !== "DaemonSet") {
        await t.step("pause() holds a rollout, and resume() lets it go on", async () => {
          await workload.pause();
          await coordinator.run({ ...params, image: "app:1", envs: { PAUSED: "1" } });
          await rejects(workload.ready(QUICK), { name: "RolloutError", reason: "Paused" });
          const before = await uidsOf(workload);
          strictEqual(before.length, 2);
          await workload.resume();
          await workload.ready(QUICK);
          const after = await uidsOf(workload);
          deepStrictEqual(after.filter((uid) => before.includes(uid)), []);
        });

        await t.step(
          "stop() takes all pods away, also for the next leader, until start()",
          async () => {
            await workload.scale(3);
            await workload.ready(QUICK);
            await workload.stop();
            await workload.ready(QUICK);
            await until("no pods", async () => (await workload.pods()).length === 0);
            {
              await using other = await startCoordinator(scene.cluster);
              const adopted = other.workload(params.name);
              strictEqual((await adopted.status()).stopped, true);
              await other.run({ ...params, image: "app:1", envs: { PAUSED: "1" } });
              strictEqual((await adopted.pods()).length, 0);
            }
            await workload.start();
            await workload.ready(QUICK);
            strictEqual((await workload.pods()).length, 3);
          },
        );
      }

      await t.step("logs({ follow }) tells what comes until delete() is done", async () => {
        const lines: WorkloadLogLine[] = [];
        const following = (async () => {
          for await (const line of workload.logs({ follow: true })) lines.push(line);
        })();
        await until("first lines", () => lines.length >= 2);
        const steps: RolloutProgress[] = [];
        await workload.delete({ ...QUICK, onProgress: (step) => void steps.push(step) });
        await following;
        ok(lines.some(({ text }) => text === "bye"), JSON.stringify(lines));
        deepStrictEqual(await workload.pods(), []);
        match(steps[0]!.message, /^\d pods? left$/);
        strictEqual(steps.at(-1)!.message, "0 pods left");
      });
    },
  });
}

Deno.test({
  name: "ready() says in one sentence why a rollout cannot finish",
  ignore: OWN_NODES,
  async fn(t) {
    await using scene = await startScene();
    const { coordinator, cluster } = scene;

    async function failureOf(params: RunParams, patience?: number): Promise<RolloutError> {
      const workload = await coordinator.run(params);
      const error = await workload.ready({ ...QUICK, patience }).catch((error: unknown) => error);
      ok(error instanceof RolloutError, String(error));
      strictEqual(error.workload, params.name);
      return error;
    }

    await t.step("an image that is not there", async () => {
      const { reason, message, pods } = await failureOf({ name: "image", image: "nobody:1" });
      strictEqual(reason, "ImagePullBackOff");
      strictEqual(pods.length, 1);
      match(
        message,
        /^Cannot roll out "image": pod "image-\S+" cannot get its image "nobody:1": (ErrImagePull|ImagePullBackOff), .*nobody:1/,
      );
    });

    await t.step("a crash loop, with its exit code and its last words", async () => {
      const { reason, message, log } = await failureOf({
        name: "crash",
        image: "crash:1",
        port: 80,
      });
      strictEqual(reason, "CrashLoopBackOff");
      match(
        message,
        /^Cannot roll out "crash": pod "crash-\S+" crashes again and again, the last time with exit code 3, and its log ends with "the door is stuck"$/,
      );
      deepStrictEqual([...log].sort(), ["opening the door", "the door is stuck"]);
    });

    await t.step("no node for it, with the scheduler's reason", async () => {
      const nodeSelector = { nobody: "here" };
      const { reason, message } = await failureOf(
        { name: "place", image: "app:1", nodeSelector },
        500,
      );
      strictEqual(reason, "Unschedulable");
      match(
        message,
        /^Cannot roll out "place": pod "place-\S+" fits on no node: 0\/\d+ nodes are /,
      );
    });

    await t.step("a Secret that is missing", async () => {
      const envs = { KEY: { secret: "nobody", key: "k" } };
      const { reason, message } = await failureOf({ name: "config", image: "app:1", envs }, 500);
      strictEqual(reason, "ConfigError");
      match(message, /^Cannot roll out "config": pod "config-\S+" cannot be started: .*"nobody"/);
    });

    await t.step("a deadline that is missed", async () => {
      const nodeSelector = { nobody: "here" };
      const params = { name: "slow", image: "app:1", nodeSelector, progressDeadline: 1_000 };
      const { reason, message } = await failureOf(params);
      strictEqual(reason, "ProgressDeadlineExceeded");
      match(message, /^Cannot roll out "slow": it did not get on within its deadline: pod "slow-/);
    });

    for (const kind of REAL ? [{}, { identity: true }] : []) { // the embedded one knows no quotas
      await t.step(`a quota, for ${JSON.stringify(kind)}`, async () => {
        const core = new CoreV1Api(cluster.admin).namespace(cluster.namespace);
        await core.createResourceQuota({ metadata: { name: "q" }, spec: { hard: { pods: NONE } } });
        await until(
          "the quota in force",
          async () => (await core.getResourceQuota("q")).status?.hard !== undefined,
        );
        const name = `quota-${Object.keys(kind).length}`;
        const { reason, message } = await failureOf({ name, image: "app:1", ...kind }, 1_000);
        await core.deleteResourceQuota("q");
        strictEqual(reason, "QuotaExceeded");
        match(message, /its pods cannot be created: .*is forbidden: exceeded quota: q/);
      });
    }

    await t.step("the handle's other readers see the same", async () => {
      const { explanation } = await coordinator.workload("crash").status();
      match(explanation, /^"crash" is not ready(: |, )0 of 1 ready/);
      strictEqual(cluster.namespace, coordinator.namespace);
    });
  },
});

Deno.test({
  name: "the operations of a Job and a CronJob",
  ignore: OWN_NODES,
  async fn(t) {
    await using scene = await startScene("all");
    const { cluster, coordinator } = scene;

    await t.step("ready() of a Job resolves at its end, and its logs are there", async () => {
      const job = await coordinator.run({ name: "job", image: "done:1", completions: 2 });
      await job.ready(QUICK);
      strictEqual((await job.status()).explanation, '"job" has run to its end');
      const lines = await Array.fromAsync(job.logs({ follow: true }));
      deepStrictEqual(lines.map(({ text }) => text), ["done", "done"]);
      await rejects(job.undo(), TypeError);
      await job.delete(QUICK);
    });

    await t.step("ready() of a Job that fails tells why, with its last words", async () => {
      const job = await coordinator.run({
        name: "failing",
        image: "crash:1",
        completions: 1,
        retries: 0,
      });
      const error = await job.ready(QUICK).catch((error: unknown) => error);
      ok(error instanceof RolloutError, String(error));
      strictEqual(error.reason, "BackoffLimitExceeded");
      match(
        error.message,
        /^Cannot roll out "failing": it failed with BackoffLimitExceeded: .*; pod "failing-\S+" ended with exit code 3, and its log ends with "the door is stuck"$/,
      );
    });

    await t.step("stop() takes a Job's pods away, and start() brings them back", async () => {
      const job = await coordinator.run({ name: "long", image: "endless:1", completions: 1 });
      await until("the pod", async () => (await imagesOf(job)).length === 1);
      await job.stop();
      await until("no pod", async () => (await imagesOf(job)).length === 0);
      await job.start();
      await until("the pod again", async () => (await imagesOf(job)).length === 1);
      await job.delete(QUICK);
    });

    await t.step("stop() suspends a CronJob, and start() lets it go on", async () => {
      const cron = await coordinator.run({
        name: "cron",
        image: "done:1",
        schedule: "0 0 1 1 *",
      });
      await cron.ready(QUICK);
      const isSuspended = async () => {
        const { state } = await cron.status();
        return state?.kind === "CronJob" && state.suspended;
      };
      strictEqual(await isSuspended(), false);
      await cron.stop();
      await until("it suspended", isSuspended);
      await cron.start();
      await until("it going on", async () => !await isSuspended());
      await cron.update({ image: "app:2" }, QUICK);
      await cron.delete(QUICK);
    });

    await t.step("what the server is too old for is refused, and names the version", async () => {
      const { major, minor } = await serverVersion(cluster.admin);
      const tooNew: [needed: number, params: Partial<RunParams>, feature: string][] = [
        [22, { items: ["a", "b"] }, '"items"'],
        [25, { schedule: "0 0 1 1 *", timeZone: "Europe/Berlin" }, '"timeZone"'],
      ];
      for (const [needed, params, feature] of tooNew) {
        if (minor >= needed) continue;
        await rejects(coordinator.run({ name: "new", image: "done:1", ...params }), {
          message: `Cannot run "new": ${feature} needs Kubernetes 1.${needed} or later, the ` +
            `cluster is ${major}.${minor}`,
        });
      }
    });
  },
});
