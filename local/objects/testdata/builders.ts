/** Small objects for tests; every one has its own uid. */
import type {
  CronJob,
  Deployment,
  Job,
  Labels,
  Meta,
  Node,
  Pod,
  PodSpec,
  PodTemplate,
  ReplicaSet,
} from "../mod.ts";
import { controlledBy, timestamp } from "../mod.ts";

let uids = 0;

/** The time of all tests that look at a clock, in ms. */
export const NOW = Date.parse("2026-01-01T12:00:00Z");

/** RFC 3339 for a time so many seconds before {@linkcode NOW}. */
export function ago(seconds: number): string {
  return timestamp(NOW - seconds * 1000);
}

export function meta(name: string, more: Partial<Meta> = {}): Meta {
  const uid = more.uid ?? `uid-${name}-${++uids}`;
  return {
    name,
    namespace: "default",
    resourceVersion: "1",
    generation: 1,
    creationTimestamp: ago(3600),
    ...more,
    uid,
  };
}

export function template(image = "app:1", labels: Labels = { app: "web" }): PodTemplate {
  return { metadata: { labels }, spec: { containers: [{ name: "main", image }] } };
}

export function deployment(
  spec: Partial<Deployment["spec"]> = {},
  more: { status?: Deployment["status"]; meta?: Partial<Meta> } = {},
): Deployment {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: meta("web", more.meta),
    spec: {
      replicas: 3,
      progressDeadlineSeconds: 600,
      revisionHistoryLimit: 10,
      selector: { matchLabels: { app: "web" } },
      template: template(),
      strategy: {
        type: "RollingUpdate",
        rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" },
      },
      ...spec,
    },
    status: more.status,
  };
}

export function replicaSet(
  name: string,
  spec: Partial<ReplicaSet["spec"]> = {},
  more: { status?: Partial<ReplicaSet["status"]>; meta?: Partial<Meta> } = {},
): ReplicaSet {
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: meta(name, more.meta),
    spec: { replicas: 3, selector: { matchLabels: { app: "web" } }, template: template(), ...spec },
    status: { replicas: 0, observedGeneration: 1, ...more.status },
  };
}

/** What a test says of a pod. */
export interface PodTraits {
  node?: string;
  phase?: string;
  /** Seconds that the pod has been ready. */
  readyFor?: number;
  age?: number;
  restarts?: number;
  owner?: ReplicaSet;
  labels?: Labels;
  annotations?: Labels;
  deleting?: boolean;
  cpu?: string;
  memory?: string;
  spec?: Partial<PodSpec>;
  uid?: string;
}

export function pod(name: string, traits: PodTraits = {}): Pod {
  const { node, phase = node ? "Running" : "Pending", readyFor, age = 60, owner } = traits;
  const requests: Record<string, string> = {};
  if (traits.cpu) requests.cpu = traits.cpu;
  if (traits.memory) requests.memory = traits.memory;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: meta(name, {
      ...(traits.uid && { uid: traits.uid }),
      labels: traits.labels ?? { app: "web" },
      annotations: traits.annotations,
      creationTimestamp: ago(age),
      ownerReferences: owner && [controlledBy(owner)],
      deletionTimestamp: traits.deleting ? ago(1) : undefined,
    }),
    spec: {
      containers: [{ name: "main", resources: { requests } }],
      nodeName: node,
      ...traits.spec,
    },
    status: {
      phase,
      conditions: readyFor === undefined
        ? []
        : [{ type: "Ready", status: "True", lastTransitionTime: ago(readyFor) }],
      containerStatuses: [{ restartCount: traits.restarts ?? 0 }],
    },
  };
}

/** What a test says of a node. */
export interface NodeTraits {
  ready?: "True" | "False" | "Unknown";
  labels?: Labels;
  taints?: NonNullable<Node["spec"]>["taints"];
  unschedulable?: boolean;
  cpu?: string;
  memory?: string;
  pods?: string;
}

export function node(name: string, traits: NodeTraits = {}): Node {
  const { ready = "True", labels, taints, unschedulable } = traits;
  const { cpu = "4", memory = "8Gi", pods = "110" } = traits;
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      ...meta(name),
      namespace: undefined,
      labels: { "kubernetes.io/hostname": name, ...labels },
    },
    spec: { taints, unschedulable },
    status: {
      allocatable: { cpu, memory, pods },
      conditions: [{ type: "Ready", status: ready, lastTransitionTime: ago(60) }],
    },
  };
}

export function job(
  spec: Partial<Job["spec"]> = {},
  more: { status?: Job["status"]; meta?: Partial<Meta>; name?: string } = {},
): Job {
  const metadata = meta(more.name ?? "sum", more.meta);
  const labels = { "batch.kubernetes.io/controller-uid": metadata.uid };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata,
    spec: {
      parallelism: 1,
      completions: 1,
      backoffLimit: 6,
      completionMode: "NonIndexed",
      selector: { matchLabels: labels },
      ...spec,
      template: spec.template ?? {
        metadata: { labels },
        spec: { restartPolicy: "Never", containers: [{ name: "main", image: "app:1" }] },
      },
    },
    status: more.status,
  };
}

export function cronJob(
  spec: Partial<CronJob["spec"]> = {},
  more: { status?: CronJob["status"]; meta?: Partial<Meta> } = {},
): CronJob {
  return {
    apiVersion: "batch/v1",
    kind: "CronJob",
    metadata: meta("tick", more.meta),
    spec: {
      schedule: "*/10 * * * *",
      concurrencyPolicy: "Allow",
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 1,
      jobTemplate: { metadata: { labels: { app: "tick" } }, spec: { template: template() } },
      ...spec,
    },
    status: more.status,
  };
}
