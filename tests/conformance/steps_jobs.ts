/** Jobs: what is refused, what cannot change, and what their deletion leaves. */
import type { Step } from "./step.ts";

const JOBS = "/apis/batch/v1/namespaces/{ns}/jobs";
const MERGE = "application/merge-patch+json";
const POD = { restartPolicy: "Never", containers: [{ name: "c", image: "example.com/job:1" }] };
const NEWER = "newer servers know more fields and labels of Jobs";

function job(name: string, spec: object = {}): object {
  const whole = { template: { spec: POD }, ...spec };
  return { apiVersion: "batch/v1", kind: "Job", metadata: { name }, spec: whole };
}

/** Steps. */
export const JOB_STEPS: Step[] = [
  {
    name: "job: create",
    method: "POST",
    path: JOBS,
    body: job("sum"),
    compare: "code",
    because: NEWER,
  },
  {
    name: "job: pods that are always restarted",
    method: "POST",
    path: JOBS,
    body: job("wrong", { template: { spec: { ...POD, restartPolicy: "Always" } } }),
  },
  {
    name: "job: numbers below zero",
    method: "POST",
    path: JOBS,
    body: job("wrong", { parallelism: -1, completions: -1, activeDeadlineSeconds: -1 }),
  },
  {
    name: "job: no selector, though it is to be made by hand",
    method: "POST",
    path: JOBS,
    body: job("wrong", { manualSelector: true }),
    compare: "reason",
    because: "our values are shown as JSON, those of the real one as Go",
  },
  {
    name: "job: completions are fixed",
    method: "PATCH",
    path: `${JOBS}/sum`,
    type: MERGE,
    body: { spec: { completions: 2 } },
  },
  {
    name: "job: the template is fixed",
    method: "PATCH",
    path: `${JOBS}/sum`,
    type: MERGE,
    body: { spec: { template: { spec: { terminationGracePeriodSeconds: 1 } } } },
    compare: "reason",
    because: "our values are shown as JSON, those of the real one as Go",
  },
  {
    name: "job: parallelism may change",
    method: "PATCH",
    path: `${JOBS}/sum`,
    type: MERGE,
    body: { spec: { parallelism: 3 } },
    compare: "code",
    because: NEWER,
  },
  {
    name: "job: spec by the status is ignored",
    method: "PATCH",
    path: `${JOBS}/sum/status`,
    type: MERGE,
    body: { spec: { parallelism: 9 }, status: { active: 1, succeeded: 0 } },
    compare: "code",
    because: NEWER,
  },
  {
    name: "job: select by how many succeeded",
    path: `${JOBS}?fieldSelector=status.successful%3D1`,
  },
  {
    name: "job: a deletion that is not told leaves the pods",
    method: "DELETE",
    path: `${JOBS}/sum`,
    compare: "code",
    because: NEWER,
  },
  {
    name: "job: it waits for its pods to be orphaned",
    method: "PATCH",
    path: `${JOBS}/sum`,
    type: MERGE,
    body: { metadata: { finalizers: null } },
    compare: "code",
    because: NEWER,
  },
  { name: "job: it is gone", path: `${JOBS}/sum` },
];
