/**
 * The subprotocols in which commands in pods are spoken: the first byte of each message tells the
 * channel. Both end with a Status on the error channel; v5 can also close a single channel, which is
 * how a command learns that its stdin has ended.
 */
import { ApiError, type ApiStatus } from "../transport/mod.ts";

/** Subprotocols, the preferred one first. */
export const EXEC_PROTOCOLS: readonly string[] = ["v5.channel.k8s.io", "v4.channel.k8s.io"];

/** The one that can close a channel. */
export const CLOSES_CHANNELS = "v5.channel.k8s.io";

/** First bytes of messages. */
export const CHANNELS = {
  stdin: 0,
  stdout: 1,
  stderr: 2,
  error: 3,
  resize: 4,
  close: 255,
} as const;

/** Whose command it was, for errors. */
export interface ExecTarget {
  readonly namespace: string;
  readonly pod: string;
  readonly container?: string;
}

/** `exec in container "c" of pod "p" in namespace "n"`. */
export function describeExec({ namespace, pod, container }: ExecTarget): string {
  const inside = container === undefined ? "" : `container "${container}" of `;
  return `exec in ${inside}pod "${pod}" in namespace "${namespace}"`;
}

/** The exit code that a Status tells; throws an {@linkcode ApiError} if the command did not run. */
export function exitCodeOf(message: Uint8Array, target: ExecTarget): number {
  const text = new TextDecoder().decode(message);
  let status: ApiStatus & { status?: string };
  try {
    status = JSON.parse(text);
  } catch {
    status = { message: text };
  }
  if (status.status === "Success") return 0;
  if (status.reason === "NonZeroExitCode") {
    const cause = status.details?.causes?.find(({ reason }) => reason === "ExitCode");
    const code = Number(cause?.message);
    if (Number.isInteger(code)) return code;
  }
  const said = (status.message || "it failed without a word").trim();
  throw new ApiError(`Cannot ${describeExec(target)}: ${said}`, {
    httpCode: status.code ?? 500,
    reason: status.reason || undefined,
    status,
    verb: "get",
    resource: "pods/exec",
    name: target.pod,
    namespace: target.namespace,
  });
}
