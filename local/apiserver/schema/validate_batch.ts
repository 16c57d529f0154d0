/**
 * What Jobs and CronJobs must be.
 *
 * @module
 */

import { type Complaints, same } from "./complaints.ts";
import { notSupported } from "./field_error.ts";
import { label } from "./name_rules.ts";
import { objects } from "./pod_defaults.ts";
import { cronSchedule, timeZone } from "./schedule_rule.ts";
import type { JsonObject } from "./schema.ts";
import { selects, validateSelector } from "./validate_metadata.ts";
import { type Check, validateTemplate } from "./validate_workload.ts";

/** Job names get 11 characters appended, and all together must fit into a label. */
const MAX_CRON_JOB_NAME = 52;
const MAX_INDEXED_PARALLELISM = 100_000;
const COUNTS = [
  "parallelism",
  "completions",
  "activeDeadlineSeconds",
  "backoffLimit",
  "ttlSecondsAfterFinished",
  "backoffLimitPerIndex",
  "maxFailedIndexes",
];
/** What a Job's pods carry: its uid and its name, in the present and in the old form. */
const UID_LABELS = ["batch.kubernetes.io/controller-uid", "controller-uid"];
const NAME_LABELS = ["batch.kubernetes.io/job-name", "job-name"];
/** Fields of a Job's specification that never change; others may while it runs. */
const FIXED = [
  "selector",
  "completionMode",
  "podFailurePolicy",
  "backoffLimitPerIndex",
  "managedBy",
  "successPolicy",
];
/** What may still change in the template of a Job that is suspended and has never run. */
const SCHEDULING = ["nodeSelector", "affinity", "tolerations", "schedulingGates"];

/** Checks by kind. */
export const BATCH_CHECKS: Record<string, Check> = {
  CronJob(out, { metadata, spec }, old) {
    if (!old && metadata.name?.length > MAX_CRON_JOB_NAME) {
      const why = `must be no more than ${MAX_CRON_JOB_NAME} characters`;
      out.invalid("metadata.name", metadata.name, why);
    }
    validateSchedule(out, spec, old?.spec);
    out.notNegative("spec.startingDeadlineSeconds", spec.startingDeadlineSeconds);
    out.oneOf("spec.concurrencyPolicy", spec.concurrencyPolicy, ["Allow", "Forbid", "Replace"]);
    const job = spec.jobTemplate?.spec ?? {};
    validateJobSpec(out, job, "spec.jobTemplate.spec");
    if (job.selector) {
      const field = "spec.jobTemplate.spec.selector";
      out.invalid(field, job.selector, "`selector` will be auto-generated");
    }
    if (job.manualSelector) {
      out.add(notSupported("spec.jobTemplate.spec.manualSelector", true, ["nil", "false"]));
    }
    out.notNegative("spec.successfulJobsHistoryLimit", spec.successfulJobsHistoryLimit);
    out.notNegative("spec.failedJobsHistoryLimit", spec.failedJobsHistoryLimit);
  },
  Job(out, job, old) {
    if (!old) validateIndexedName(out, job);
    validateGenerated(out, job);
    validateJobSpec(out, job.spec, "spec");
    validateJobSelector(out, job.spec);
    if (old) validateJobUpdate(out, job.spec, old);
  },
};

function validateSchedule(out: Complaints, spec: JsonObject, old?: JsonObject): void {
  const { schedule, timeZone: zone } = spec;
  if (out.has("spec.schedule", schedule)) {
    out.rule("spec.schedule", schedule, cronSchedule);
    if (String(schedule).includes("TZ") && schedule !== old?.schedule) {
      const why = zone
        ? "cannot use both timeZone field and TZ or CRON_TZ in schedule"
        : "cannot use TZ or CRON_TZ in schedule, use timeZone field instead";
      out.invalid("spec.schedule", schedule, why);
    }
  }
  if (zone !== undefined && zone !== old?.timeZone) out.rule("spec.timeZone", zone, timeZone);
}

/** What the specification of a Job and the template of a CronJob have in common. */
function validateJobSpec(out: Complaints, spec: JsonObject, field: string): void {
  for (const name of COUNTS) out.notNegative(`${field}.${name}`, spec[name]);
  const { completions, parallelism = 0, maxFailedIndexes } = spec;
  const indexed = spec.completionMode === "Indexed";
  out.oneOf(`${field}.completionMode`, spec.completionMode, ["NonIndexed", "Indexed"]);
  if (indexed && completions === undefined) {
    out.required(`${field}.completions`, "when completion mode is Indexed");
  }
  if (indexed && parallelism > MAX_INDEXED_PARALLELISM) {
    const why = `must be less than or equal to ${MAX_INDEXED_PARALLELISM} when completion mode ` +
      "is Indexed";
    out.invalid(`${field}.parallelism`, parallelism, why);
  }
  if (spec.backoffLimitPerIndex !== undefined && !indexed) {
    const why = "requires indexed completion mode";
    out.invalid(`${field}.backoffLimitPerIndex`, spec.backoffLimitPerIndex, why);
  }
  if (maxFailedIndexes !== undefined) {
    if (spec.backoffLimitPerIndex === undefined) {
      out.required(`${field}.backoffLimitPerIndex`, "when maxFailedIndexes is specified");
    }
    if (completions !== undefined && maxFailedIndexes > completions) {
      const why = "must be less than or equal to completions";
      out.invalid(`${field}.maxFailedIndexes`, maxFailedIndexes, why);
    }
  }
  const replacements = ["Failed", "TerminatingOrFailed"];
  out.oneOf(`${field}.podReplacementPolicy`, spec.podReplacementPolicy, replacements);
  validateFailurePolicy(out, spec, `${field}.podFailurePolicy`);
  validateTemplate(out, spec.template ?? {}, `${field}.template`);
  if (spec.template?.spec?.restartPolicy === "Always") {
    const at = `${field}.template.spec.restartPolicy`;
    out.required(at, 'valid values: "OnFailure", "Never"');
  }
}

function validateFailurePolicy(out: Complaints, spec: JsonObject, field: string): void {
  if (!spec.podFailurePolicy) return;
  const restart = spec.template?.spec?.restartPolicy;
  if (restart !== "Never") {
    const why = 'only "Never" is supported when podFailurePolicy is specified';
    out.invalid(field.replace(/podFailurePolicy$/, "template.spec.restartPolicy"), restart, why);
  }
  const actions = ["Count", "FailIndex", "FailJob", "Ignore"];
  for (const [i, rule] of objects(spec.podFailurePolicy.rules).entries()) {
    const at = `${field}.rules[${i}]`;
    if (out.has(`${at}.action`, rule.action)) out.oneOf(`${at}.action`, rule.action, actions);
    const { onExitCodes: codes, onPodConditions: conditions } = rule;
    if (codes && conditions) {
      out.invalid(at, rule, "specifying both OnExitCodes and OnPodConditions is not supported");
    } else if (!codes && !conditions) {
      out.invalid(at, rule, "specifying one of OnExitCodes and OnPodConditions is required");
    } else if (codes && out.has(`${at}.onExitCodes.operator`, codes.operator)) {
      out.oneOf(`${at}.onExitCodes.operator`, codes.operator, ["In", "NotIn"]);
    }
  }
}

/** An indexed Job's pods are named as hosts by its name and their index. */
function validateIndexedName(out: Complaints, { metadata, spec }: JsonObject): void {
  if (spec.completionMode !== "Indexed" || !(spec.completions > 0)) return;
  const host = `${metadata.name}-${spec.completions - 1}`;
  for (const problem of label(host)) {
    const why = `will not able to create pod with invalid DNS label: ${host}: ${problem}`;
    out.invalid("metadata.name", metadata.name, why);
  }
}

/** The labels that the server gives must be its own. */
function validateGenerated(out: Complaints, { metadata, spec }: JsonObject): void {
  if (spec.manualSelector || !spec.selector || !metadata.uid) return;
  const labels: JsonObject = spec.template?.metadata?.labels ?? {};
  const wanted = [
    ...UID_LABELS.map((key) => [key, metadata.uid]),
    ...NAME_LABELS.map((key) => [key, metadata.name]),
  ];
  for (const [key, value] of wanted) {
    const field = `spec.template.metadata.labels[${key}]`;
    if (labels[key] === undefined) out.required(field, `must be '${value}'`);
    else if (labels[key] !== value) out.invalid(field, labels, `must be '${value}'`);
  }
  if (!selects(spec.selector, Object.fromEntries(wanted))) {
    out.invalid("spec.selector", spec.selector, "`selector` not auto-generated");
  }
}

function validateJobSelector(out: Complaints, { selector, template }: JsonObject): void {
  const labels = template?.metadata?.labels ?? {};
  if (selector) validateSelector(out, selector, "spec.selector");
  else out.required("spec.selector");
  if (!selector || !selects(selector, labels)) {
    const why = "`selector` does not match template `labels`";
    out.invalid("spec.template.metadata.labels", labels, why);
  }
}

function validateJobUpdate(out: Complaints, spec: JsonObject, before: JsonObject): void {
  const old: JsonObject = before.spec ?? {};
  if (!same(spec.completions, old.completions)) validateCompletions(out, spec, old);
  for (const name of FIXED) out.immutable(`spec.${name}`, spec[name], old[name]);
  const idle = old.suspend && before.status?.startTime === undefined;
  const fixed = (template: JsonObject) => idle ? withoutScheduling(template) : template;
  if (!same(fixed(spec.template), fixed(old.template))) {
    out.invalid("spec.template", spec.template, "field is immutable");
  }
}

/** Only an indexed Job that runs all its indexes at once can grow or shrink. */
function validateCompletions(out: Complaints, spec: JsonObject, old: JsonObject): void {
  const elastic = spec.completionMode === "Indexed" && spec.completions !== undefined &&
    old.completions !== undefined && old.completions === old.parallelism;
  if (!elastic) out.invalid("spec.completions", spec.completions, "field is immutable");
  else if (spec.completions !== spec.parallelism) {
    const why = "can only be modified in tandem with spec.parallelism";
    out.invalid("spec.completions", spec.completions, why);
  }
}

function withoutScheduling(template: JsonObject): JsonObject {
  const { labels: _labels, annotations: _annotations, ...metadata } = template.metadata ?? {};
  const spec = Object.entries(template.spec ?? {}).filter(([key]) => !SCHEDULING.includes(key));
  return { ...template, metadata, spec: Object.fromEntries(spec) };
}
