/**
 * `/attach` and `/portforward` of a pod: not supported, which kubectl is to say in a sentence.
 * (`/exec` is: pod_exec.ts.)
 *
 * A plain answer is not enough: kubectl takes it for a server that knows no WebSockets and asks
 * again by SPDY, which `Deno.serve` answers by itself, with nothing in it. So a command is taken, and
 * fails. Forwarding a port has no such way: kubectl says only that it cannot upgrade.
 */
import type { Backend } from "./backend.ts";
import { badRequest, notFound, type Status, StatusError } from "./errors.ts";
import { resource } from "./kinds.ts";
import { at } from "./object.ts";

/** The subresources. */
export const POD_STREAMS: readonly string[] = ["attach", "exec", "portforward"];

/** Protocols of commands whose errors are a Status. */
const COMMAND_PROTOCOLS: readonly string[] = ["v5.channel.k8s.io", "v4.channel.k8s.io"];
/** The channel that errors come on. */
export const ERROR_CHANNEL = 3;
/** Without a code, kubectl tells of the end instead of the error. */
const NORMAL_END = 1000;

/** Refuses; over the WebSocket that the client wants, or else by throwing. */
export function refuseStream(
  backend: Backend,
  target: { namespace: string; name: string; subresource: string },
  request: Request,
): Response {
  const { namespace, name, subresource } = target;
  const pod = backend.store.get("pods", namespace, name)?.object;
  if (!pod) throw notFound(resource("v1", "pods"), name);
  if (!at(pod, "spec", "nodeName")) throw badRequest(`pod ${name} does not have a host assigned`);
  const what = `Cannot ${subresource} pod ${JSON.stringify(name)}: not supported by this cluster`;
  const { status } = new StatusError(501, "", what);
  const [protocol] = commandProtocols(request);
  if (!protocol) throw new StatusError(501, "", what);
  return failCommand(request, protocol, status);
}

/** The protocols of commands that a client offers, the preferred one first; none if it wants no WebSocket. */
export function commandProtocols(request: Request): string[] {
  if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") return [];
  const offered = (request.headers.get("sec-websocket-protocol") ?? "").split(/\s*,\s*/);
  return COMMAND_PROTOCOLS.filter((known) => offered.includes(known));
}

/** Takes a command, and tells that it failed. */
export function failCommand(request: Request, protocol: string, status: Status): Response {
  const { socket, response } = Deno.upgradeWebSocket(request, { protocol });
  socket.onopen = () => {
    const text = new TextEncoder().encode(JSON.stringify(status));
    socket.send(Uint8Array.of(ERROR_CHANNEL, ...text));
    socket.close(NORMAL_END);
  };
  return response;
}
