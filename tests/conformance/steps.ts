/** The steps, by topic. Each topic leaves what the next ones may need. */
import type { Step } from "./step.ts";
import { DELETE_STEPS } from "./steps_delete.ts";
import { JOB_STEPS } from "./steps_jobs.ts";
import { POD_STEPS } from "./steps_pods.ts";
import { READ_STEPS } from "./steps_read.ts";
import { SET_STEPS } from "./steps_sets.ts";
import { WORKLOAD_STEPS } from "./steps_workloads.ts";
import { WRITE_STEPS } from "./steps_write.ts";

const NAMESPACE: Step[] = [
  {
    name: "namespace: create",
    method: "POST",
    path: "/api/v1/namespaces",
    body: { apiVersion: "v1", kind: "Namespace", metadata: { name: "{ns}" } },
  },
  {
    name: "namespace: service account for its pods",
    method: "POST",
    path: "/api/v1/namespaces/{ns}/serviceaccounts",
    body: { metadata: { name: "default" } },
  },
  {
    name: "namespace: service account again",
    method: "POST",
    path: "/api/v1/namespaces/{ns}/serviceaccounts",
    body: { metadata: { name: "default" } },
  },
  { name: "namespace: get", path: "/api/v1/namespaces/{ns}" },
];

const END: Step[] = [
  { name: "namespace: delete", method: "DELETE", path: "/api/v1/namespaces/{ns}" },
  {
    name: "namespace: create in it while it ends",
    method: "POST",
    path: "/api/v1/namespaces/{ns}/configmaps",
    body: { metadata: { name: "late" } },
    compare: "reason",
    because: "the cause NamespaceTerminating has a field since 1.22",
  },
  {
    name: "namespace: get while it ends",
    path: "/api/v1/namespaces/{ns}",
    save: { nsVersion: "metadata.resourceVersion" },
  },
  {
    name: "namespace: finalize",
    method: "PUT",
    path: "/api/v1/namespaces/{ns}/finalize",
    body: {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "{ns}" },
      spec: { finalizers: [] },
    },
  },
  { name: "namespace: get when it ended", path: "/api/v1/namespaces/{ns}" },
];

/** All steps in order. */
export const STEPS: readonly Step[] = [
  ...NAMESPACE,
  ...WRITE_STEPS,
  ...READ_STEPS,
  ...WORKLOAD_STEPS,
  ...SET_STEPS,
  ...JOB_STEPS,
  ...POD_STEPS,
  ...DELETE_STEPS,
  ...END,
];
