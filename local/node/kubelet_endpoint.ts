/**
 * The endpoint at which an API server reaches into a node's pods, as a kubelet's: HTTPS on the node's
 * loopback address, `GET /containerLogs/<namespace>/<pod>/<container>`, a WebSocket at
 * `/exec/<namespace>/<pod>/<container>`, and `GET /healthz`, nothing else. It asks for no credentials,
 * as API servers without a kubelet client certificate have none: whoever may connect to this machine's
 * loopback can read the pods' logs and, unless the node was told otherwise, run commands in them. Only
 * web pages are kept out, by the Origin that browsers add.
 */
import { anySignal } from "../../runtime/mod.ts";
import { selfSigned } from "./certificate.ts";
import { type ExecSource, serveExec } from "./exec_socket.ts";
import type { LogOptions } from "./log_lines.ts";

/** Which log is asked for. */
export interface LogRequest {
  /** Namespace of the pod. */
  readonly namespace: string;
  /** Name of the pod. */
  readonly pod: string;
  /** Name of the container. */
  readonly container: string;
  /** The attempt before the present one. */
  readonly previous: boolean;
  /** What part of it, and how. */
  readonly options: LogOptions;
}

/** A log, or why there is none. */
export type LogAnswer = ReadableStream<Uint8Array> | { readonly code: number; message: string };

const STARTING = { code: 503, message: "the node is starting" };

/** Finds a log. */
export type LogSource = (request: LogRequest) => Promise<LogAnswer>;

/** What the endpoint gives access to. */
export interface EndpointSources {
  /** Finds the logs. */
  readonly logs: LogSource;
  /** Runs commands; absent: none may be run. */
  readonly exec?: ExecSource;
}

/** A running endpoint. */
export class KubeletEndpoint implements AsyncDisposable {
  /** Port that it listens on. */
  readonly port: number;
  /** PEM of its certificate, by which a client can know it for certain. */
  readonly certificate: string;
  /** What is served; until it is set, nothing is found. */
  sources: EndpointSources = { logs: () => Promise.resolve(STARTING) };
  #server: Deno.HttpServer<Deno.NetAddr>;
  #stop = new AbortController();

  private constructor(hostname: string, { key, cert }: { key: string; cert: string }) {
    this.#server = Deno.serve(
      { hostname, port: 0, key, cert, onListen: () => {} },
      (request) => answer(request, { sources: this.sources, stop: this.#stop.signal }),
    );
    this.port = this.#server.addr.port;
    this.certificate = cert;
  }

  /** Listens on a free port of `hostname`, a loopback address. */
  static async start(hostname: string): Promise<KubeletEndpoint> {
    return new KubeletEndpoint(hostname, await selfSigned(`troupe-node@${hostname}`, [hostname]));
  }

  /** Ends followed logs and commands, then the server. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#server.shutdown();
  }

  /** Same as `close()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

async function answer(
  request: Request,
  { sources, stop }: { sources: EndpointSources; stop: AbortSignal },
): Promise<Response> {
  const url = new URL(request.url);
  if (request.method !== "GET") return text(405, `Cannot ${request.method}: only GET is served`);
  if (url.pathname === "/healthz") return text(200, "ok");
  const [, root, namespace, pod, container, ...rest] = url.pathname.split("/")
    .map(decodeURIComponent);
  const known = root === "containerLogs" || root === "exec";
  if (!known || !namespace || !pod || !container || rest.length > 0) {
    return text(
      404,
      `Cannot serve "${url.pathname}": only /containerLogs, /exec and /healthz are served`,
    );
  }
  if (request.headers.has("origin")) return text(403, "Cannot serve a web page");
  if (root === "exec") {
    const target = { namespace, pod, container };
    return serveExec(request, { target, query: url.searchParams, source: sources.exec, stop });
  }
  let options: LogOptions & { previous: boolean };
  try {
    options = parseQuery(url.searchParams);
  } catch (error) {
    return text(400, (error as Error).message);
  }
  // Ends with the server, or when the reader goes away.
  const signal = anySignal([stop, request.signal]);
  const found = await sources.logs({
    namespace,
    pod,
    container,
    previous: options.previous,
    options: { ...options, signal },
  });
  if (!(found instanceof ReadableStream)) return text(found.code, found.message);
  return new Response(found, { headers: { "content-type": "text/plain; charset=utf-8" } });
}

function parseQuery(query: URLSearchParams): LogOptions & { previous: boolean } {
  const count = (name: string): number | undefined => {
    const value = query.get(name);
    if (value === null || value === "") return undefined;
    const number = Number(value);
    if (Number.isInteger(number) && number >= 0) return number;
    throw new RangeError(`Cannot read logs: "${name}" is "${value}", it must be an integer >= 0`);
  };
  const flag = (name: string) => ["true", "1"].includes(query.get(name) ?? "");
  const seconds = count("sinceSeconds");
  const sinceTime = query.get("sinceTime");
  const since = seconds !== undefined
    ? new Date(Date.now() - seconds * 1000)
    : sinceTime
    ? new Date(sinceTime)
    : undefined;
  if (since !== undefined && Number.isNaN(since.getTime())) {
    throw new RangeError(`Cannot read logs: "sinceTime" is "${sinceTime}", it must be a time`);
  }
  return {
    tailLines: count("tailLines"),
    limitBytes: count("limitBytes"),
    since,
    timestamps: flag("timestamps"),
    follow: flag("follow"),
    previous: flag("previous"),
  };
}

function text(status: number, message: string): Response {
  return new Response(message, { status, headers: { "content-type": "text/plain" } });
}
