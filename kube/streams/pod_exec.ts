import { ConnectionError } from "../transport/mod.ts";
import { describeExec } from "./exec_protocol.ts";
import { type ExecClient, type ExecOptions, podExecStream } from "./pod_exec_stream.ts";

/** Which command, where, and with what. */
export interface PodExecOptions extends Omit<ExecOptions, "stdin"> {
  /** What the command reads; then its stdin ends. @default no stdin */
  stdin?: ReadableStream<Uint8Array> | Uint8Array | string;
  /** Milliseconds that all of it may take, the connecting included. @default without end */
  timeout?: number;
  /** Bytes that each output may have. @default 16 MiB */
  maxOutput?: number;
}

/** How a command ended, and what it printed. */
export interface ExecResult {
  /** 0 if it succeeded; 128 + n if signal n ended it. */
  readonly exitCode: number;
  /** What it printed, as UTF-8. */
  readonly stdout: string;
  /** What it printed as errors, as UTF-8. */
  readonly stderr: string;
}

const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

/**
 * Runs a command in a pod to its end. An exit code other than 0 is a result, not an error.
 *
 * Rejects as {@linkcode podExecStream} and its `status` do; with a ConnectionError whose `timedOut`
 * is true after `timeout`; with a RangeError when an output is too long (then use
 * {@linkcode podExecStream}); with what a `stdin` stream failed with.
 *
 * @example
 * ```ts ignore
 * const { exitCode, stdout } = await podExec(transport, {
 *   namespace: "default",
 *   pod: "worker-1",
 *   command: ["cat", "/etc/hostname"],
 *   timeout: 10_000,
 * });
 * ```
 */
export async function podExec(client: ExecClient, options: PodExecOptions): Promise<ExecResult> {
  const { timeout, stdin, maxOutput = MAX_OUTPUT_BYTES, signal } = options;
  signal?.throwIfAborted();
  const life = new AbortController();
  const abort = () => life.abort(signal!.reason);
  signal?.addEventListener("abort", abort, { once: true });
  const timer = timeout === undefined ? undefined : setTimeout(() => {
    life.abort(
      new ConnectionError(`Cannot ${describeExec(options)}: it did not end within ${timeout} ms`, {
        timedOut: true,
      }),
    );
  }, timeout);
  try {
    const streams = await podExecStream(client, {
      ...options,
      stdin: stdin !== undefined,
      signal: life.signal,
    });
    const fed = feed(streams.stdin, stdin, life);
    const outputs = ["stdout", "stderr"] as const;
    const [stdout, stderr] = outputs.map((name) =>
      collect(streams[name], { name, maxOutput, life, target: options })
    ) as [Promise<string>, Promise<string>];
    const [ended] = await Promise.allSettled([streams.status, stdout, stderr]);
    if (life.signal.aborted) throw life.signal.reason;
    if (ended.status === "rejected") throw ended.reason;
    life.abort(new Error("the command has ended")); // what it did not read of its stdin
    await fed;
    return { exitCode: ended.value.exitCode, stdout: await stdout, stderr: await stderr };
  } catch (error) {
    life.abort(error);
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}

/**
 * Writes all of stdin. A source that fails ends the command, and so does a server that cannot pass on
 * the end; a command that does not read all of it is fine.
 */
async function feed(
  to: WritableStream<Uint8Array>,
  stdin: PodExecOptions["stdin"],
  life: AbortController,
): Promise<void> {
  if (stdin === undefined) return;
  const bytes = typeof stdin === "string" ? new TextEncoder().encode(stdin) : stdin;
  const source = bytes instanceof Uint8Array ? ReadableStream.from([bytes]) : bytes;
  const reader = source.getReader();
  const writer = to.getWriter();
  writer.closed.catch(() => {}); // each call tells it
  const stop = () => reader.cancel(life.signal.reason).catch(() => {});
  life.signal.addEventListener("abort", stop, { once: true });
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((error) => {
        life.abort(error);
        return { done: true, value: undefined } as const;
      });
      if (done || life.signal.aborted) break;
      await writer.write(value);
    }
    if (!life.signal.aborted) await writer.close();
  } catch (error) {
    // that the connection is gone, the status tells
    if (error instanceof DOMException && error.name === "NotSupportedError") life.abort(error);
  } finally {
    life.signal.removeEventListener("abort", stop);
    await stop();
  }
}

async function collect(
  stream: ReadableStream<Uint8Array>,
  limit: { name: string; maxOutput: number; life: AbortController; target: PodExecOptions },
): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  for await (const bytes of stream) {
    length += bytes.length;
    if (length > limit.maxOutput) {
      const error = new RangeError(
        `Cannot ${
          describeExec(limit.target)
        }: its ${limit.name} has more than ${limit.maxOutput} bytes`,
      );
      limit.life.abort(error);
      throw error;
    }
    text += decoder.decode(bytes, { stream: true });
  }
  return text + decoder.decode();
}
