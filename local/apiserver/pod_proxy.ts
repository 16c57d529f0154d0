/**
 * `/proxy/…` of a pod: what comes is passed on to it, and what it answers to the client, as streams;
 * a WebSocket is joined to one to the pod.
 */
import { ClientSocket } from "../../websocket/mod.ts";
import type { Backend } from "./backend.ts";
import { dialFailed, StatusError, unreachable } from "./errors.ts";
import { forward, HOP_BY_HOP } from "./forward.ts";
import { dialUnverified, joinSockets } from "./join_sockets.ts";
import { podAddress } from "./pod_address.ts";

/** `/api/v1/namespaces/{ns}/pods/{pod}/proxy`, and what is behind it. */
const PATH = /^((?:\/[^/]+){6}\/proxy)(.*)$/;
/** For the API server, not for the pod. */
const CREDENTIALS = "authorization";
/** How long a silent pod may leave a ping without an answer, twice (ms). */
const PING_INTERVAL_MS = 10_000;

/** Answers a request for a pod. */
export async function podProxy(
  backend: Backend,
  target: { namespace: string; name: string },
  request: Request,
): Promise<Response> {
  const url = podAddress(backend, target);
  const { pathname, search } = new URL(request.url);
  const [, prefix = "", path = ""] = PATH.exec(pathname) ?? [];
  url.pathname = path.replace(/\/{2,}/g, "/");
  const headers = new Headers(request.headers);
  headers.delete(CREDENTIALS);
  headers.append("x-forwarded-for", "127.0.0.1");
  if (headers.get("upgrade")?.toLowerCase() === "websocket") {
    return await joinPod(backend, request, { url, headers }); // the real server drops the query too
  }
  const { method } = request;
  const hasBody = headers.has("transfer-encoding") || Number(headers.get("content-length")) > 0;
  const body = hasBody ? request.body : null;
  if (path === "" && (method === "GET" || method === "HEAD")) {
    await body?.cancel();
    return new Response(null, { status: 301, headers: { location: `${prefix}/${search}` } });
  }
  url.search = search;
  headers.set("x-forwarded-uri", prefix + path);
  const host = hostOf(headers, url);
  let answer: Response;
  try {
    answer = await forward(url, { method, headers, body, host });
  } catch (error) {
    throw unreachable(error);
  }
  const location = answer.headers.get("location");
  if (location) answer.headers.set("location", throughProxy(location, { prefix, url, host }));
  return answer;
}

/** Where a redirection leads from outside: what is on the pod itself, is behind the prefix. */
function throughProxy(
  location: string,
  { prefix, url, host }: { prefix: string; url: URL; host: string },
): string {
  const target = URL.canParse(location, url) ? new URL(location, url) : undefined;
  const isOwn = target?.host === url.host || target?.host === host;
  const isRelative = !location.startsWith("/") && !URL.canParse(location);
  if (!target || !isOwn || isRelative) return location;
  return prefix + target.pathname + target.search + target.hash;
}

/** The pod is called as the API server was, by the real one too. */
function hostOf(headers: Headers, url: URL): string {
  return headers.get("host") ?? url.host;
}

/** About the handshake, which each half does by itself. */
const OF_HANDSHAKE = /^sec-websocket-/;

async function joinPod(
  backend: Backend,
  request: Request,
  { url, headers }: { url: URL; headers: Headers },
): Promise<Response> {
  const offered = headers.get("sec-websocket-protocol");
  const passed = [...headers].filter(([name]) =>
    !HOP_BY_HOP.includes(name) && !OF_HANDSHAKE.test(name)
  );
  void request.signal; // which tells only what comes after it was asked for
  let answer: ClientSocket | Response;
  try {
    answer = await dialUnverified(url, {
      headers: Object.fromEntries(passed),
      host: hostOf(headers, url),
      protocols: offered?.split(/\s*,\s*/) ?? [],
      pingInterval: PING_INTERVAL_MS,
    });
  } catch (error) {
    throw dialFailed(error);
  }
  if (answer instanceof ClientSocket) return joinSockets(backend, request, { far: answer });
  if (answer.status >= 400) return answer;
  throw new StatusError(500, "", `invalid upgrade response: status code ${answer.status}`);
}
