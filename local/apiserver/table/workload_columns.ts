/**
 * The columns of Deployments and other workloads.
 *
 * @module
 */

import type { JsonObject } from "../schema/mod.ts";
import { AGE, type Cell, type Column, items, labelsText, since, templateColumns } from "./cells.ts";
import { humanDuration } from "./human_duration.ts";

const TEMPLATE = (object: JsonObject) => object.spec?.template;
const SELECTOR = (object: JsonObject) => object.spec?.selector;

function count(name: string, field: string): Column {
  return { name, type: "integer", cell: (object) => object.status?.[field] ?? 0 };
}

function readyOfWanted(object: JsonObject): string {
  return `${object.status?.readyReplicas ?? 0}/${object.spec?.replicas ?? 0}`;
}

/** Columns after the name, by kind. */
export const WORKLOAD_COLUMNS: Record<string, Column[]> = {
  CronJob: [
    { name: "Schedule", cell: (job) => job.spec?.schedule ?? "" },
    { name: "Timezone", cell: (job) => job.spec?.timeZone || "<none>" },
    { name: "Suspend", type: "boolean", cell: (job) => job.spec?.suspend ? "True" : "False" },
    { name: "Active", type: "integer", cell: (job) => items(job.status?.active).length },
    {
      name: "Last Schedule",
      cell: (job, now) =>
        job.status?.lastScheduleTime ? since(job.status.lastScheduleTime, now) : "<none>",
    },
    AGE,
    ...templateColumns((job) => job.spec?.jobTemplate?.spec?.template, () => undefined),
  ],
  ControllerRevision: [
    { name: "Controller", cell: controllerText },
    { name: "Revision", cell: (revision) => revision.revision ?? 0 },
    AGE,
  ],
  DaemonSet: [
    count("Desired", "desiredNumberScheduled"),
    count("Current", "currentNumberScheduled"),
    count("Ready", "numberReady"),
    count("Up-to-date", "updatedNumberScheduled"),
    count("Available", "numberAvailable"),
    {
      name: "Node Selector",
      cell: (set) => labelsText(set.spec?.template?.spec?.nodeSelector),
    },
    AGE,
    ...templateColumns(TEMPLATE, SELECTOR),
  ],
  Deployment: [
    { name: "Ready", cell: readyOfWanted },
    { name: "Up-to-date", cell: (object) => object.status?.updatedReplicas ?? 0 },
    { name: "Available", cell: (object) => object.status?.availableReplicas ?? 0 },
    AGE,
    ...templateColumns(TEMPLATE, SELECTOR),
  ],
  Job: [
    { name: "Status", cell: jobStatus },
    { name: "Completions", cell: completions },
    { name: "Duration", cell: jobDuration },
    AGE,
    ...templateColumns(TEMPLATE, SELECTOR),
  ],
  PodDisruptionBudget: [
    { name: "Min Available", cell: ({ spec }) => orNotApplicable(spec?.minAvailable) },
    { name: "Max Unavailable", cell: ({ spec }) => orNotApplicable(spec?.maxUnavailable) },
    count("Allowed Disruptions", "disruptionsAllowed"),
    AGE,
  ],
  ReplicaSet: [
    { name: "Desired", type: "integer", cell: (object) => object.spec?.replicas ?? 0 },
    count("Current", "replicas"),
    count("Ready", "readyReplicas"),
    AGE,
    ...templateColumns(TEMPLATE, SELECTOR),
  ],
  StatefulSet: [{ name: "Ready", cell: readyOfWanted }, AGE, ...templateColumns(TEMPLATE)],
};

function orNotApplicable(value: unknown): string {
  return value === undefined || value === null ? "N/A" : String(value);
}

function controllerText(revision: JsonObject): string {
  const owner = items(revision.metadata?.ownerReferences).find((o) => o.controller);
  if (!owner) return "<none>";
  const [group] = String(owner.apiVersion).split("/");
  const kind = String(owner.kind).toLowerCase();
  return String(owner.apiVersion).includes("/")
    ? `${kind}.${group}/${owner.name}`
    : `${kind}/${owner.name}`;
}

function jobStatus(job: JsonObject): string {
  const has = (type: string) =>
    items(job.status?.conditions).some((c) => c.type === type && c.status === "True");
  if (has("Complete")) return "Complete";
  if (has("Failed")) return "Failed";
  if (job.metadata?.deletionTimestamp) return "Terminating";
  return ["Suspended", "FailureTarget", "SuccessCriteriaMet"].find(has) ?? "Running";
}

function completions(job: JsonObject): string {
  const succeeded = job.status?.succeeded ?? 0;
  const { completions, parallelism = 0 } = job.spec ?? {};
  if (completions !== undefined) return `${succeeded}/${completions}`;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function jobDuration(job: JsonObject, now: number): Cell {
  const { startTime, completionTime } = job.status ?? {};
  if (!startTime) return "";
  return humanDuration((completionTime ? Date.parse(completionTime) : now) - Date.parse(startTime));
}
