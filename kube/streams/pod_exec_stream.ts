/**
 * Runs a command in a pod and hands its streams on as they come.
 *
 * One loop reads the WebSocket and puts what it gets into one of two outputs; when the reader of that
 * output is slow, the loop waits, and with it the server. So both outputs must be read, or canceled:
 * what waits for one holds up the other too.
 */
import { ConnectionError, type Transport } from "../transport/mod.ts";
import {
  CHANNELS,
  CLOSES_CHANNELS,
  describeExec,
  EXEC_PROTOCOLS,
  type ExecTarget,
  exitCodeOf,
} from "./exec_protocol.ts";
import { OutputChannel } from "./output_channel.ts";

/** What is asked of a transport. */
export type ExecClient = Pick<Transport, "openSocket">;

/** Which command, and where. */
export interface ExecOptions {
  /** The pod's namespace. */
  namespace: string;
  /** The pod's name. */
  pod: string;
  /** The container's name. @default the only container; a pod with several has no default */
  container?: string;
  /** Program and arguments; no shell reads them. */
  command: readonly string[];
  /** Whether something will be written to the command's stdin; else it has none. @default false */
  stdin?: boolean;
  /** Ends the connection at once, and rejects with its reason. */
  signal?: AbortSignal;
  /**
   * Milliseconds of silence before the server is asked for a sign of life; after twice that the
   * connection is given up.
   * @default 30_000
   */
  pingInterval?: number;
}

/** A running command. */
export interface ExecStreams extends AsyncDisposable {
  /** What it prints. Fails when the connection does. Read it to its end, or cancel it. */
  readonly stdout: ReadableStream<Uint8Array>;
  /** What it prints as errors; likewise. */
  readonly stderr: ReadableStream<Uint8Array>;
  /**
   * Its stdin; closing it ends that. Closing rejects on servers before Kubernetes 1.30, which cannot
   * pass the end on (a DOMException, `NotSupportedError`). A write resolves when the system has taken it.
   */
  readonly stdin: WritableStream<Uint8Array>;
  /**
   * How it ended. Rejects with an ApiError when it could not be run, with a ConnectionError when the
   * connection broke before it ended, with the signal's reason. It needs no reader to not be lost.
   */
  readonly status: Promise<{ exitCode: number }>;
  /** Ends the connection, if it is open. What becomes of the command is up to its node: a kubelet may let it run. */
  close(): Promise<void>;
}

/** Bytes of stdin that go in one message. */
const STDIN_BYTES = 32 * 1024;
/** How long a server may take to close after it told how the command ended. */
const CLOSE_MS = 5_000;

/**
 * Runs a command in a pod; resolves when the server has begun with it. It needs `pods/exec`: `get`,
 * and from Kubernetes 1.35 on `create` too.
 *
 * A connection that breaks is noticed within a minute, by pings; the command is never repeated.
 * Rejects with an ApiError when the server refuses, with a TypeError when there is no command.
 */
export async function podExecStream(
  client: ExecClient,
  options: ExecOptions,
): Promise<ExecStreams> {
  const { namespace, pod, container, command, stdin = false, signal, pingInterval } = options;
  const target: ExecTarget = { namespace, pod, container };
  if (!command[0]) throw new TypeError(`Cannot ${describeExec(target)}: "command" is empty`);
  const querystring = new URLSearchParams(command.map((word) => ["command", word]));
  if (container !== undefined) querystring.append("container", container);
  if (stdin) querystring.append("stdin", "true");
  for (const output of ["stdout", "stderr"]) querystring.append(output, "true");
  const [inside, name] = [namespace, pod].map(encodeURIComponent);
  const socket = await client.openSocket({
    path: `/api/v1/namespaces/${inside}/pods/${name}/exec`,
    querystring,
    protocols: EXEC_PROTOCOLS,
    abortSignal: signal,
    pingInterval,
  });
  const stdout = new OutputChannel();
  const stderr = new OutputChannel();
  const status = demultiplex(socket, { stdout, stderr }, target)
    .then((exitCode) => ({ exitCode }));
  status.then(() => {}, () => {}); // who does not ask for it may learn it from the outputs
  signal?.throwIfAborted();
  return {
    stdout: stdout.readable,
    stderr: stderr.readable,
    stdin: stdinOf(socket, { given: stdin, target }),
    status,
    close: () => socket.close(),
    [Symbol.asyncDispose]: () => socket.close(),
  };
}

type Socket = Awaited<ReturnType<ExecClient["openSocket"]>>;

/** Reads the socket to its end; resolves with the exit code. */
async function demultiplex(
  socket: Socket,
  outputs: { stdout: OutputChannel; stderr: OutputChannel },
  target: ExecTarget,
): Promise<number> {
  const { stdout, stderr } = outputs;
  const byChannel = new Map([[CHANNELS.stdout, stdout], [CHANNELS.stderr, stderr]] as const);
  let last: Uint8Array | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let error: Error | undefined;
  // An output whose reader has stopped must not keep the loop from seeing that all is over.
  socket.closed.then(() => [stdout, stderr].forEach((output) => output.release()));
  try {
    for (;;) {
      const message = await socket.receive();
      if (message === undefined) break;
      // the protocols that are offered know no text
      if (typeof message === "string") throw talksText(target);
      const [channel, closing] = message;
      const payload = message.subarray(1);
      if (channel === CHANNELS.error && payload.length > 0) {
        last = payload;
        // a server that knows that no more comes can close without losing what it sent
        if (socket.protocol === CLOSES_CHANNELS) {
          socket.send(Uint8Array.of(CHANNELS.close, CHANNELS.stdin)).catch(() => {});
        }
        timer ??= setTimeout(() => void socket.close(), CLOSE_MS);
      } else if (channel === CHANNELS.close) {
        byChannel.get(closing as typeof CHANNELS.stdout)?.end();
      } else {
        await byChannel.get(channel as typeof CHANNELS.stdout)?.push(payload);
      }
    }
    if (!last) throw endedEarly(target);
    return exitCodeOf(last, target);
  } catch (thrown) {
    error = thrown as Error;
    throw thrown;
  } finally {
    clearTimeout(timer);
    // a command that could not be run has printed all it will
    for (const output of [stdout, stderr]) output.end(last ? undefined : error);
    await socket.close();
  }
}

function endedEarly(target: ExecTarget): ConnectionError {
  return new ConnectionError(
    `Cannot ${describeExec(target)}: the connection ended before the command did`,
  );
}

function talksText(target: ExecTarget): ConnectionError {
  return new ConnectionError(`Cannot ${describeExec(target)}: the server sent text`);
}

function stdinOf(
  socket: Socket,
  { given, target }: { given: boolean; target: ExecTarget },
): WritableStream<Uint8Array> {
  return new WritableStream<Uint8Array>({
    async write(bytes) {
      if (!given) {
        throw new TypeError(`Cannot write to stdin: ${describeExec(target)} has none`);
      }
      for (let start = 0; start < bytes.length; start += STDIN_BYTES) {
        const part = bytes.subarray(start, start + STDIN_BYTES);
        const message = new Uint8Array(1 + part.length);
        message[0] = CHANNELS.stdin;
        message.set(part, 1);
        await socket.send(message);
      }
    },
    async close() {
      if (!given) return;
      if (socket.protocol !== CLOSES_CHANNELS) {
        throw new DOMException(
          `Cannot end stdin: the server speaks "${socket.protocol}", which cannot tell it`,
          "NotSupportedError",
        );
      }
      await socket.send(Uint8Array.of(CHANNELS.close, CHANNELS.stdin));
    },
  });
}
