/**
 * A coordinator: launches, coordinates and monitors the workers of an application.
 *
 * @module
 */
export {
  Coordinator,
  type CoordinatorEventsOptions,
  type CoordinatorHealth,
  type CoordinatorStartOptions,
} from "./coordinator.ts";
export type { BatchHandle, BatchProgress, BatchSummary } from "./batches/batch.ts";
export type { BatchOptions, BatchWorkers } from "./batches/batch_options.ts";
export type { BatchFailure } from "./batches/batch_record.ts";
export type {
  ConnectionState,
  CoordinatorDisconnectedEvent,
  CoordinatorDriftedEvent,
  CoordinatorEscalatedEvent,
  CoordinatorEvent,
  CoordinatorEventFields,
  CoordinatorEvents,
  CoordinatorEventType,
  CoordinatorFollowingEvent,
  CoordinatorGroupRestartedEvent,
  CoordinatorLeadingEvent,
  CoordinatorLifeEvent,
  CoordinatorLostEvent,
  CoordinatorQuarantinedEvent,
  CoordinatorStaleEvent,
  CoordinatorStoppedWorkloadEvent,
  CronJobEvent,
  CronJobState,
  DaemonSetEvent,
  DaemonSetState,
  DeploymentEvent,
  DeploymentState,
  Happened,
  HeadState,
  JobEvent,
  JobState,
  NodeEvent,
  NodeEventType,
  NodePressure,
  NodeState,
  PodDeletedEvent,
  PodEvent,
  PodEventFields,
  PodEventType,
  PodFailedEvent,
  PodFailingEvent,
  PodFailure,
  PodPendingEvent,
  PodPhase,
  PodReadyEvent,
  PodRestartedEvent,
  PodRunningEvent,
  PodScheduledEvent,
  PodStartingEvent,
  PodState,
  PodSucceededEvent,
  PodTerminatingEvent,
  PodUnreadyEvent,
  StatefulSetEvent,
  StatefulSetState,
  WorkloadEvent,
  WorkloadEventFields,
  WorkloadEventType,
  WorkloadState,
} from "./events/events.ts";
export { coordinatorEventSchema } from "./events/coordinator_event_schema.ts";
export type { EventSchema } from "./events/event_schema.ts";
export { nodeEventSchema } from "./events/node_event_schema.ts";
export { podEventSchema } from "./events/pod_event_schema.ts";
export { workloadEventSchema } from "./events/workload_event_schema.ts";
export { explain, type ExplainOptions } from "./recorder/explain_pod.ts";
export { explainWorkload, type ExplainWorkloadOptions } from "./recorder/explain_workload.ts";
export type { ErrorHandler, Handler } from "../runtime/mod.ts";
export {
  ApiError,
  type ApiErrorInit,
  type ApiStatus,
  type ClusterConfig,
  type ClusterConfigOptions,
  ConfigError,
  ConnectionError,
  type Credentials,
  type ExecResult,
  type ExecStreams,
  loadClusterConfig,
  plainClusterConfig,
  type PlainClusterOptions,
  type Presented,
  type TlsMaterial,
} from "../kube/mod.ts";
export type { CoordinatorOptions, ElectionSettings, MessagingSettings } from "./options.ts";
export type { HealthOptions } from "./health/health_options.ts";
export type { LeadingTerm } from "./leadership/leading_handlers.ts";
export { NotLeadingError } from "./leadership/mandate.ts";
export type {
  ChangeData,
  DecisionData,
  Entry,
  EntryData,
  HandlerData,
  LeadershipData,
  ObjectRef,
  OperationData,
  WriteData,
} from "./recorder/entries.ts";
export { RecordError } from "./records/mod.ts";
export {
  FlightRecorder,
  type FlightRecorderOptions,
  type RecordOptions,
} from "./recorder/flight_recorder.ts";
export type {
  CronTimerOptions,
  InterruptedPolicy,
  MissedPolicy,
  Timer,
  TimerEvent,
  TimerOptions,
} from "./timers/mod.ts";
export type { WatchOptions } from "./cluster_view.ts";
export type { Head, HeadKind } from "./workloads/definition/mod.ts";
export type { StorageParams, VolumeParams } from "./workloads/definition/params/disks.ts";
export type { ConfigMapValue, EnvValue, SecretValue } from "./workloads/definition/params/env.ts";
export type { JobParams } from "./workloads/definition/params/job.ts";
export type {
  EveryNodeParams,
  PlacementParams,
  SpreadParams,
  TolerationParams,
} from "./workloads/definition/params/placement.ts";
export type { PortParams } from "./workloads/definition/params/ports.ts";
export type { ProbeParams, ProbesParams } from "./workloads/definition/params/probes.ts";
export type { Amount, ResourcesParams } from "./workloads/definition/params/resources.ts";
export type { RolloutParams, StrategyParams } from "./workloads/definition/params/rollout.ts";
export type { ScheduleParams } from "./workloads/definition/params/schedule.ts";
export type { SecurityParams } from "./workloads/definition/params/security.ts";
export type { SupervisionParams } from "./workloads/definition/params/supervision.ts";
export type { WorkersParams } from "./workloads/definition/params/workers.ts";
export { MAX_WORKLOAD_NAME, type RunParams } from "./workloads/run_params.ts";
export type { PrimitiveKind, PrimitiveRef } from "../manifests/mod.ts";
export type {
  Escalation,
  GroupRestart,
  Quarantine,
  StoppedBySupervision,
  SupervisionFact,
  SupervisionStrategy,
  WorkerFailure,
} from "./supervision/mod.ts";
export type { ClusterEvent } from "./workloads/operations/cluster_event.ts";
export type { DeleteOptions } from "./workloads/operations/delete.ts";
export type { WorkloadEventsOptions } from "./workloads/operations/events.ts";
export type {
  ExecOptions,
  ExecStreamOptions,
  WorkloadExecResult,
  WorkloadExecStreams,
} from "./workloads/operations/exec.ts";
export type { LogsOptions, WorkloadLogLine } from "./workloads/operations/logs.ts";
export type { ReadyOptions } from "./workloads/operations/ready.ts";
export { RolloutError, type RolloutErrorOptions } from "./workloads/operations/rollout_error.ts";
export type { ProgressOptions, RolloutProgress } from "./workloads/operations/rollout_progress.ts";
export type { ScaleOptions } from "./workloads/operations/scale.ts";
export type { WaitForWorkloadOptions } from "./workloads/operations/scope.ts";
export type { WorkloadStatus } from "./workloads/operations/status.ts";
export type { UndoOptions } from "./workloads/operations/undo.ts";
export type { Workload } from "./workloads/workload.ts";
