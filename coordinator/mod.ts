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
export type {
  ChangeType,
  ConnectionState,
  CoordinatorEvent,
  CoordinatorEvents,
  DeploymentEvent,
  DeploymentState,
  Happened,
  PodEvent,
  PodPhase,
  PodState,
} from "./events/events.ts";
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
  loadClusterConfig,
  plainClusterConfig,
  type PlainClusterOptions,
  type Presented,
  type TlsMaterial,
} from "../kube/mod.ts";
export type { CoordinatorOptions } from "./options.ts";
export type { WatchOptions } from "./cluster_view.ts";
export { MAX_WORKLOAD_NAME, type RunParams } from "./workloads/run_params.ts";
export type { WaitForWorkloadOptions, Workload } from "./workloads/workload.ts";
