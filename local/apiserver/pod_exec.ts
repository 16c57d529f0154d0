/**
 * `/exec` of a pod: the client's WebSocket is joined to one to the pod's kubelet.
 *
 * The kubelet's socket is opened first, with the protocols that the client offers; the one that it takes
 * is the client's. Then join_sockets.ts passes messages on.
 *
 * What goes wrong once the pod was found is told over the client's socket, see pod_streams.ts.
 */
import { ClientSocket } from "../../websocket/mod.ts";
import type { Backend } from "./backend.ts";
import { badRequest, StatusError } from "./errors.ts";
import { dialUnverified, joinSockets } from "./join_sockets.ts";
import { containerUrl } from "./kubelet_proxy.ts";
import { commandProtocols, ERROR_CHANNEL, failCommand } from "./pod_streams.ts";

/** First bytes of a message that closes stdin. */
const CLOSE_STDIN = [255, 0];
/** How a kubelet calls what the API calls otherwise. */
const KUBELET_NAMES = { stdin: "input", stdout: "output", stderr: "error", tty: "tty" };
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
  const { promise: quiet, resolve: setQuiet } = Promise.withResolvers<void>();
  if (!isTrue(search.get("stdin"))) setQuiet();
  return joinSockets(backend, request, {
    far: kubelet,
    quiet,
    pass(message) {
      if (typeof message === "string") return false;
      if (CLOSE_STDIN.every((byte, i) => message[i] === byte)) setQuiet();
      return true;
    },
    lastWords: brokenMessage,
  });
}

/** As with logs: a kubelet's certificate is its own. */
async function openKubelet(url: URL, protocols: string[]): Promise<ClientSocket> {
  const answer = await dialUnverified(url, { headers: {}, protocols });
  if (answer instanceof ClientSocket) return answer;
  const text = (await answer.text()).trim();
  throw new StatusError(answer.status, answer.status === 404 ? "NotFound" : "", text);
}

function isTrue(value: string | null): boolean {
  return value === "true" || value === "1";
}

/** The Status of a command whose kubelet has gone. */
function brokenMessage(error: Error): Uint8Array {
  const { status } = new StatusError(500, "InternalError", error.message);
  return Uint8Array.of(ERROR_CHANNEL, ...new TextEncoder().encode(JSON.stringify(status)));
}
