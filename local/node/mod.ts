/**
 * The node agent: registers a node with any Kubernetes API server and runs the pods that are bound
 * to it as processes of this machine, or simulates them.
 *
 * @module
 */
export { NodeAgent, type NodeAgentOptions } from "./node_agent.ts";
export type { PodAddressMode } from "./addresses.ts";
export { KUBELET_BACKOFF, LOCAL_BACKOFF, type RestartBackoff } from "./backoff.ts";
export { type Clock, ManualClock, SystemClock, systemClock } from "./clock.ts";
export type { ImageSpec } from "./image.ts";
export type { LogOptions } from "./log_lines.ts";
export type { ExecAnswer, ExecRequest } from "./exec_socket.ts";
export type { LogAnswer, LogRequest } from "./kubelet_endpoint.ts";
export type { NodeCapacity } from "./node_object.ts";
export type { HeartbeatOptions } from "./node_registration.ts";
export { processStartTime, signalGroup } from "./processes.ts";
export { ProcessRuntime, type ProcessRuntimeOptions } from "./process_runtime.ts";
export {
  type ActionPurpose,
  type ActionResult,
  type ContainerAction,
  type ContainerConfig,
  type ContainerExit,
  type ContainerRef,
  type ExecProcess,
  type PodRef,
  type RunningContainer,
  type Runtime,
  StartError,
} from "./runtime.ts";
export { SimulatedRuntime, type SimulatedRuntimeOptions } from "./simulated_runtime.ts";
export { type Stage, STAGE_ANNOTATION, type StageDuration } from "./stage.ts";
