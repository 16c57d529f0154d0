/**
 * The HTTP side: one listener on loopback, every request to its handler, every error to a Status.
 *
 * Start: store with its first objects, then the listener; there is nothing else to wait for.
 * Stop: new requests are refused, watches and commands end, as they would hold the drain up for ever; then
 * requests in flight are drained within a grace time; then what is left is cut. Not by
 * `Deno.HttpServer.shutdown()`: on Deno 2.4 it waits for connections on which nothing was ever
 * asked, such as those that `fetch` opens in reserve, and it cannot be cut short.
 */
import type { Backend } from "./backend.ts";
import { createObject } from "./create.ts";
import { discover, isGroupVersionPath } from "./discovery.ts";
import { noSuchResource, StatusError } from "./errors.ts";
import { resource } from "./kinds.ts";
import { answer, plainText } from "./negotiate.ts";
import { resourceRequest } from "./resource_requests.ts";
import { parseRoute } from "./route.ts";
import { Store } from "./store.ts";

/** Options of {@linkcode ApiServer.start}. */
export interface ApiServerOptions {
  /** The port to listen on. @default 0, any free one */
  port?: number;
  /** A loopback address. @default "127.0.0.1" */
  hostname?: string;
  /** Milliseconds between the bookmarks of a watch that asked for them. @default 10_000 */
  bookmarkInterval?: number;
  /** How many changes of each kind can be replayed; older ones are 410 Gone. @default 8192 */
  watchHistory?: number;
  /**
   * Bytes that may wait for a watch whose client reads slowly, besides its initial state; then it
   * is cut. @default 64 MiB
   */
  watchBuffer?: number;
  /** The present time. @default the system's */
  now?: () => Date;
}

const DEFAULT_BOOKMARK_INTERVAL = 10_000;
/** Some ten thousand events of pods: a client in the same process may be busy for a while. */
const DEFAULT_WATCH_BUFFER = 64 * 1024 * 1024;
/** Time for requests in flight when closing. */
const DRAIN_MS = 500;
const LOOPBACK_HOST = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/;
const FIRST_NAMESPACES = ["default", "kube-system", "kube-public", "kube-node-lease"];

/** An API server in memory, over HTTP on loopback. Everything is allowed to everyone there. */
export class ApiServer implements AsyncDisposable {
  readonly #backend: Backend;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #abort = new AbortController();
  /** Requests whose answers have not been sent completely. */
  readonly #inFlight = new Set<Promise<void>>();
  readonly #bookmarks: ReturnType<typeof setInterval>;
  #closing: Promise<void> | undefined;

  private constructor(options: ApiServerOptions) {
    const { hostname = "127.0.0.1", port = 0, watchHistory } = options;
    const store = new Store(watchHistory === undefined ? {} : { historyLimit: watchHistory });
    this.#backend = {
      store,
      now: options.now ?? (() => new Date()),
      watchBuffer: options.watchBuffer ?? DEFAULT_WATCH_BUFFER,
      watches: new Set(),
      streams: new Set(),
    };
    createFirstObjects(this.#backend);
    this.#server = Deno.serve({
      hostname,
      port,
      signal: this.#abort.signal,
      onListen: () => {},
      onError: (error) => answer(internalError(error).status, 500),
    }, (request, { completed }) => {
      if (this.#closing) return shuttingDown();
      const sent = completed.catch(() => {}).finally(() => this.#inFlight.delete(sent));
      this.#inFlight.add(sent);
      return this.#handle(request);
    });
    this.#bookmarks = setInterval(() => {
      for (const watch of this.#backend.watches) watch.bookmark();
    }, options.bookmarkInterval ?? DEFAULT_BOOKMARK_INTERVAL);
  }

  /** Starts a server; it serves when this resolves. */
  // deno-lint-ignore require-await
  static async start(options: ApiServerOptions = {}): Promise<ApiServer> {
    return new ApiServer(options);
  }

  /** The port it listens on. */
  get port(): number {
    return this.#server.addr.port;
  }

  /** The base URL, for a kubeconfig. */
  get url(): string {
    const { hostname, port } = this.#server.addr;
    return `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
  }

  /** Forgets the history: watches and page tokens from before now get 410 Gone. */
  compact(): void {
    this.#backend.store.compact();
  }

  /** Ends all watches as a restart or a broken load balancer would; the server serves on. */
  cutWatches(): void {
    for (const watch of [...this.#backend.watches]) watch.close();
  }

  /** Stops; idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Stops. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    clearInterval(this.#bookmarks);
    this.cutWatches();
    for (const stream of [...this.#backend.streams]) stream.close();
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, DRAIN_MS);
    await Promise.race([Promise.all(this.#inFlight), late]);
    clearTimeout(timer);
    this.#abort.abort();
    await this.#server.finished;
  }

  async #handle(request: Request): Promise<Response> {
    try {
      const refused = refuseStrangers(request);
      if (refused) return refused;
      const url = new URL(request.url);
      const { pathname } = url;
      const route = parseRoute(pathname);
      if (!route) {
        const found = request.method === "GET" ? discover(pathname, request) : undefined;
        if (found) return found;
        if (isGroupVersionPath(pathname)) throw noSuchResource();
        return plainText("404 page not found\n", 404);
      }
      return await resourceRequest(this.#backend, { request, query: url.searchParams, route });
    } catch (error) {
      const { status } = error instanceof StatusError ? error : internalError(error);
      return answer(status, status.code);
    }
  }
}

/** Web pages may not use this server: neither by a name that points here, nor across origins. */
function refuseStrangers(request: Request): Response | undefined {
  const host = request.headers.get("host") ?? "";
  const origin = request.headers.get("origin");
  if (origin === null && LOOPBACK_HOST.test(host)) return undefined;
  const why = origin === null
    ? `host ${JSON.stringify(host)} is not a loopback address`
    : `requests of web pages (origin ${JSON.stringify(origin)}) are not served`;
  return answer(new StatusError(403, "Forbidden", `forbidden: ${why}`, {}).status, 403);
}

function shuttingDown(): Response {
  const error = new StatusError(503, "ServiceUnavailable", "the server is shutting down", {});
  return answer(error.status, 503);
}

function internalError(error: unknown): StatusError {
  const message = error instanceof Error ? error.message : String(error);
  return new StatusError(500, "InternalError", `Internal error occurred: ${message}`, {
    causes: [{ message }],
  });
}

function createFirstObjects(backend: Backend): void {
  const options = {
    dryRun: false,
    manager: "kube-apiserver",
    fieldValidation: "Ignore",
    warnings: [],
  } as const;
  const make = (plural: string, kind: string, metadata: { name: string; namespace?: string }) =>
    createObject(backend, resource("v1", plural), {
      ...(metadata.namespace ? { namespace: metadata.namespace } : {}),
      object: { kind, apiVersion: "v1", metadata },
      options: { ...options, warnings: [] },
    });
  for (const name of FIRST_NAMESPACES) make("namespaces", "Namespace", { name });
  for (const namespace of FIRST_NAMESPACES) {
    make("serviceaccounts", "ServiceAccount", { name: "default", namespace });
  }
}
