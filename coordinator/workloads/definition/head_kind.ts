import type { RunParams } from "../run_params.ts";
import type { HeadKind } from "../../heads.ts";

type Field = keyof RunParams;

/** What a user says that is not for every kind of workload: for which it is, and what it needs. */
const MEANINGS: Readonly<Partial<Record<Field, { kinds: readonly HeadKind[]; needs: string }>>> = {
  ...each(["replicas", "workers"], ["Deployment", "StatefulSet"], "a long-running workload"),
  ...each(["strategy"], ["Deployment", "DaemonSet"], "a workload without disks or identity"),
  ...each(["progressDeadline"], ["Deployment"], "a workload without disks or identity"),
  ...each(["supervision"], ["Deployment", "StatefulSet", "DaemonSet"], "a long-running workload"),
  ...each(
    ["spread", "nodeLossTimeout"],
    ["Deployment", "StatefulSet", "Job", "CronJob"],
    "replicas",
  ),
  ...each(
    ["parallelism", "retries", "deadline", "ttl", "restartPolicy"],
    ["Job", "CronJob"],
    '"completions", "items" or "schedule"',
  ),
  ...each(
    ["timeZone", "overlap", "startingDeadline", "history"],
    ["CronJob"],
    '"schedule"',
  ),
};

function each(fields: Field[], kinds: HeadKind[], needs: string): typeof MEANINGS {
  return Object.fromEntries(fields.map((field) => [field, { kinds, needs }]));
}

/** What makes a workload another kind than a Deployment; fields of one list go together. */
const CHOICES: readonly { kind: HeadKind; fields: readonly Field[] }[] = [
  { kind: "CronJob", fields: ["schedule"] },
  { kind: "Job", fields: ["completions", "items"] },
  { kind: "DaemonSet", fields: ["everyNode"] },
  { kind: "StatefulSet", fields: ["storage", "identity"] },
];

/** What kind of object a workload becomes, by what its user says. */
export function headKind(params: RunParams): HeadKind {
  return CHOICES.find(({ fields }) => fields.some((field) => says(params, field)))?.kind ??
    "Deployment";
}

function says(params: RunParams, field: Field): boolean {
  return params[field] !== undefined && params[field] !== false;
}

/** Which fields contradict each other, or mean nothing, each as a complaint that names them. */
export function kindComplaints(params: RunParams): string[] {
  const kind = headKind(params);
  const chosen = CHOICES.map(({ fields }) => fields.find((field) => says(params, field)))
    .filter((field) => field !== undefined);
  const [first, ...others] = chosen;
  const out = others
    .filter((field) => first !== "schedule" || (field !== "completions" && field !== "items"))
    .map((field) => contradiction(first!, field));
  for (const [field, meaning] of Object.entries(MEANINGS) as [Field, typeof MEANINGS[Field]][]) {
    if (params[field] === undefined || meaning!.kinds.includes(kind)) continue;
    out.push(
      first === undefined
        ? `"${field}" means nothing without ${meaning!.needs}`
        : contradiction(first, field),
    );
  }
  return out;
}

/** A complaint about two fields that exclude each other. */
export function contradiction(a: string, b: string, why?: string): string {
  return `"${a}" and "${b}" cannot both be given${why === undefined ? "" : `: ${why}`}`;
}
