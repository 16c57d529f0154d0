/**
 * What the clients of a local cluster's API share: objects as they are on the wire, caches of
 * them, writes as data, events, and the rules by which the API compares, selects and counts.
 *
 * @module
 */
export type {
  CronJob,
  CronJobStatus,
  Job,
  JobSpec,
  JobStatus,
  ObjectReference,
  PodFailurePolicy,
  PodFailureRule,
} from "./batch_types.ts";
export {
  availableIn,
  conditionOf,
  isActive,
  isReady,
  isTerminal,
  timestamp,
  withCondition,
} from "./conditions.ts";
export { canonicalJson, sameJson } from "./equality.ts";
export { EventRecorder, type EventRecorderOptions, type Note } from "./events.ts";
export { Index, type Informer, Informers, type InformersOptions } from "./informer.ts";
export {
  CONTROLLER_REVISIONS,
  CRON_JOBS,
  DAEMON_SETS,
  DEPLOYMENTS,
  EVENTS,
  JOBS,
  type Kind,
  type KindName,
  LEASES,
  metadataKind,
  NAMESPACES,
  NODES,
  PODS,
  REPLICA_SETS,
  SERVICE_ACCOUNTS,
  STATEFUL_SETS,
  STORAGE_CLASSES,
  VOLUME_CLAIMS,
  VOLUMES,
  wholeKind,
} from "./kinds.ts";
export { byAge, controlledBy, controllerOf, isDeleting } from "./owners.ts";
export { perform, type PerformOptions, type Step } from "./perform.ts";
export { milliUnits, nanoUnits, wholeUnits } from "./quantity.ts";
export { selects, selectsAll, selectsNode, selectsNodeByTerm } from "./selectors.ts";
export {
  isTolerated,
  NOT_READY_TAINT,
  tolerates,
  UNREACHABLE_TAINT,
  UNSCHEDULABLE_TAINT,
} from "./taints.ts";
export type {
  ClaimRetention,
  ClaimTemplate,
  ControllerRevision,
  DaemonSet,
  DaemonSetStatus,
  StatefulSet,
  StatefulSetStatus,
} from "./set_types.ts";
export type {
  ClaimReference,
  PersistentVolume,
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
  StorageClass,
} from "./volume_types.ts";
export type {
  Affinity,
  Condition,
  Container,
  ContainerStatus,
  Deployment,
  DeploymentStatus,
  IntOrPercent,
  Item,
  Labels,
  LabelSelector,
  Lease,
  Meta,
  Namespace,
  Node,
  NodeSelectorTerm,
  OwnerReference,
  Pod,
  PodAffinityTerm,
  PodSpec,
  PodTemplate,
  PodVolume,
  ReplicaSet,
  ReplicaSetStatus,
  ResourceList,
  SelectorRequirement,
  Taint,
  Toleration,
  TopologySpreadConstraint,
} from "./types.ts";
export { discoverKinds, type ServedKind } from "./discovery.ts";
export {
  type CallOptions,
  type DeleteOptions,
  type Draft,
  ObjectClient,
  type ObjectName,
  type Write,
} from "./writes.ts";
