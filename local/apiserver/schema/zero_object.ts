/**
 * What an object of a kind looks like before anything is set: the parts that are always there. A
 * creation is compared with it, so that nobody owns those parts themselves.
 *
 * @module
 */

import type { JsonObject } from "./schema.ts";

const TEMPLATE: JsonObject = { metadata: {}, spec: { containers: null } };
const WORKLOAD: JsonObject = { selector: null, template: TEMPLATE };

/** Parts by kind; those of {@linkcode COMMON} for all others. */
const PARTS: Record<string, JsonObject> = {
  ClusterRole: { rules: null },
  ClusterRoleBinding: { roleRef: { apiGroup: "", kind: "", name: "" } },
  ControllerRevision: { data: null, revision: 0 },
  CronJob: {
    spec: { schedule: "", jobTemplate: { metadata: {}, spec: { template: TEMPLATE } } },
    status: {},
  },
  DaemonSet: { spec: { ...WORKLOAD, updateStrategy: {} }, status: {} },
  Deployment: { spec: { ...WORKLOAD, strategy: {} }, status: {} },
  EndpointSlice: { addressType: "", endpoints: null, ports: null },
  Event: {
    involvedObject: {},
    source: {},
    firstTimestamp: null,
    lastTimestamp: null,
    eventTime: null,
    reportingComponent: "",
    reportingInstance: "",
  },
  Job: { spec: { template: TEMPLATE }, status: {} },
  Lease: { spec: {} },
  Namespace: { spec: {}, status: {} },
  Node: {
    spec: {},
    status: { daemonEndpoints: { kubeletEndpoint: { Port: 0 } }, nodeInfo: {} },
  },
  PersistentVolume: { spec: {}, status: {} },
  PersistentVolumeClaim: { spec: { resources: {} }, status: {} },
  Pod: { spec: { containers: null }, status: {} },
  PodDisruptionBudget: { spec: {}, status: {} },
  PodTemplate: { template: TEMPLATE },
  ReplicaSet: { spec: WORKLOAD, status: { replicas: 0 } },
  ReplicationController: { spec: {}, status: { replicas: 0 } },
  Role: { rules: null },
  RoleBinding: { roleRef: { apiGroup: "", kind: "", name: "" } },
  Service: { spec: {}, status: { loadBalancer: {} } },
  StatefulSet: { spec: { ...WORKLOAD, serviceName: "", updateStrategy: {} }, status: {} },
};

/** Parts of the newer Event. */
const NEW_EVENT: JsonObject = {
  eventTime: null,
  regarding: {},
  deprecatedSource: {},
  deprecatedFirstTimestamp: null,
  deprecatedLastTimestamp: null,
};

/** The parts that are there before anything is set. */
export function zeroObject(group: string, kind: string): JsonObject {
  const parts = kind === "Event" && group === "events.k8s.io" ? NEW_EVENT : PARTS[kind];
  return { metadata: {}, ...parts };
}
