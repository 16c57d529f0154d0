/** Pods: defaults, status, binding, grace. */
import type { Step } from "./step.ts";

const PODS = "/api/v1/namespaces/{ns}/pods";
const MERGE = "application/merge-patch+json";

function pod(name: string): Record<string, unknown> {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels: { "conformance/kind": "pod" } },
    spec: {
      automountServiceAccountToken: false,
      containers: [{
        name: "c",
        image: "example.com/web:1",
        resources: { requests: { cpu: "100m" } },
      }],
    },
    status: { phase: "Running" },
  };
}

function bind(name: string, node: string): Step {
  return {
    name: `pod: bind ${name} to ${node}`,
    method: "POST",
    path: `${PODS}/${name}/binding`,
    body: {
      apiVersion: "v1",
      kind: "Binding",
      metadata: { name },
      target: { apiVersion: "v1", kind: "Node", name: node },
    },
  };
}

/** Steps. */
export const POD_STEPS: Step[] = [
  { name: "pod: create", method: "POST", path: PODS, body: pod("p1"), owners: true },
  {
    name: "pod: create another",
    method: "POST",
    path: PODS,
    body: pod("p2"),
    save: { pVersion: "metadata.resourceVersion" },
  },
  { name: "pod: create a third", method: "POST", path: PODS, body: pod("p3") },
  {
    name: "pod: create without containers",
    method: "POST",
    path: PODS,
    body: {
      metadata: { name: "bad" },
      spec: { automountServiceAccountToken: false, containers: [] },
    },
  },
  {
    name: "pod: create with an account that is not there",
    method: "POST",
    path: PODS,
    body: {
      metadata: { name: "bad" },
      spec: { serviceAccountName: "nobody", containers: [{ name: "c", image: "i" }] },
    },
  },
  { name: "pod: exec before it is bound", method: "POST", path: `${PODS}/p1/exec?command=ls` },
  { name: "pod: exec where there is none", method: "POST", path: `${PODS}/nothing/exec` },
  bind("p1", "node-1"),
  { ...bind("p1", "node-2") },
  bind("nothing", "node-1"),
  {
    name: "pod: bind by the namespace's bindings",
    method: "POST",
    path: "/api/v1/namespaces/{ns}/bindings",
    body: { metadata: { name: "p3" }, target: { kind: "Node", name: "node-1" } },
  },
  { name: "pod: get the bound", path: `${PODS}/p1` },
  {
    name: "pod: status",
    method: "PATCH",
    path: `${PODS}/p1/status`,
    type: "application/strategic-merge-patch+json",
    body: {
      status: {
        phase: "Running",
        podIP: "127.1.2.3",
        conditions: [{ type: "Ready", status: "True" }],
      },
    },
  },
  {
    name: "pod: spec by the status is ignored",
    method: "PATCH",
    path: `${PODS}/p1/status`,
    type: MERGE,
    body: { spec: { containers: null } },
  },
  {
    name: "pod: node name is immutable",
    method: "PATCH",
    path: `${PODS}/p1`,
    type: MERGE,
    body: { spec: { nodeName: "node-2" } },
    compare: "reason",
    because: "the list of fields that may change grew",
  },
  {
    name: "pod: image may change",
    method: "PATCH",
    path: `${PODS}/p1`,
    type: "application/strategic-merge-patch+json",
    body: { spec: { containers: [{ name: "c", image: "example.com/web:2" }] } },
  },
  { name: "pod: list by phase", path: `${PODS}?fieldSelector=status.phase%3DRunning` },
  {
    name: "pod: list by node",
    path: `${PODS}?fieldSelector=spec.nodeName%3Dnode-1,metadata.name%3Dp1`,
  },
  {
    name: "pod: log of a container that is not there",
    path: `${PODS}/p1/log?container=nothing`,
  },
  { name: "pod: log of a pod that is not there", path: `${PODS}/nothing/log` },
  { name: "pod: log of one that is not placed", path: `${PODS}/p2/log` },
  { name: "pod: delete one that is not placed", method: "DELETE", path: `${PODS}/p2` },
  { name: "pod: it is gone", path: `${PODS}/p2` },
  {
    name: "pod: watch that deletion",
    path: `${PODS}?watch=true&resourceVersion={pVersion}&fieldSelector=metadata.name%3Dp2`,
    events: 2,
  },
  { name: "pod: delete one that runs", method: "DELETE", path: `${PODS}/p1` },
  { name: "pod: it is ending", path: `${PODS}/p1` },
  {
    name: "pod: delete it again",
    method: "DELETE",
    path: `${PODS}/p1`,
  },
  {
    name: "pod: shorten the grace",
    method: "DELETE",
    path: `${PODS}/p1`,
    body: { apiVersion: "v1", kind: "DeleteOptions", gracePeriodSeconds: 5 },
  },
  {
    name: "pod: the grace cannot grow",
    method: "DELETE",
    path: `${PODS}/p1?gracePeriodSeconds=60`,
  },
  {
    name: "pod: bind one that is ending",
    method: "POST",
    path: `${PODS}/p1/binding`,
    body: { metadata: { name: "p1" }, target: { kind: "Node", name: "n" } },
  },
  {
    name: "pod: force",
    method: "DELETE",
    path: `${PODS}/p1`,
    body: { apiVersion: "v1", kind: "DeleteOptions", gracePeriodSeconds: 0 },
  },
  { name: "pod: the forced is gone", path: `${PODS}/p1` },
  {
    name: "pod: evict",
    method: "POST",
    path: `${PODS}/p3/eviction`,
    body: { apiVersion: "policy/v1beta1", kind: "Eviction", metadata: { name: "p3" } },
    compare: "code",
    because: "the older server knows policy/v1beta1 only",
  },
];
