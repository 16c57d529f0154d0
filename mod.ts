/**
 * Native distributed applications on Kubernetes, in TypeScript, without knowing Kubernetes: a
 * coordinator launches, coordinates and monitors worker processes; a worker holds the
 * application's logic.
 *
 * The coordinator:
 *
 * ```ts ignore
 * import { Coordinator } from "@troupe/troupe";
 *
 * await using coordinator = await Coordinator.create({ name: "greeter-supervisor" });
 * coordinator.onPodEvent(async (e) => {
 *   if (!e.running) return;
 *   const response = await fetch(`http://${e.podIP}:${e.port}/`);
 *   console.log(await response.text());
 * });
 * await coordinator.run({ name: "worker", image: "worker:latest", replicas: 1, port: 8086 });
 * await coordinator.start();
 * ```
 *
 * The worker:
 *
 * ```ts ignore
 * import { Worker } from "@troupe/troupe";
 *
 * const worker = await Worker.create({ name: "greeter-worker", port: 8086 });
 * worker.serve(() => new Response("Hello, world!\n"));
 * await worker.start();
 * ```
 *
 * @module
 */
export {
  type Amount,
  ApiError,
  type ApiErrorInit,
  type ApiStatus,
  type ChangeData,
  type ClusterConfig,
  type ClusterConfigOptions,
  type ClusterEvent,
  ConfigError,
  type ConfigMapValue,
  ConnectionError,
  type ConnectionState,
  Coordinator,
  type CoordinatorDisconnectedEvent,
  type CoordinatorDriftedEvent,
  type CoordinatorEscalatedEvent,
  type CoordinatorEvent,
  type CoordinatorEventFields,
  type CoordinatorEvents,
  coordinatorEventSchema,
  type CoordinatorEventsOptions,
  type CoordinatorEventType,
  type CoordinatorFollowingEvent,
  type CoordinatorGroupRestartedEvent,
  type CoordinatorHealth,
  type CoordinatorLeadingEvent,
  type CoordinatorLifeEvent,
  type CoordinatorLostEvent,
  type CoordinatorOptions,
  type CoordinatorQuarantinedEvent,
  type CoordinatorStaleEvent,
  type CoordinatorStartOptions,
  type CoordinatorStoppedWorkloadEvent,
  type Credentials,
  type CronJobEvent,
  type CronJobState,
  type DaemonSetEvent,
  type DaemonSetState,
  type DecisionData,
  type DeleteOptions,
  type DeploymentEvent,
  type DeploymentState,
  type ElectionSettings,
  type Entry,
  type EntryData,
  type EnvValue,
  type ErrorHandler,
  type EventSchema,
  type EveryNodeParams,
  type ExecOptions,
  type ExecResult,
  type ExecStreamOptions,
  explain,
  type ExplainOptions,
  explainWorkload,
  type ExplainWorkloadOptions,
  FlightRecorder,
  type FlightRecorderOptions,
  type Handler,
  type HandlerData,
  type Happened,
  type Head,
  type HeadKind,
  type HeadState,
  type HealthOptions,
  type JobEvent,
  type JobParams,
  type JobState,
  type LeadershipData,
  type LeadingTerm,
  loadClusterConfig,
  type LogsOptions,
  MAX_WORKLOAD_NAME,
  type NodeEvent,
  nodeEventSchema,
  type NodeEventType,
  type NodePressure,
  type NodeState,
  NotLeadingError,
  type ObjectRef,
  type OperationData,
  type PlacementParams,
  plainClusterConfig,
  type PlainClusterOptions,
  type PodDeletedEvent,
  type PodEvent,
  type PodEventFields,
  podEventSchema,
  type PodEventType,
  type PodFailedEvent,
  type PodFailingEvent,
  type PodFailure,
  type PodPendingEvent,
  type PodPhase,
  type PodReadyEvent,
  type PodRestartedEvent,
  type PodRunningEvent,
  type PodScheduledEvent,
  type PodStartingEvent,
  type PodState,
  type PodSucceededEvent,
  type PodTerminatingEvent,
  type PodUnreadyEvent,
  type PortParams,
  type Presented,
  type ProbeParams,
  type ProbesParams,
  type ProgressOptions,
  type ReadyOptions,
  type RecordOptions,
  type ResourcesParams,
  RolloutError,
  type RolloutErrorOptions,
  type RolloutParams,
  type RolloutProgress,
  type RunParams,
  type ScheduleParams,
  type SecretValue,
  type SecurityParams,
  type SpreadParams,
  type StatefulSetEvent,
  type StatefulSetState,
  type StorageParams,
  type StrategyParams,
  type SupervisionFact,
  type SupervisionParams,
  type TlsMaterial,
  type TolerationParams,
  type UndoOptions,
  type VolumeParams,
  type WaitForWorkloadOptions,
  type WatchOptions,
  type Workload,
  type WorkloadEvent,
  type WorkloadEventFields,
  workloadEventSchema,
  type WorkloadEventsOptions,
  type WorkloadEventType,
  type WorkloadExecStreams,
  type WorkloadLogLine,
  type WorkloadState,
  type WorkloadStatus,
  type WriteData,
} from "./coordinator/mod.ts";
export {
  type ServeHandler,
  Worker,
  type WorkerEvent,
  type WorkerOptions,
  type WorkerStartOptions,
} from "./worker/mod.ts";
