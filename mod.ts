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
  ApiError,
  type ApiErrorInit,
  type ApiStatus,
  type ChangeType,
  type ClusterConfig,
  type ClusterConfigOptions,
  ConfigError,
  ConnectionError,
  type ConnectionState,
  Coordinator,
  type CoordinatorEvent,
  type CoordinatorEvents,
  type CoordinatorEventsOptions,
  type CoordinatorHealth,
  type CoordinatorOptions,
  type CoordinatorStartOptions,
  type Credentials,
  type DeploymentEvent,
  type DeploymentState,
  type ErrorHandler,
  type Handler,
  type Happened,
  loadClusterConfig,
  MAX_WORKLOAD_NAME,
  plainClusterConfig,
  type PlainClusterOptions,
  type PodEvent,
  type PodPhase,
  type PodState,
  type Presented,
  type RunParams,
  type TlsMaterial,
  type WaitForWorkloadOptions,
  type WatchOptions,
  type Workload,
} from "./coordinator/mod.ts";
export {
  type ServeHandler,
  Worker,
  type WorkerEvent,
  type WorkerOptions,
  type WorkerStartOptions,
} from "./worker/mod.ts";
