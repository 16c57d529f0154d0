import { type ExecResult, type ExecStreams, podExec, podExecStream } from "../../../kube/mod.ts";
import type { PodState } from "../../events/events.ts";
import { WORKER_CONTAINER } from "../../labels.ts";
import { waitFor } from "../../wait.ts";
import type { Scope } from "./scope.ts";

/** Bytes of each output that `exec` keeps, if it is not told. */
const MAX_OUTPUT = 1024 * 1024;

/** Options of `Workload.execStream`. */
export interface ExecStreamOptions {
  /**
   * Name of the pod to run it in.
   * @default the first ready one, by name
   */
  pod?: string;
  /** Whether something will be written to the command's stdin. @default false */
  stdin?: boolean;
  /** Ends the connection when it aborts; the command may go on. */
  signal?: AbortSignal;
}

/** Options of `Workload.exec`. */
export interface ExecOptions extends Omit<ExecStreamOptions, "stdin"> {
  /** What the command reads; then its stdin ends, which needs Kubernetes 1.30. @default no stdin */
  stdin?: string | Uint8Array | ReadableStream<Uint8Array>;
  /** Milliseconds that it may take. @default without end */
  timeout?: number;
  /**
   * Bytes that each output may have.
   * @default 1_048_576
   */
  maxOutput?: number;
}

/** How a command ended, and where. */
export interface WorkloadExecResult extends ExecResult {
  /** Name of the pod in which it ran. */
  readonly pod: string;
}

/** A command that runs, and where. */
export interface WorkloadExecStreams extends ExecStreams {
  /** Name of the pod in which it runs. */
  readonly pod: string;
}

/** See `Workload.exec`. */
export async function execInWorkload(
  scope: Scope,
  command: readonly string[],
  options: ExecOptions,
): Promise<WorkloadExecResult> {
  const { pod: wanted, maxOutput = MAX_OUTPUT, signal: given, ...others } = options;
  const signal = scope.signal(given);
  const pod = await choosePod(scope, wanted, signal);
  const request = { ...others, ...whereIn(pod), command, maxOutput, signal };
  return { pod: pod.name, ...await podExec(scope.context.client, request) };
}

/** See `Workload.execStream`. */
export async function execStreamInWorkload(
  scope: Scope,
  command: readonly string[],
  options: ExecStreamOptions,
): Promise<WorkloadExecStreams> {
  const { pod: wanted, stdin, signal: given } = options;
  const signal = scope.signal(given);
  const pod = await choosePod(scope, wanted, signal);
  const request = { stdin, ...whereIn(pod), command, signal };
  return { pod: pod.name, ...await podExecStream(scope.context.client, request) };
}

async function choosePod(
  scope: Scope,
  wanted: string | undefined,
  signal: AbortSignal,
): Promise<PodState> {
  return await waitFor([scope.view().pods], signal, () => {
    const pods = scope.pods();
    const found = pods.find(({ name, ready }) => wanted === undefined ? ready : name === wanted);
    if (found !== undefined) return found;
    const what = wanted === undefined ? "no pod of it is ready" : `it has no pod "${wanted}"`;
    throw new Error(`Cannot run a command in "${scope.name}": ${what}`);
  });
}

/** The worker's container; a cluster may add others, such as proxies. */
function whereIn({ name, namespace, source }: PodState) {
  const containers = source.spec?.containers ?? [];
  const worker = containers.find((one) => one.name === WORKER_CONTAINER) ?? containers[0];
  return { pod: name, namespace, container: worker?.name };
}
