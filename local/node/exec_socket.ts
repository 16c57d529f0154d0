/**
 * The kubelet's side of a command in a container, over a WebSocket: the first byte of a message is its
 * channel. The end is a Status on the error channel, also of what cannot be run: a plain answer makes
 * some clients ask again in ways that are not served.
 *
 * Three things run side by side: each output is copied to the socket, which waits while too much is on
 * its way; what comes is written to the command's stdin. The command is killed when the socket ends
 * before it, or with the server.
 */
import { closeAfterRead, sendPaced } from "../../websocket/mod.ts";
import type { ExecProcess } from "./runtime.ts";

/** Which container, and what to run in it. */
export interface ExecRequest {
  /** Namespace of the pod. */
  readonly namespace: string;
  /** Name of the pod. */
  readonly pod: string;
  /** Name of the container. */
  readonly container: string;
  /** Program and arguments. */
  readonly command: readonly string[];
}

/** A command that runs, or why none does. */
export type ExecAnswer = ExecProcess | { readonly code: number; readonly message: string };

/** Runs a command. */
export type ExecSource = (request: ExecRequest) => ExecAnswer;

/** What is known of a request. */
export interface ExecContext {
  readonly target: Omit<ExecRequest, "command">;
  readonly query: URLSearchParams;
  readonly source: ExecSource | undefined;
  /** Ends the command. */
  readonly stop: AbortSignal;
}

const PROTOCOLS = ["v5.channel.k8s.io", "v4.channel.k8s.io"];
const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const ERROR = 3;
const CLOSE = 255;
/** Bytes for a command that does not read its stdin. A socket of Deno's cannot be told to wait. */
const MAX_STDIN = 64 * 1024 * 1024;

/** Answers a request to run a command. */
export function serveExec(request: Request, context: ExecContext): Response {
  const offered = (request.headers.get("sec-websocket-protocol") ?? "").split(/\s*,\s*/);
  const protocol = PROTOCOLS.find((known) => offered.includes(known));
  if (request.headers.get("upgrade")?.toLowerCase() !== "websocket" || !protocol) {
    const known = PROTOCOLS.join(", ");
    return new Response(`Cannot run a command: only a WebSocket is served, of ${known}`, {
      status: 400,
    });
  }
  // A client that is slow to read, as one whose own output is slow, does not answer pings.
  const { socket, response } = Deno.upgradeWebSocket(request, { protocol, idleTimeout: 0 });
  socket.binaryType = "arraybuffer";
  socket.onopen = () => run(socket, context);
  return response;
}

async function run(socket: WebSocket, context: ExecContext): Promise<void> {
  const { query, stop } = context;
  const started = start(context);
  if ("message" in started) {
    const { code, message } = started;
    return await end(socket, failure(code, message), Promise.resolve());
  }
  let over = false;
  const kill = () => over || started.kill();
  stop.addEventListener("abort", kill, { once: true });
  const { promise: closed, resolve: close } = Promise.withResolvers<void>();
  socket.onclose = () => {
    kill();
    close();
  };
  const stdin = takeStdin(socket, started, isTrue(query.get("input")));
  const outputs = Promise.all([
    copy(started.stdout, socket, isTrue(query.get("output")) ? STDOUT : undefined),
    copy(started.stderr, socket, isTrue(query.get("error")) ? STDERR : undefined),
  ]);
  const ended = outputs.then(() => started.status);
  const outcome = await Promise.race([ended, stdin.failed]);
  if (typeof outcome === "string") started.kill();
  await ended;
  over = true;
  stop.removeEventListener("abort", kill);
  const status = typeof outcome === "number" ? statusOf(outcome) : failure(500, outcome);
  await end(socket, status, Promise.race([stdin.ended, closed]));
}

function start({ target, query, source }: ExecContext): ExecAnswer {
  const command = query.getAll("command");
  if (!source) return { code: 403, message: "this node runs no commands" };
  if (!command[0]) return { code: 400, message: "you must specify at least 1 command" };
  if (isTrue(query.get("tty"))) {
    return { code: 501, message: "Cannot open a terminal: this node has none, ask for no tty" };
  }
  return source({ ...target, command });
}

/** `ended` resolves when the client sends no more of it, `failed` with why no more can be taken. */
function takeStdin(
  socket: WebSocket,
  { stdin }: ExecProcess,
  wanted: boolean,
): { ended: Promise<void>; failed: Promise<string> } {
  const { promise: ended, resolve: setEnded } = Promise.withResolvers<void>();
  const { promise: failed, resolve: fail } = Promise.withResolvers<string>();
  const writer = stdin.getWriter();
  writer.closed.catch(() => {}); // a command need not read it
  const close = () => {
    writer.close().catch(() => {});
    setEnded();
  };
  if (!wanted) close();
  let waiting = 0;
  socket.onmessage = ({ data }) => {
    if (!wanted || !(data instanceof ArrayBuffer)) return;
    const message = new Uint8Array(data);
    if (message[0] === CLOSE && message[1] === STDIN) return close();
    if (message[0] !== STDIN || message.length === 1) return;
    waiting += message.length;
    if (waiting > MAX_STDIN) return fail("the command does not read its stdin, and too much came");
    writer.write(message.subarray(1)).then(() => waiting -= message.length, () => waiting = 0);
  };
  return { ended, failed };
}

/** Copies an output to its end; without a channel, or without a client, it is thrown away. */
async function copy(
  output: ReadableStream<Uint8Array>,
  socket: WebSocket,
  channel: number | undefined,
): Promise<void> {
  for await (const bytes of output) {
    if (channel !== undefined) await sendPaced(socket, onChannel(channel, bytes));
  }
}

function onChannel(channel: number, bytes: Uint8Array): Uint8Array {
  const message = new Uint8Array(1 + bytes.length);
  message[0] = channel;
  message.set(bytes, 1);
  return message;
}

/** Tells how it ended, and closes; `quiet` resolves when the client sends no more. */
async function end(
  socket: WebSocket,
  status: Record<string, unknown>,
  quiet: Promise<void>,
): Promise<void> {
  const text = new TextEncoder().encode(JSON.stringify({ metadata: {}, ...status }));
  await sendPaced(socket, onChannel(ERROR, text));
  await closeAfterRead(socket, quiet);
}

/** How a kubelet tells an exit code. */
function statusOf(code: number): Record<string, unknown> {
  if (code === 0) return { status: "Success" };
  return {
    status: "Failure",
    message: `command terminated with non-zero exit code: exit status ${code}`,
    reason: "NonZeroExitCode",
    details: { causes: [{ reason: "ExitCode", message: String(code) }] },
  };
}

const REASONS: Record<number, string> = { 400: "BadRequest", 403: "Forbidden", 404: "NotFound" };

function failure(code: number, message: string): Record<string, unknown> {
  return { status: "Failure", reason: REASONS[code] ?? "InternalError", message, code };
}

function isTrue(value: string | null): boolean {
  return value === "true" || value === "1";
}
