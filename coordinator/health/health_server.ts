/**
 * Answers probes and Prometheus.
 *
 * Every answer is made on the spot from what is known, waits for nobody and asks no server, so that
 * a slow handler of the program cannot hold it up. It listens without any authentication, like the
 * health ports of Kubernetes' own components: it tells names and numbers, no secrets. It does not
 * defend itself against who opens connections without end; a network policy does that.
 *
 * @module
 */
import { within } from "../../runtime/mod.ts";
import { checkReport, type HealthChecks } from "./check.ts";
import { EXPOSITION_TYPE } from "./exposition.ts";

/** Options of {@linkcode HealthServer.start}. */
export interface HealthServerOptions {
  /** Port to listen at; 0 takes a free one. */
  port: number;
  /**
   * Address to listen at.
   *
   * @default "0.0.0.0"
   */
  hostname?: string;
  /** What `/livez` and `/readyz` ask. */
  checks: HealthChecks;
  /** Makes the text of `/metrics`. */
  metrics: () => string;
  /**
   * Makes what `/debug/recorder` sends: entries from the one after `since` on. They hold names of
   * objects, but no secrets.
   *
   * @default none: there is no such path
   */
  recording?: (options: { since: number }) => ReadableStream<Uint8Array>;
}

/** How long an answer may still take when the server is closed, in milliseconds. */
const CLOSING_MS = 1_000;

/** See the module's text. */
export class HealthServer implements AsyncDisposable {
  readonly #options: HealthServerOptions;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #cut = new AbortController();
  /** Answers that are not sent completely. */
  readonly #answers = new Set<Promise<void>>();
  #closing: Promise<void> | undefined;

  private constructor(options: HealthServerOptions) {
    this.#options = options;
    const { port, hostname = "0.0.0.0" } = options;
    this.#server = Deno.serve({
      port,
      hostname,
      signal: this.#cut.signal,
      onListen: () => {}, // the default prints
      onError: failed,
    }, (request, { completed }) => {
      const sent = completed.catch(() => {}).finally(() => this.#answers.delete(sent));
      this.#answers.add(sent);
      return this.#answer(request);
    });
  }

  /**
   * Listens.
   *
   * @throws {Error} when it cannot, naming the address
   */
  static start(options: HealthServerOptions): HealthServer {
    try {
      return new HealthServer(options);
    } catch (cause) {
      const { port, hostname = "0.0.0.0" } = options;
      const reason = cause instanceof Deno.errors.AddrInUse
        ? "the address is in use"
        : (cause as Error).message;
      throw new Error(`Cannot serve health at "${hostname}:${port}": ${reason}`, { cause });
    }
  }

  /** The port that it listens at. */
  get port(): number {
    return this.#server.addr.port;
  }

  /** Lets answers under way be sent, for at most a second, and closes all connections. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  /** Same as {@linkcode HealthServer.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    await within(CLOSING_MS, Promise.all(this.#answers));
    // Not shutdown(): in Deno 2.4 it waits, and keeps the process alive, for as long as somebody
    // holds a connection open on which nothing was asked.
    this.#cut.abort();
    await this.#server.finished;
  }

  #answer(request: Request): Response {
    const { pathname, searchParams } = new URL(request.url);
    if (request.method !== "GET" && request.method !== "HEAD") {
      return plain("only GET and HEAD are answered\n", 405, { allow: "GET, HEAD" });
    }
    const { checks, metrics, recording } = this.#options;
    const verbose = searchParams.has("verbose");
    switch (pathname) {
      case "/livez": {
        const { ok, text } = checkReport(checks.live(), { name: "livez", verbose });
        return plain(text, ok ? 200 : 500);
      }
      case "/readyz": {
        const { ok, text } = checkReport(checks.ready(), { name: "readyz", verbose });
        return plain(text, ok ? 200 : 503);
      }
      case "/metrics":
        return plain(metrics(), 200, { "content-type": EXPOSITION_TYPE });
    }
    if (pathname !== "/debug/recorder" || recording === undefined) {
      return plain("there is nothing here\n", 404);
    }
    const since = Number(searchParams.get("since") ?? 0);
    if (!Number.isSafeInteger(since)) return plain('"since" must be an integer\n', 400);
    const body = request.method === "HEAD" ? null : recording({ since });
    return new Response(body, { headers: { "content-type": "application/x-ndjson" } });
  }
}

function plain(text: string, status: number, headers: HeadersInit = {}): Response {
  const always = { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" };
  return new Response(text, { status, headers: { ...always, ...headers } });
}

/** A check or a metric threw, which must be seen by who asked. */
function failed(error: unknown): Response {
  return plain(`failed: ${error instanceof Error ? error.message : error}\n`, 500);
}
