/**
 * What flows out of and into a pod: its logs, commands that are run in it, and sockets to its ports.
 *
 * @module
 */
export {
  type ExecClient,
  type ExecOptions,
  type ExecStreams,
  podExecStream,
} from "./pod_exec_stream.ts";
export { type ExecResult, podExec, type PodExecOptions } from "./pod_exec.ts";
export { podSocket, type PodSocketOptions, type SocketClient } from "./pod_socket.ts";
export { podLogs, type PodLogsOptions } from "./pod_logs.ts";
export type { LogLine } from "./log_lines.ts";
export type { LoggedPod } from "./container_life.ts";
