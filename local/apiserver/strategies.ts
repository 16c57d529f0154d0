/** What single kinds do on create and update beyond what all kinds do. */
import type { Backend } from "./backend.ts";
import { withGeneratedSelector } from "./job_selector.ts";
import type { KindInfo } from "./kinds.ts";
import { type ApiObject, at, deepEqual, isObject, type JsonObject } from "./object.ts";
import { allocateAddresses, keepAddresses } from "./service_addresses.ts";
import { newClaim, newVolume } from "./volume_claims.ts";

/** Hooks of one kind; each answers a new object. */
export interface Strategy {
  /** What a body means, before defaults; also on update. */
  decode?(object: ApiObject): ApiObject;
  /** After defaults: what admission and the server add. Clients do not own it. */
  create?(object: ApiObject, backend: Backend): ApiObject;
  /** For updates of the main resource. */
  update?(next: ApiObject, old: ApiObject): ApiObject;
  /** For updates of the status subresource; status itself is already taken over. */
  updateStatus?(next: ApiObject, old: ApiObject): ApiObject;
  /** Whether an update counts as a new generation. @default the spec differs */
  isNewGeneration?(next: ApiObject, old: ApiObject): boolean;
}

const TOLERATION_SECONDS = 300;
const DEFAULT_TOLERATIONS = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

const pods: Strategy = {
  create(pod) {
    const spec = (isObject(pod.spec) ? pod.spec : {}) as JsonObject;
    const account = spec.serviceAccountName || spec.serviceAccount || "default";
    const tolerations = Array.isArray(spec.tolerations) ? spec.tolerations as JsonObject[] : [];
    const missing = DEFAULT_TOLERATIONS.filter((key) =>
      !tolerations.some((toleration) =>
        (toleration.key === key || !toleration.key) &&
        (toleration.effect === "NoExecute" || !toleration.effect)
      )
    );
    return {
      ...pod,
      spec: {
        ...spec,
        serviceAccountName: account,
        serviceAccount: account,
        priority: spec.priority ?? 0,
        preemptionPolicy: spec.preemptionPolicy ?? "PreemptLowerPriority",
        tolerations: [
          ...tolerations,
          ...missing.map((key) => ({
            key,
            operator: "Exists",
            effect: "NoExecute",
            tolerationSeconds: TOLERATION_SECONDS,
          })),
        ],
      },
      status: { phase: "Pending", qosClass: qosClass(spec) },
    };
  },
  updateStatus(next, old) {
    const { ownerReferences } = old.metadata;
    const status: JsonObject = { ...next.status as JsonObject };
    status.qosClass = at(old, "status", "qosClass");
    const { podIP, podIPs } = status;
    if (podIP && at((podIPs as JsonObject[] | undefined)?.[0], "ip") !== podIP) {
      status.podIPs = [{ ip: podIP }];
    }
    return { ...next, status, metadata: { ...next.metadata, ownerReferences } };
  },
};

/** Guaranteed, Burstable or BestEffort, from the resources of all containers. */
function qosClass(spec: JsonObject): string {
  const containers = [spec.containers, spec.initContainers].flatMap((list) =>
    Array.isArray(list) ? list as JsonObject[] : []
  );
  let any = false;
  let guaranteed = containers.length > 0;
  for (const container of containers) {
    const requests = at(container, "resources", "requests") as JsonObject | undefined;
    const limits = at(container, "resources", "limits") as JsonObject | undefined;
    for (const name of ["cpu", "memory"]) {
      const request = requests?.[name];
      const limit = limits?.[name];
      if (request !== undefined || limit !== undefined) any = true;
      if (limit === undefined || (request !== undefined && String(request) !== String(limit))) {
        guaranteed = false;
      }
    }
  }
  return !any ? "BestEffort" : guaranteed ? "Guaranteed" : "Burstable";
}

const namespaces: Strategy = {
  create(namespace) {
    const spec = isObject(namespace.spec) ? namespace.spec : {};
    const finalizers = Array.isArray(spec.finalizers) ? spec.finalizers : [];
    return {
      ...namespace,
      metadata: {
        ...namespace.metadata,
        labels: {
          ...namespace.metadata.labels,
          "kubernetes.io/metadata.name": namespace.metadata.name as string,
        },
      },
      spec: { ...spec, finalizers: [...new Set([...finalizers, "kubernetes"])] },
      status: { phase: "Active" },
    };
  },
  update(next, old) {
    const spec = {
      ...(isObject(next.spec) ? next.spec : {}),
      finalizers: at(old, "spec", "finalizers"),
    };
    const labels = {
      ...next.metadata.labels,
      "kubernetes.io/metadata.name": next.metadata.name as string,
    };
    return { ...next, spec, metadata: { ...next.metadata, labels } };
  },
};

const deployments: Strategy = {
  create: (object) => ({ ...object, status: {} }),
  updateStatus: (next, old) => ({
    ...next,
    metadata: { ...next.metadata, labels: old.metadata.labels },
  }),
  isNewGeneration: (next, old) =>
    !deepEqual(next.spec, old.spec) ||
    !deepEqual(next.metadata.annotations ?? {}, old.metadata.annotations ?? {}),
};

const replicaSets: Strategy = {
  create: (object) => ({ ...object, status: { replicas: 0 } }),
};

const services: Strategy = {
  create: (object, backend) => ({
    ...allocateAddresses(object, backend),
    status: { loadBalancer: {} },
  }),
  update: keepAddresses,
};

const nodes: Strategy = {
  // A node registers itself together with its status.
  create: (object) => ({
    ...object,
    spec: isObject(object.spec) ? object.spec : {},
    status: isObject(object.status) ? object.status : {},
  }),
};

const secrets: Strategy = {
  decode: withBinary,
};

/** stringData is written, never read: it becomes data. */
function withBinary(secret: ApiObject): ApiObject {
  const { stringData, ...rest } = secret;
  const typed = { ...rest, type: rest.type || "Opaque" } as ApiObject;
  if (!isObject(stringData)) return typed;
  const data: JsonObject = isObject(secret.data) ? { ...secret.data } : {};
  for (const key in stringData) {
    const bytes = new TextEncoder().encode(String(stringData[key]));
    data[key] = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  }
  return { ...typed, data };
}

const jobs: Strategy = {
  create: (object) => ({ ...withGeneratedSelector(object), status: {} }),
};

const endpointSlices: Strategy = {
  isNewGeneration: (next, old) =>
    !deepEqual(contentOf(next), contentOf(old)) ||
    !deepEqual(next.metadata.labels ?? {}, old.metadata.labels ?? {}),
};

function contentOf(object: ApiObject): JsonObject {
  const { metadata: _, ...content } = object;
  return content;
}

/** A status that clients cannot send with a new object. */
function freshStatus(status: JsonObject): Strategy {
  return { create: (object) => ({ ...object, status }) };
}

/** Counts the changes of a daemon set's template; older clients of its pods look at it. */
const TEMPLATE_GENERATION = "deprecated.daemonset.template.generation";

const daemonSets: Strategy = {
  create: (object) =>
    withTemplateGeneration({
      ...object,
      status: {
        currentNumberScheduled: 0,
        numberMisscheduled: 0,
        desiredNumberScheduled: 0,
        numberReady: 0,
      },
    }, 1),
  update(next, old) {
    const before = Number(old.metadata.annotations?.[TEMPLATE_GENERATION] ?? 0);
    const isChanged = !deepEqual(at(next, "spec", "template"), at(old, "spec", "template"));
    return withTemplateGeneration(next, isChanged ? before + 1 : before);
  },
};

function withTemplateGeneration(object: ApiObject, count: number): ApiObject {
  const annotations = { ...object.metadata.annotations, [TEMPLATE_GENERATION]: String(count) };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

const STRATEGIES: Record<string, Strategy> = {
  persistentvolumeclaims: { create: newClaim },
  persistentvolumes: { create: newVolume },
  replicationcontrollers: freshStatus({ replicas: 0 }),
  "daemonsets.apps": daemonSets,
  "statefulsets.apps": freshStatus({ replicas: 0, availableReplicas: 0 }),
  "poddisruptionbudgets.policy": freshStatus({
    disruptionsAllowed: 0,
    currentHealthy: 0,
    desiredHealthy: 0,
    expectedPods: 0,
  }),
  pods,
  namespaces,
  nodes,
  secrets,
  services,
  "deployments.apps": deployments,
  "replicasets.apps": replicaSets,
  "jobs.batch": jobs,
  "cronjobs.batch": freshStatus({}),
  "endpointslices.discovery.k8s.io": endpointSlices,
};

/** The strategy of a kind. */
export function strategyOf(kind: KindInfo): Strategy {
  return STRATEGIES[kind.storage] ?? {};
}
