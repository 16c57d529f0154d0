/**
 * What the server fetches elsewhere for a client: container logs from the node's kubelet endpoint,
 * and HTTP from a pod. Bodies are passed on as they come; when the client leaves, the fetch ends.
 */
import { type IncomingMessage, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Backend } from "./backend.ts";
import { badRequest, notFound, StatusError } from "./errors.ts";
import { resource } from "./kinds.ts";
import { type ApiObject, at, type JsonObject } from "./object.ts";

const PODS = resource("v1", "pods");
const HOP_BY_HOP = ["connection", "keep-alive", "transfer-encoding", "upgrade", "host"];

/** Answers `/log` of a pod. */
export async function podLog(
  backend: Backend,
  target: { namespace: string; name: string },
  input: { query: URLSearchParams; signal: AbortSignal },
): Promise<Response> {
  const { namespace, name } = target;
  const pod = backend.store.get("pods", namespace, name)?.object;
  if (!pod) throw notFound(PODS, name);
  const container = chooseContainer(pod, input.query.get("container"));
  const nodeName = String(at(pod, "spec", "nodeName") ?? "");
  // A pod that is not placed has no logs yet.
  if (!nodeName) return new Response(null, { status: 204 });
  const node = backend.store.get("nodes", "", nodeName)?.object;
  if (!node) throw notFound(resource("v1", "nodes"), nodeName);
  const addresses = at(node, "status", "addresses") as { type: string; address: string }[] ?? [];
  const address = addresses.find(({ type }) => type === "InternalIP")?.address;
  const port = at(node, "status", "daemonEndpoints", "kubeletEndpoint", "Port");
  if (!address || !port) {
    throw new StatusError(
      500,
      "InternalError",
      `Internal error occurred: node ${JSON.stringify(nodeName)} has no kubelet endpoint`,
    );
  }
  const query = new URLSearchParams(input.query);
  query.delete("container");
  const path = `/containerLogs/${namespace}/${name}/${container}`;
  const search = query.size > 0 ? `?${query}` : "";
  return await forward(new URL(`https://${address}:${port}${path}${search}`), {
    method: "GET",
    headers: {},
    signal: input.signal,
  });
}

function chooseContainer(pod: ApiObject, asked: string | null): string {
  const names = (field: string) =>
    ((at(pod, "spec", field) ?? []) as JsonObject[]).map(({ name }) => String(name));
  const main = names("containers");
  const all = [...names("initContainers"), ...main, ...names("ephemeralContainers")];
  const pick = asked || (main.length === 1 ? main[0] as string : "");
  const { name } = pod.metadata;
  if (!pick) {
    throw badRequest(
      `a container name must be specified for pod ${name}, choose one of: [${main.join(" ")}]`,
    );
  }
  if (!all.includes(pick)) throw badRequest(`container ${pick} is not valid for pod ${name}`);
  return pick;
}

/** Answers `/proxy/…` of a pod; the name may be `pod`, `pod:port` or `http:pod:port`. */
export async function podProxy(
  backend: Backend,
  target: { namespace: string; name: string; rest: string },
  request: Request,
): Promise<Response> {
  const match = /^(?:(https?):)?([^:]+)(?::(\w+))?$/.exec(target.name);
  if (!match) throw badRequest(`invalid pod request ${JSON.stringify(target.name)}`);
  const [, scheme = "http", name = "", asked] = match;
  const pod = backend.store.get("pods", target.namespace, name)?.object;
  if (!pod) throw notFound(PODS, name);
  const ip = at(pod, "status", "podIP");
  if (!ip) throw badRequest("address not allowed");
  const port = portOf(pod, asked);
  const url = new URL(`${scheme}://${ip}:${port}/${target.rest}`);
  url.search = new URL(request.url).search;
  const headers: Record<string, string> = {};
  for (const [key, value] of request.headers) {
    if (!HOP_BY_HOP.includes(key)) headers[key] = value;
  }
  return await forward(url, {
    method: request.method,
    headers,
    signal: request.signal,
    ...(request.body ? { body: new Uint8Array(await request.arrayBuffer()) } : {}),
  });
}

function portOf(pod: ApiObject, asked: string | undefined): number | string {
  if (asked && /^\d+$/.test(asked)) return asked;
  const ports = ((at(pod, "spec", "containers") ?? []) as JsonObject[])
    .flatMap(({ ports = [] }) => ports as JsonObject[]);
  const found = asked ? ports.find(({ name }) => name === asked) : ports[0];
  if (asked && !found) throw badRequest(`no port named ${JSON.stringify(asked)} in the pod`);
  return Number(found?.containerPort ?? 80);
}

interface ForwardOptions {
  method: string;
  headers: Record<string, string>;
  body?: Uint8Array;
  signal: AbortSignal;
}

/** A kubelet's certificate is self-signed, which `fetch` cannot be told to accept. */
function forward(url: URL, options: ForwardOptions): Promise<Response> {
  const { method, headers, body, signal } = options;
  const { promise, resolve, reject } = Promise.withResolvers<Response>();
  const start = url.protocol === "https:" ? httpsRequest : httpRequest;
  const outgoing = start(
    url,
    { method, headers, agent: false, rejectUnauthorized: false },
    (incoming) => resolve(toResponse(incoming, () => outgoing.destroy())),
  );
  const onAbort = () => outgoing.destroy();
  signal.addEventListener("abort", onAbort, { once: true });
  outgoing.on("close", () => signal.removeEventListener("abort", onAbort));
  outgoing.on("error", (error) => {
    reject(
      new StatusError(
        503,
        "ServiceUnavailable",
        `error trying to reach service: ${(error as Error).message}`,
      ),
    );
  });
  outgoing.end(body);
  return promise;
}

function toResponse(incoming: IncomingMessage, cancel: () => void): Response {
  const headers = new Headers();
  for (const [key, value] of Object.entries(incoming.headers)) {
    if (HOP_BY_HOP.includes(key) || value === undefined) continue;
    headers.set(key, Array.isArray(value) ? value.join(", ") : value);
  }
  headers.set("cache-control", "no-cache, private, no-transform");
  const status = incoming.statusCode ?? 502;
  if (status === 204 || status === 304) {
    incoming.resume();
    return new Response(null, { status, headers });
  }
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      incoming.on("data", (chunk: Uint8Array) => {
        controller.enqueue(new Uint8Array(chunk));
        if ((controller.desiredSize ?? 1) <= 0) incoming.pause();
      });
      incoming.on("end", () => close(controller));
      incoming.on("error", () => close(controller));
      incoming.on("close", () => close(controller));
    },
    pull: () => {
      incoming.resume();
    },
    cancel,
  });
  return new Response(body, { status, headers });
}

function close(controller: ReadableStreamDefaultController<Uint8Array>): void {
  try {
    controller.close();
  } catch {
    // Closed already.
  }
}
