/** Deletion: preconditions, finalizers, propagation, collections. */
import type { Step } from "./step.ts";

const MAPS = "/api/v1/namespaces/{ns}/configmaps";
const SETS = "/apis/apps/v1/namespaces/{ns}/replicasets";
const MERGE = "application/merge-patch+json";

function options(fields: Record<string, unknown>): Record<string, unknown> {
  return { apiVersion: "v1", kind: "DeleteOptions", ...fields };
}

/** Steps. */
export const DELETE_STEPS: Step[] = [
  { name: "delete: what is not there", method: "DELETE", path: `${MAPS}/nothing` },
  {
    name: "delete: of another uid",
    method: "DELETE",
    path: `${MAPS}/a`,
    body: options({ preconditions: { uid: "8d7a3a3e-0000-4000-8000-000000000000" } }),
    compare: "reason",
    because: "the words changed",
  },
  {
    name: "delete: of a stale version",
    method: "DELETE",
    path: `${MAPS}/a`,
    body: options({ preconditions: { resourceVersion: "1" } }),
    compare: "reason",
    because: "the words changed",
  },
  { name: "delete: dry run", method: "DELETE", path: `${MAPS}/a?dryRun=All` },
  { name: "delete", method: "DELETE", path: `${MAPS}/a` },
  { name: "delete: it is gone", path: `${MAPS}/a` },
  {
    name: "delete: bad policy",
    method: "DELETE",
    path: `${MAPS}/applied?propagationPolicy=Wrong`,
    compare: "reason",
    because: "the list of values is written otherwise",
  },
  {
    name: "delete: policy and orphanDependents",
    method: "DELETE",
    path: `${MAPS}/applied`,
    body: options({ propagationPolicy: "Orphan", orphanDependents: true }),
    compare: "reason",
    because: "Go prints a pointer",
  },
  {
    name: "finalizer: make",
    method: "POST",
    path: MAPS,
    body: { metadata: { name: "f", finalizers: ["example.com/a"] } },
    save: { fVersion: "metadata.resourceVersion" },
  },
  { name: "finalizer: delete", method: "DELETE", path: `${MAPS}/f` },
  { name: "finalizer: it waits", path: `${MAPS}/f` },
  { name: "finalizer: delete again", method: "DELETE", path: `${MAPS}/f` },
  {
    name: "finalizer: none may be added",
    method: "PATCH",
    path: `${MAPS}/f`,
    type: MERGE,
    body: { metadata: { finalizers: ["example.com/a", "example.com/b"] } },
  },
  {
    name: "finalizer: remove",
    method: "PATCH",
    path: `${MAPS}/f`,
    type: MERGE,
    body: { metadata: { finalizers: null } },
  },
  { name: "finalizer: gone", path: `${MAPS}/f` },
  {
    name: "finalizer: watch",
    path: `${MAPS}?watch=true&resourceVersion={fVersion}&fieldSelector=metadata.name%3Df`,
    events: 2,
  },
  {
    name: "propagation: foreground",
    method: "DELETE",
    path: `${SETS}/rs`,
    body: options({ propagationPolicy: "Foreground" }),
  },
  {
    name: "propagation: foreground done",
    method: "PATCH",
    path: `${SETS}/rs`,
    type: MERGE,
    body: { metadata: { finalizers: [] } },
  },
  { name: "propagation: gone", path: `${SETS}/rs` },
  {
    name: "propagation: orphan",
    method: "DELETE",
    path: "/apis/apps/v1/namespaces/{ns}/deployments/web?propagationPolicy=Orphan",
  },
  {
    name: "propagation: orphan done",
    method: "PATCH",
    path: "/apis/apps/v1/namespaces/{ns}/deployments/web",
    type: "application/json-patch+json",
    body: [{ op: "remove", path: "/metadata/finalizers" }],
  },
  { name: "collection: delete by label", method: "DELETE", path: `${MAPS}?labelSelector=set%3Dr` },
  { name: "collection: gone", path: `${MAPS}?labelSelector=set%3Dr` },
  {
    name: "delete: a service",
    method: "DELETE",
    path: "/api/v1/namespaces/{ns}/services/svc",
    compare: "code",
    because: "the object is answered since 1.23",
  },
  {
    name: "delete: a role",
    method: "DELETE",
    path: "/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/roles/r",
  },
  {
    name: "delete: a service account",
    method: "DELETE",
    path: "/api/v1/namespaces/{ns}/serviceaccounts/default",
  },
  {
    name: "delete: the default namespace",
    method: "DELETE",
    path: "/api/v1/namespaces/default",
  },
];
