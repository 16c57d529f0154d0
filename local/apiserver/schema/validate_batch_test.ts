import { deepStrictEqual } from "node:assert/strict";
import { applyDefaults, type JsonObject, validateObject } from "./mod.ts";

const LABELS = {
  "batch.kubernetes.io/controller-uid": "u",
  "batch.kubernetes.io/job-name": "j",
  "controller-uid": "u",
  "job-name": "j",
};
const TEMPLATE = { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "i:1" }] } };

/** A Job as the server has completed it. */
function job(spec: JsonObject = {}, name = "j"): JsonObject {
  const labels = {
    ...LABELS,
    "batch.kubernetes.io/job-name": name,
    "job-name": name,
  };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name, namespace: "default", uid: "u" },
    spec: {
      selector: { matchLabels: { "batch.kubernetes.io/controller-uid": "u" } },
      template: { metadata: { labels }, ...TEMPLATE },
      ...spec,
    },
  };
}

function cronJob(spec: JsonObject = {}, name = "c"): JsonObject {
  return {
    apiVersion: "batch/v1",
    kind: "CronJob",
    metadata: { name, namespace: "default", uid: "u" },
    spec: { schedule: "* * * * *", jobTemplate: { spec: { template: TEMPLATE } }, ...spec },
  };
}

/** The fields that are complained about. */
function fields(object: JsonObject, old?: JsonObject): string[] {
  const gvk = { group: "batch", version: "v1", kind: object.kind as string };
  const whole = (value: JsonObject) => applyDefaults(value, gvk);
  const problems = validateObject(whole(object), gvk, old ? { old: whole(old) } : {});
  return problems.map(({ field }) => field);
}

Deno.test("validateObject() takes Jobs that are right", () => {
  deepStrictEqual(fields(job()), []);
  deepStrictEqual(fields(job({ completionMode: "Indexed", completions: 3, parallelism: 2 })), []);
});

const WRONG_JOBS: [string[], JsonObject][] = [
  [["spec.parallelism", "spec.backoffLimit"], { parallelism: -1, backoffLimit: -1 }],
  [["spec.completions"], { completionMode: "Indexed", parallelism: 1 }],
  [["spec.completionMode"], { completionMode: "Other" }],
  [["spec.backoffLimitPerIndex"], { backoffLimitPerIndex: 1 }],
  [["spec.backoffLimitPerIndex"], { maxFailedIndexes: 1, completions: 2 }],
  [["spec.podReplacementPolicy"], { podReplacementPolicy: "Never" }],
  [
    ["spec.podFailurePolicy.rules[0]", "spec.podFailurePolicy.rules[1].action"],
    { podFailurePolicy: { rules: [{ action: "Count" }, { action: "No", onExitCodes: {} }] } },
  ],
];

for (const [wrong, spec] of WRONG_JOBS) {
  Deno.test(`validateObject() refuses a Job with a wrong ${wrong[0]} ${JSON.stringify(spec)}`, () => {
    const found = fields(job(spec));
    deepStrictEqual(wrong.filter((field) => !found.includes(field)), []);
  });
}

Deno.test("validateObject() refuses a Job whose pods are restarted, or are not its own", () => {
  const always = { metadata: { labels: LABELS }, spec: { containers: TEMPLATE.spec.containers } };
  deepStrictEqual(fields(job({ template: always })), ["spec.template.spec.restartPolicy"]);
  const labels = { ...LABELS, "job-name": "other" };
  deepStrictEqual(fields(job({ template: { metadata: { labels }, ...TEMPLATE } })), [
    "spec.template.metadata.labels[job-name]",
  ]);
  deepStrictEqual(fields(job({ selector: { matchLabels: { app: "x" } } })), [
    "spec.selector",
    "spec.template.metadata.labels",
  ]);
  const indexed = { completionMode: "Indexed", completions: 11 };
  deepStrictEqual(fields(job(indexed, "j".repeat(61))), ["metadata.name"]);
});

Deno.test("validateObject() refuses to change what a Job is about", () => {
  const template = (spec: JsonObject) => ({
    metadata: { labels: LABELS },
    spec: { ...TEMPLATE.spec, ...spec },
  });
  const changed = { template: template({ activeDeadlineSeconds: 1 }) };
  deepStrictEqual(fields(job(changed), job()), ["spec.template"]);
  deepStrictEqual(fields(job({ completions: 2 }), job()), ["spec.completions"]);
  deepStrictEqual(fields(job({ parallelism: 2, completions: 1, suspend: true }), job()), []);
  const moved = { suspend: true, template: template({ nodeSelector: { a: "b" } }) };
  deepStrictEqual(fields(job(moved), job({ suspend: true })), []);
  deepStrictEqual(fields(job(moved), job()), ["spec.template"]);
});

Deno.test("validateObject() lets an indexed Job grow that runs all its indexes at once", () => {
  const indexed = (completions: number, parallelism: number) =>
    job({ completionMode: "Indexed", completions, parallelism });
  deepStrictEqual(fields(indexed(5, 5), indexed(3, 3)), []);
  deepStrictEqual(fields(indexed(5, 4), indexed(3, 3)), ["spec.completions"]);
  deepStrictEqual(fields(indexed(5, 2), indexed(3, 2)), ["spec.completions"]);
});

Deno.test("validateObject() judges CronJobs by schedule, zone, name and template", () => {
  deepStrictEqual(fields(cronJob({ timeZone: "Europe/Berlin" })), []);
  deepStrictEqual(fields(cronJob({ schedule: "61 * * * *" })), ["spec.schedule"]);
  deepStrictEqual(fields(cronJob({ schedule: "" })), ["spec.schedule"]);
  deepStrictEqual(fields(cronJob({ schedule: "TZ=UTC 1 * * * *" })), ["spec.schedule"]);
  deepStrictEqual(fields(cronJob({ timeZone: "Nowhere" })), ["spec.timeZone"]);
  deepStrictEqual(fields(cronJob({ concurrencyPolicy: "No" })), ["spec.concurrencyPolicy"]);
  deepStrictEqual(fields(cronJob({ failedJobsHistoryLimit: -1 })), [
    "spec.failedJobsHistoryLimit",
  ]);
  deepStrictEqual(fields(cronJob({}, "c".repeat(53))), ["metadata.name"]);
  const spec = { manualSelector: true, selector: {}, template: TEMPLATE };
  deepStrictEqual(fields(cronJob({ jobTemplate: { spec } })), [
    "spec.jobTemplate.spec.selector",
    "spec.jobTemplate.spec.manualSelector",
  ]);
  const kept = cronJob({ schedule: "TZ=UTC 1 * * * *" });
  deepStrictEqual(fields(kept, kept), []);
});
