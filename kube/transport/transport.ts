/**
 * All requests to one API server go through here. A call waits for the budget, takes the present
 * credentials, is sent, and its answer is handed on as JSON, bytes or a stream; what fails in a
 * passing way is sent again (retry_policy.ts), each time through the budget. Calls run side by
 * side; each has a {@linkcode CallScope} that its caller's signal, a time-out or `close()` aborts.
 */
import type {
  JSONValue,
  KubernetesTunnel,
  RequestOptions,
  RestClient,
} from "@cloudydeno/kubernetes-client";
import { type ClusterConfig, ConfigError, type Presented } from "../config/mod.ts";
import { ClientSocket } from "../../websocket/mod.ts";
import { ApiError, isUnauthorized, toApiError } from "./api_error.ts";
import { parseJson, parseJsonLines, passBody } from "./body_streams.ts";
import { CallScope } from "./call_scope.ts";
import { ConnectionError, networkCause } from "./connection_error.ts";
import { Connections } from "./connections.ts";
import { delay } from "../delay.ts";
import { openSocket } from "./open_socket.ts";
import { describeRequest, parseRequest, type RequestInfo, resourceOf } from "./request_info.ts";
import { requestUrl } from "./request_url.ts";
import { parseRetryAfter, retryDelay } from "./retry_policy.ts";
import { TokenBucket } from "./token_bucket.ts";
import {
  BUDGET,
  MAX_RETRIES,
  REQUEST_TIMEOUT_MS,
  type SocketRequest,
  type TransportOptions,
} from "./transport_options.ts";
import { type RequestRecord, toRecord, type TransportStats } from "./transport_stats.ts";
import { VERSION } from "./version.ts";

interface Call {
  readonly request: RequestOptions;
  readonly info: RequestInfo;
  readonly scope: CallScope;
  readonly url: string;
  /** Set if the answer is to be a WebSocket. */
  readonly socket?: SocketRequest;
  /** The credentials of the last attempt. */
  presented?: Presented;
}

/**
 * A {@linkcode RestClient} with a request budget, retries and credentials that rotate.
 *
 * Rejects with {@linkcode ApiError} when the server answered with failure, with
 * {@linkcode ConnectionError} when it did not answer, with {@linkcode ConfigError} when there are
 * no credentials, and with the signal's reason when the caller aborted.
 */
export class Transport implements RestClient, AsyncDisposable {
  /** The cluster that is spoken to. */
  readonly config: ClusterConfig;
  /** The namespace for generated clients' `myNamespace()`. */
  defaultNamespace: string;
  readonly #options: Required<Omit<TransportOptions, "budget" | "onRequest">>;
  readonly #onRequest?: (record: RequestRecord) => void;
  readonly #bucket: TokenBucket;
  readonly #connections: Connections;
  readonly #calls = new Set<CallScope>();
  readonly #byOutcome: Record<string, number> = {};
  readonly #counts = { requests: 0, retries: 0, throttledMs: 0 };
  #closed = false;

  /** Connects to nothing yet. */
  constructor(config: ClusterConfig, options: TransportOptions = {}) {
    this.config = config;
    this.defaultNamespace = config.namespace;
    this.#connections = new Connections(config.source);
    this.#bucket = new TokenBucket(options.budget ?? BUDGET);
    this.#onRequest = options.onRequest;
    this.#options = {
      requestTimeout: options.requestTimeout ?? REQUEST_TIMEOUT_MS,
      userAgent: options.userAgent ?? `troupe/${VERSION}`,
      maxRetries: options.maxRetries ?? MAX_RETRIES,
      random: options.random ?? Math.random,
    };
  }

  /** What was sent until now. */
  get stats(): Readonly<TransportStats> {
    return { ...this.#counts, byOutcome: { ...this.#byOutcome } };
  }

  /** Rejects: tunnels are not supported. */
  performRequest(opts: RequestOptions & { expectTunnel: string[] }): Promise<KubernetesTunnel>;
  /** Opens a stream of JSON values, one a line. */
  performRequest(
    opts: RequestOptions & { expectStream: true; expectJson: true },
  ): Promise<ReadableStream<JSONValue>>;
  /** Opens a stream of bytes. */
  performRequest(
    opts: RequestOptions & { expectStream: true },
  ): Promise<ReadableStream<Uint8Array>>;
  /** Asks for a JSON value. */
  performRequest(opts: RequestOptions & { expectJson: true }): Promise<JSONValue>;
  /** Asks for bytes. */
  performRequest(opts: RequestOptions): Promise<Uint8Array>;
  /** Sends a request; see the class for how it fails. */
  async performRequest(opts: RequestOptions): Promise<unknown> {
    const info = parseRequest(opts.method, opts.path, opts.querystring);
    if (opts.expectTunnel) {
      throw new Error(`Cannot ${describeRequest(info)}: tunnels are not supported`);
    }
    return await this.#call(opts, info);
  }

  /**
   * Opens a WebSocket, which counts as one request; see the class for how it fails. It ends at once
   * with the request's signal and with `close()`. A failed one is opened again only if the server
   * has not begun to work on it.
   */
  async openSocket(socket: SocketRequest): Promise<ClientSocket> {
    const info = parseRequest("GET", socket.path, socket.querystring);
    const request = { method: "GET", ...socket, expectStream: true } as const;
    return await this.#call(request, info, socket) as ClientSocket;
  }

  async #call(opts: RequestOptions, info: RequestInfo, socket?: SocketRequest): Promise<unknown> {
    if (this.#closed) throw new Error(`Cannot ${describeRequest(info)}: the transport was closed`);
    const url = requestUrl(this.config.server, opts, info);
    const scope = new CallScope(this.#calls, opts.abortSignal);
    try {
      return await this.#perform({ request: opts, info, scope, url, socket });
    } catch (error) {
      scope.end();
      throw error;
    }
  }

  /** Aborts what is in flight, streams included, and closes all connections. */
  close(): Promise<void> {
    this.#closed = true;
    for (const scope of [...this.#calls]) scope.abort(new Error("The transport was closed"));
    this.#connections.drop();
    return Promise.resolve();
  }

  /** As `close()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Attempts until one succeeds or fails for good. */
  async #perform(call: Call): Promise<unknown> {
    const { request, scope } = call;
    let retries = 0;
    let refreshed = false;
    while (true) {
      try {
        return await this.#attempt(call);
      } catch (error) {
        if (scope.signal.aborted) throw scope.signal.reason;
        if (request.bodyStream) throw error; // cannot be sent twice
        if (isUnauthorized(error) && !refreshed) {
          refreshed = true;
          this.config.credentials.refresh(call.presented);
        } else {
          const stream = request.expectStream ?? false;
          const { random, maxRetries } = this.#options;
          const wait = retryDelay({ error, method: request.method, stream, retries, random });
          if (wait === undefined || retries >= maxRetries) throw error;
          retries++;
          await delay(wait, scope.signal);
        }
        this.#counts.retries++;
      }
    }
  }

  async #attempt(call: Call): Promise<unknown> {
    const { info, request, scope } = call;
    const urgent = info.resource === "leases";
    this.#counts.throttledMs += await this.#bucket.take({ signal: scope.signal, urgent });
    call.presented = await this.config.credentials.get({ signal: scope.signal });
    const start = performance.now();
    const outcome: { code?: number; error?: Error } = {};
    try {
      scope.arm(this.#options.requestTimeout, () => this.#timeout(call));
      const response = await this.#fetch(call);
      if (response instanceof ClientSocket) {
        outcome.code = 101;
        return response;
      }
      outcome.code = response.status;
      if (scope.signal.aborted) await response.body?.cancel(); // just when its headers came
      scope.signal.throwIfAborted();
      const answer = await this.#answer(call, response);
      if (!request.expectStream) scope.end();
      return answer;
    } catch (error) {
      outcome.error = this.#toError(call, error);
      // Deno repeats a read by itself when a used connection closes. Of a server that fails none is
      // used twice, so that the budget counts all that it gets.
      if (isFailing(outcome.error)) this.#connections.drop();
      throw outcome.error;
    } finally {
      scope.disarm();
      this.#record(call, { ms: performance.now() - start, ...outcome });
    }
  }

  #fetch(call: Call): Promise<ClientSocket | Response> {
    const { request, scope, presented, url } = call;
    const json = request.bodyJson !== undefined;
    const accept = request.accept ?? (request.expectJson ? "application/json" : undefined);
    const contentType = request.contentType ?? (json ? "application/json" : undefined);
    this.#counts.requests++;
    const headers = {
      ...call.socket?.headers,
      "user-agent": this.#options.userAgent,
      ...(accept && { accept }),
      ...(contentType && { "content-type": contentType }),
      ...(presented!.authorization && { authorization: presented!.authorization }),
    };
    if (call.socket) {
      return openSocket(this.#connections, { ...call.socket, url, headers, scope }, {
        tls: presented!.tls,
        toError: (error) => this.#toError(call, error, "no more"),
      });
    }
    return this.#connections.send(url, {
      method: request.method,
      headers,
      body: request.bodyStream ?? request.bodyRaw ??
        (json ? JSON.stringify(request.bodyJson) : undefined),
      signal: scope.signal,
    }, presented!.tls);
  }

  async #answer(call: Call, response: Response): Promise<unknown> {
    const { request, scope, info } = call;
    if (!response.ok) {
      throw toApiError(info, {
        httpCode: response.status,
        retryAfterMs: parseRetryAfter(response.headers.get("retry-after")),
        body: await response.text(),
        source: this.config.source,
      });
    }
    if (request.expectStream) {
      const body = response.body ?? new Blob().stream();
      const bytes = passBody(body, scope, (error) => this.#toError(call, error, "no more"));
      return request.expectJson ? parseJsonLines(bytes) : bytes;
    }
    if (request.expectJson) {
      const text = await response.text();
      return text === "" ? undefined : parseJson(text);
    }
    return new Uint8Array(await response.arrayBuffer());
  }

  /** Whatever was thrown, as one of the errors that a caller is promised. */
  #toError({ scope, info }: Call, error: unknown, what = "no answer"): Error {
    if (scope.signal.aborted) return scope.signal.reason;
    if (error instanceof ApiError || error instanceof ConfigError) return error;
    const wanted = `Cannot ${describeRequest(info)}`;
    if (error instanceof Deno.errors.NotCapable) {
      const { host } = new URL(this.config.server);
      return new ConfigError(
        `${wanted}: Deno may not connect to "${host}", start with --allow-net=${host}`,
        { cause: error },
      );
    }
    return new ConnectionError(
      `${wanted}: ${what} from "${this.config.server}": ${networkCause(error)}`,
      { cause: error },
    );
  }

  #timeout({ info }: Call): ConnectionError {
    return new ConnectionError(
      `Cannot ${describeRequest(info)}: no answer from "${this.config.server}" ` +
        `within ${this.#options.requestTimeout} ms`,
      { timedOut: true },
    );
  }

  #record(
    { info, request }: Call,
    outcome: { code?: number; ms: number; error?: Error },
  ): void {
    const key = `${info.verb} ${resourceOf(info)} ${outcome.code ?? "error"}`;
    this.#byOutcome[key] = (this.#byOutcome[key] ?? 0) + 1;
    this.#onRequest?.(toRecord(info, request, outcome));
  }
}

/** Whether other idle connections may lead nowhere too. */
function isFailing(error: Error): boolean {
  if (error instanceof ApiError) return error.httpCode >= 500 || error.httpCode === 429;
  return error instanceof ConnectionError;
}
