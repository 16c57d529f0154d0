/**
 * `/exec` of a pod: the client's WebSocket is joined to one to the pod's kubelet.
 *
 * Flow: the kubelet's socket is opened first, with the protocols that the client offers; the one that
 * it takes is the client's. Then messages are passed both ways, in order. A client that reads slowly
 * makes the kubelet wait; a kubelet that does is waited for by no client, as sockets of Deno cannot be
 * paused, so that too much of it ends the command. Either end's closing closes the other.
 *
 * What goes wrong once the pod was found is told over the client's socket, see pod_streams.ts.
 */
import { connect } from "node:tls";
import { once } from "node:events";
import {
  ClientSocket,
  closeAfterRead,
  nodeBytes,
  requestWebSocket,
  sendPaced,
} from "../../websocket/mod.ts";
import type { Backend } from "./backend.ts";
import { badRequest, StatusError } from "./errors.ts";
import { containerUrl } from "./kubelet_proxy.ts";
import { commandProtocols, ERROR_CHANNEL, failCommand } from "./pod_streams.ts";

/** First bytes of a message that closes stdin. */
const CLOSE_STDIN = [255, 0];
/** Bytes on their way to a slow kubelet. */
const MAX_WAITING = 64 * 1024 * 1024;
/** How a kubelet calls what the API calls otherwise. */
const KUBELET_NAMES = { stdin: "input", stdout: "output", stderr: "error", tty: "tty" };
/** How long a kubelet may take to answer (ms). */
const ANSWER_MS = 30_000;

/** Answers `/exec` of a pod. */
export async function podExec(
  backend: Backend,
  target: { namespace: string; name: string },
  request: Request,
): Promise<Response> {
  const search = new URL(request.url).searchParams;
  const query = new URLSearchParams(search.getAll("command").map((word) => ["command", word]));
  query.set("container", search.get("container") ?? "");
  for (const [name, kubelets] of Object.entries(KUBELET_NAMES)) {
    if (isTrue(search.get(name))) query.set(kubelets, "1");
  }
  const url = containerUrl(backend, { ...target, root: "exec" }, query);
  if (!url) throw badRequest(`pod ${target.name} does not have a host assigned`);
  const protocols = commandProtocols(request);
  const [preferred] = protocols;
  if (!preferred) throw badRequest("a command is run over a WebSocket only");
  let kubelet: ClientSocket;
  try {
    kubelet = await openKubelet(url, protocols);
  } catch (error) {
    const refused = error instanceof StatusError
      ? error
      : new StatusError(500, "InternalError", `error dialing backend: ${(error as Error).message}`);
    return failCommand(request, preferred, refused.status);
  }
  return join(backend, request, kubelet);
}

async function openKubelet(url: URL, protocols: string[]): Promise<ClientSocket> {
  // as with logs: a kubelet's certificate is its own
  const socket = connect({ host: url.hostname, port: Number(url.port), rejectUnauthorized: false });
  const timer = setTimeout(() => socket.destroy(new Error("no answer in time")), ANSWER_MS);
  try {
    await once(socket, "secureConnect");
    const answer = await requestWebSocket(nodeBytes(socket), url, { headers: {}, protocols });
    if (answer instanceof ClientSocket) return answer;
    const text = (await answer.text()).trim();
    throw new StatusError(answer.status, answer.status === 404 ? "NotFound" : "", text);
  } finally {
    clearTimeout(timer);
  }
}

function join(backend: Backend, request: Request, kubelet: ClientSocket): Response {
  const { socket, response } = Deno.upgradeWebSocket(request, {
    protocol: kubelet.protocol,
    idleTimeout: 0, // a client that is slow to read does not answer pings
  });
  socket.binaryType = "arraybuffer";
  const stream = { close: () => void kubelet.close() };
  backend.streams.add(stream);
  kubelet.closed.then(() => backend.streams.delete(stream));
  const { promise: quiet, resolve: setQuiet } = Promise.withResolvers<void>();
  if (!isTrue(new URL(request.url).searchParams.get("stdin"))) setQuiet();
  let waiting = 0;
  socket.onmessage = ({ data }) => {
    if (!(data instanceof ArrayBuffer)) return;
    const message = new Uint8Array(data);
    if (CLOSE_STDIN.every((byte, i) => message[i] === byte)) setQuiet();
    waiting += message.length;
    if (waiting > MAX_WAITING) return kubelet.abort(new Error("too much waits for the kubelet"));
    kubelet.send(message).then(() => waiting -= message.length, () => waiting = 0);
  };
  socket.onclose = () => {
    setQuiet();
    kubelet.close();
  };
  socket.onerror = () => {}; // onclose follows
  socket.onopen = () => copy(kubelet, socket, quiet);
  return response;
}

/** Passes on what the kubelet sends, to its end; `quiet` resolves when the client sends no more. */
async function copy(kubelet: ClientSocket, socket: WebSocket, quiet: Promise<void>): Promise<void> {
  try {
    for (;;) {
      const message = await kubelet.receive();
      if (message === undefined || socket.readyState !== WebSocket.OPEN) break;
      await sendPaced(socket, message);
    }
  } catch (error) {
    const { status } = new StatusError(500, "InternalError", (error as Error).message);
    const text = new TextEncoder().encode(JSON.stringify(status));
    await sendPaced(socket, Uint8Array.of(ERROR_CHANNEL, ...text));
  }
  await kubelet.close();
  await closeAfterRead(socket, quiet);
}

function isTrue(value: string | null): boolean {
  return value === "true" || value === "1";
}
