import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { conditionOf, type Job, type Pod } from "../objects/mod.ts";
import { ago, job, NOW, pod, type PodTraits } from "../objects/testdata/builders.ts";
import { jobPod, TRACKED } from "./job_pods.ts";
import { planJob } from "./plan_job.ts";

function plan(job: Job, pods: readonly Pod[] = [], now = NOW) {
  return planJob({ job, pods, backoffBase: 1000, now });
}

function tracked(name: string, traits: PodTraits = {}, index?: number, failures?: number): Pod {
  const plain = pod(name, { uid: name, ...traits });
  const place = index === undefined ? undefined : { index, failures };
  const { annotations } = jobPod(job(), place).metadata;
  return { ...plain, metadata: { ...plain.metadata, annotations, finalizers: [TRACKED] } };
}

/** A pod that failed so many seconds ago. */
function failed(name: string, seconds: number, index?: number, failures?: number): Pod {
  const one = tracked(name, { phase: "Failed" }, index, failures);
  const terminated = { exitCode: 1, finishedAt: ago(seconds) };
  const containerStatuses = [{ name: "main", restartCount: 0, state: { terminated } }];
  return { ...one, status: { ...one.status, containerStatuses } };
}

function names(pods: readonly Pod[]): string[] {
  return pods.map(({ metadata }) => metadata.name);
}

function reasonOf(job: Job, pods: readonly Pod[], now = NOW): string | undefined {
  const { status } = plan(job, pods, now).status(0);
  return conditionOf(status?.conditions, "FailureTarget")?.reason;
}

Deno.test("planJob() makes as many pods as may run and are still wanted", () => {
  const wanted = job({ parallelism: 3, completions: 5 });
  strictEqual(plan(wanted).create.length, 3);
  strictEqual(plan({ ...wanted, status: { succeeded: 4 } }).create.length, 1);
  strictEqual(plan(wanted, [tracked("a", { node: "n" })]).create.length, 2);
  const { status } = plan(wanted).status(3);
  deepStrictEqual([status?.active, status?.startTime], [3, ago(0)]);
});

Deno.test("planJob() without a number of completions is done with the first success", () => {
  const queue = job({ parallelism: 3, completions: undefined });
  strictEqual(plan(queue).create.length, 3);
  const pods = [tracked("a", { phase: "Succeeded" }), tracked("b", { node: "n" })];
  const first = plan(queue, pods);
  deepStrictEqual([first.create.length, first.remove.length], [0, 0]);
  strictEqual(conditionOf(first.status(1).status?.conditions, "SuccessCriteriaMet"), undefined);
  const done = plan(queue, [pods[0]!]).status(0).status;
  ok(conditionOf(done?.conditions, "SuccessCriteriaMet"));
  strictEqual(conditionOf(done?.conditions, "Complete"), undefined); // "a" is not counted yet
});

Deno.test("planJob() calls a Job complete when all its pods are counted", () => {
  const { status, notes } = plan(job({}, { status: { succeeded: 1, startTime: ago(9) } }))
    .status(0);
  strictEqual(conditionOf(status?.conditions, "Complete")?.reason, "CompletionsReached");
  deepStrictEqual([status?.completionTime, status?.startTime], [ago(0), ago(9)]);
  deepStrictEqual(notes.map(({ reason }) => reason), ["Completed"]);
});

Deno.test("planJob() waits longer after each failure, until one succeeds", () => {
  const patient = job({ completions: 9, backoffLimit: 100 });
  strictEqual(plan(patient, [failed("a", 0)]).after, 1000);
  strictEqual(plan(patient, [failed("a", 9), failed("b", 0)]).after, 2000);
  strictEqual(plan(patient, [failed("a", 9), failed("b", 2)]).create.length, 1);
  const many = Array.from({ length: 30 }, (_, i) => failed(`f${i}`, 1));
  strictEqual(plan(patient, many).after, 359_000);
  const success = tracked("s", { phase: "Succeeded" });
  const terminated = { exitCode: 0, finishedAt: ago(5) };
  const ended = {
    ...success,
    status: { ...success.status, containerStatuses: [{ state: { terminated } }] },
  };
  strictEqual(plan(patient, [failed("a", 9), ended, failed("b", 0)]).after, 1000);
});

Deno.test("planJob() fails a Job beyond its limit, and ends what still runs first", () => {
  const strict = job({ parallelism: 2, completions: 2, backoffLimit: 0 });
  const running = tracked("r", { node: "n", readyFor: 1 });
  const first = plan(strict, [failed("a", 0), running]);
  deepStrictEqual([names(first.remove), first.uncounted, first.create.length], [["r"], false, 0]);
  const { status } = first.status(0);
  strictEqual(conditionOf(status?.conditions, "FailureTarget")?.reason, "BackoffLimitExceeded");
  strictEqual(conditionOf(status?.conditions, "Failed"), undefined);
  // what is told to go counts as failed, and the end waits for it
  const going = { ...running, metadata: { ...running.metadata, deletionTimestamp: ago(0) } };
  const second = plan({ ...strict, status }, [going]).status(0).status;
  strictEqual(conditionOf(second?.conditions, "Failed"), undefined);
  const last = plan({ ...strict, status: { ...status, failed: 2, uncountedTerminatedPods: {} } });
  const { status: end, notes } = last.status(0);
  strictEqual(conditionOf(end?.conditions, "Failed")?.reason, "BackoffLimitExceeded");
  deepStrictEqual(notes.map(({ type, reason }) => [type, reason]), [
    ["Warning", "BackoffLimitExceeded"],
  ]);
});

Deno.test("planJob() counts restarts in pods that restart their containers", () => {
  const spec = { restartPolicy: "OnFailure", containers: [{ name: "main" }] };
  const restarting = (backoffLimit: number) => job({ backoffLimit, template: { spec } });
  const pods = [tracked("a", { node: "n", restarts: 2 })];
  strictEqual(reasonOf(restarting(3), pods), undefined);
  strictEqual(reasonOf(restarting(2), pods), "BackoffLimitExceeded");
  strictEqual(reasonOf(restarting(0), [tracked("a", { node: "n" })]), undefined);
});

Deno.test("planJob() fails a Job that runs for too long, counted from its last resumption", () => {
  const short = job({ activeDeadlineSeconds: 10 }, { status: { startTime: ago(10) } });
  strictEqual(reasonOf(short, []), "DeadlineExceeded");
  const running = [tracked("a", { node: "n" })];
  strictEqual(plan({ ...short, status: { startTime: ago(4) } }, running).after, 6000);
  const resumed: Job = {
    ...short,
    status: { startTime: ago(99), conditions: [{ type: "Suspended", status: "True" }] },
  };
  strictEqual(reasonOf(resumed, []), undefined);
  const { status, notes } = plan(resumed).status(1);
  strictEqual(status?.startTime, ago(0));
  strictEqual(conditionOf(status?.conditions, "Suspended")?.status, "False");
  deepStrictEqual(notes.map(({ reason }) => reason), ["Resumed"]);
});

Deno.test("planJob() ends the pods of a Job that is suspended, and does not count them", () => {
  const suspended = job({ suspend: true });
  const { remove, uncounted, create, status } = plan(suspended, [tracked("a", { node: "n" })]);
  deepStrictEqual([names(remove), uncounted, create.length], [["a"], true, 0]);
  const { status: written, notes } = status(0);
  strictEqual(written?.startTime, undefined);
  strictEqual(conditionOf(written?.conditions, "Suspended")?.reason, "JobSuspended");
  deepStrictEqual(notes.map(({ reason }) => reason), ["Suspended"]);
});

Deno.test("planJob() gives each pod of an indexed Job an index that nobody has", () => {
  const indexed = job({ completionMode: "Indexed", parallelism: 3, completions: 6 }, {
    status: { completedIndexes: "0,2", succeeded: 2 },
  });
  const { create } = plan(indexed, [tracked("a", { node: "n" }, 1)]);
  deepStrictEqual(create.map(({ metadata }) => metadata.generateName), ["sum-3-", "sum-4-"]);
  const twice = [tracked("a", { node: "n" }, 1), tracked("b", { node: "n" }, 1)];
  deepStrictEqual(names(plan(indexed, twice).remove), ["b"]);
  deepStrictEqual(names(plan(indexed, [tracked("z", { node: "n" }, 9)]).remove), ["z"]);
});

Deno.test("planJob() has each index fail and wait by itself, if that is asked for", () => {
  const spec = {
    completionMode: "Indexed",
    parallelism: 3,
    completions: 3,
    backoffLimit: 99,
    backoffLimitPerIndex: 1,
  };
  const first = plan(job(spec), [failed("a", 0, 1, 0), tracked("b", { node: "n" }, 0)]);
  deepStrictEqual(first.create.map(({ metadata }) => metadata.generateName), ["sum-2-"]);
  strictEqual(first.after, 1000);
  const again = plan(job(spec), [failed("a", 2, 1, 0)]).create[1];
  strictEqual(again?.metadata.annotations?.["batch.kubernetes.io/job-index-failure-count"], "1");
  const status = { completedIndexes: "0,2", failedIndexes: "1", succeeded: 2, failed: 2 };
  strictEqual(reasonOf(job(spec, { status }), []), "FailedIndexes");
  const strict = { ...spec, maxFailedIndexes: 0 };
  strictEqual(
    reasonOf(job(strict, { status: { failedIndexes: "1" } }), []),
    "MaxFailedIndexesExceeded",
  );
});

Deno.test("planJob() judges failures by the policy of the Job", () => {
  const rules = (action: string) => [{
    action,
    onExitCodes: { operator: "In", values: [1] },
  }];
  const judged = (action: string) => job({ podFailurePolicy: { rules: rules(action) } });
  const pods = [failed("a", 9)];
  strictEqual(reasonOf(judged("FailJob"), pods), "PodFailurePolicy");
  const ignored = plan(judged("Ignore"), pods);
  deepStrictEqual(names(ignored.untrack), ["a"]);
  strictEqual(ignored.status(1).status?.uncountedTerminatedPods?.failed, undefined);
  const indexed = job({
    completionMode: "Indexed",
    completions: 2,
    backoffLimitPerIndex: 5,
    podFailurePolicy: { rules: rules("FailIndex") },
  });
  strictEqual(plan(indexed, [failed("a", 9, 0, 0)]).status(1).status?.failedIndexes, "0");
});

Deno.test("planJob() never changes a Job that is over, and deletes it when its time is up", () => {
  const conditions = [{ type: "Complete", status: "True", lastTransitionTime: ago(30) }];
  const over = (seconds?: number) =>
    job({ ttlSecondsAfterFinished: seconds }, { status: { conditions } });
  const { create, status, expired, untrack } = plan(over(), [tracked("a", { phase: "Failed" })]);
  deepStrictEqual([create.length, status(0).status, expired], [0, undefined, false]);
  deepStrictEqual(names(untrack), ["a"]);
  deepStrictEqual([plan(over(40)).expired, plan(over(40)).after], [false, 10_000]);
  strictEqual(plan(over(30)).expired, true);
});

Deno.test("planJob() lets the pods of a Job go that is being deleted", () => {
  const leaving = job({}, { meta: { deletionTimestamp: ago(0) } });
  const { create, remove, untrack } = plan(leaving, [tracked("a", { node: "n" })]);
  deepStrictEqual([create.length, remove.length, names(untrack)], [0, 0, ["a"]]);
});

Deno.test("jobPod() tells each container of an indexed Job which one it is", () => {
  const spec = {
    hostname: "other",
    initContainers: [{ name: "init" }],
    containers: [{ name: "main", env: [{ name: "JOB_COMPLETION_INDEX" }] }, { name: "side" }],
  };
  const indexed = job({ completionMode: "Indexed", template: { spec } });
  const made = jobPod(indexed, { index: 4 });
  const { hostname, containers, initContainers } = made.spec as typeof spec;
  strictEqual(hostname, "sum-4");
  strictEqual(made.metadata.labels?.["batch.kubernetes.io/job-completion-index"], "4");
  strictEqual(made.metadata.annotations?.["batch.kubernetes.io/job-completion-index"], "4");
  const variables = [...containers, ...initContainers]
    .map((one) => (one as { env?: { name: string }[] }).env?.map(({ name }) => name));
  deepStrictEqual(variables, Array(3).fill(["JOB_COMPLETION_INDEX"]));
  deepStrictEqual(made.metadata.finalizers, [TRACKED]);
  const long = jobPod(job({}, { name: "x".repeat(70) }), { index: 10 }).metadata.generateName;
  ok(long!.length <= 58 && long!.endsWith("-10-"));
});
