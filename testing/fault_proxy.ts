/**
 * A proxy that makes a network go wrong on purpose, between any client and any API server.
 *
 * In `tcp` mode it passes bytes (also TLS, untouched) and a fault strikes a connection. In
 * `http` mode it speaks HTTP/1.1 to the client and HTTP or HTTPS to the server, one request a
 * connection, and a fault strikes a request, so that it can answer by itself too. An upgrade (a
 * WebSocket, `kubectl exec`) is passed on, and what follows it as bytes.
 *
 * Each accepted connection runs on its own; the two directions of one run side by side; a fault
 * acts on the direction from server to client. A client that ends its side counts as gone.
 * `close()` ends all of them and waits.
 */
import { type Fault, FaultDecider, type FaultPlan } from "./fault_plan.ts";
import {
  endOfHead,
  formatRequestHead,
  formatStatus,
  MAX_HEAD_BYTES,
  parseRequestHead,
  type RequestHead,
} from "./http_head.ts";
import { type Connection, connectTls } from "./tls_connection.ts";

/** How much is read at once. */
const CHUNK_BYTES = 64 * 1024;

/** Options of {@linkcode FaultProxy.start}. */
export interface FaultProxyOptions {
  /** Where to pass traffic on to: `http://host:port` or `https://host:port`. */
  target: string;
  /** Whether a fault strikes a connection or a request. @default "http" */
  mode?: "http" | "tcp";
  /** What goes wrong. @default nothing */
  plan?: FaultPlan;
  /** PEM certificates that the target's certificate is checked against (`http` mode, https). */
  caCerts?: string[];
}

/** One thing that the proxy did. */
export interface FaultRecord {
  /** Milliseconds since the proxy started, by the monotonic clock. */
  readonly at: number;
  /** The connection, counted from 1. */
  readonly connection: number;
  /** `open` a connection came, `pass` it was let through, `unreachable` the target was not there; else the fault. */
  readonly action: "open" | "pass" | Fault["fault"] | "unreachable";
  /** The request's method (`http` mode). */
  readonly method?: string;
  /** The request's path and query (`http` mode). */
  readonly path?: string;
  /** The status that the proxy answered with, if it did. */
  readonly code?: number;
}

/**
 * A fault-injecting proxy on loopback.
 *
 * @example
 * ```ts ignore
 * await using proxy = await FaultProxy.start({
 *   target: cluster.url,
 *   plan: { seed: 7, rules: [{ fault: "cut", path: /watch=1/, afterBytes: [0, 5000], probability: 0.5 }] },
 * });
 * // point a client at proxy.url, then look at proxy.record
 * ```
 */
export class FaultProxy implements AsyncDisposable {
  readonly #listener: Deno.TcpListener;
  readonly #target: URL;
  readonly #mode: "http" | "tcp";
  readonly #caCerts: string[] | undefined;
  readonly #record: FaultRecord[] = [];
  readonly #clients = new Set<Connection>();
  readonly #upstreams = new Set<Connection>();
  readonly #tasks = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  readonly #started = performance.now();
  readonly #accepting: Promise<void>;
  #decider: FaultDecider;
  #stalled: PromiseWithResolvers<void> | undefined;
  #refusing = false;
  #connections = 0;

  private constructor(options: FaultProxyOptions) {
    this.#target = new URL(options.target);
    this.#mode = options.mode ?? "http";
    this.#caCerts = options.caCerts;
    this.#decider = new FaultDecider(options.plan ?? { rules: [] });
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#accepting = this.#accept();
  }

  /** Starts a proxy on a free port of loopback. */
  static start(options: FaultProxyOptions): Promise<FaultProxy> {
    return Promise.resolve(new FaultProxy(options));
  }

  /** The port that clients connect to. */
  get port(): number {
    return (this.#listener.addr as Deno.NetAddr).port;
  }

  /** The URL that clients use in place of the target's: https in `tcp` mode if the target is. */
  get url(): string {
    const scheme = this.#mode === "tcp" ? this.#target.protocol : "http:";
    return `${scheme}//127.0.0.1:${this.port}`;
  }

  /** All that the proxy did, in order. */
  get record(): readonly FaultRecord[] {
    return this.#record;
  }

  /** How many client connections are open now. */
  get openConnections(): number {
    return this.#clients.size;
  }

  /** Replaces the plan, for connections (requests) from now on. */
  use(plan: FaultPlan): void {
    this.#decider = new FaultDecider(plan);
  }

  /** Cuts every open connection now. */
  cut(): void {
    for (const conn of [...this.#clients, ...this.#upstreams]) closeQuietly(conn);
  }

  /** Passes nothing on any connection, old or new, until {@linkcode resume}: a black hole. */
  stall(): void {
    this.#stalled ??= Promise.withResolvers<void>();
  }

  /** Ends {@linkcode stall}. */
  resume(): void {
    this.#stalled?.resolve();
    this.#stalled = undefined;
  }

  /** Closes new connections at once while on, as a server that is down does. */
  refuse(on: boolean): void {
    this.#refusing = on;
  }

  /** Ends the proxy and all its connections. */
  async close(): Promise<void> {
    this.resume();
    this.#closing.abort();
    closeQuietly(this.#listener);
    this.cut();
    await this.#accepting;
    await Promise.all(this.#tasks);
  }

  /** Same as {@linkcode close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #accept(): Promise<void> {
    while (true) {
      let conn: Deno.TcpConn;
      try {
        conn = undelayed(await this.#listener.accept());
      } catch {
        return; // closed
      }
      const task = this.#serve(conn, ++this.#connections).finally(() => this.#tasks.delete(task));
      this.#tasks.add(task);
    }
  }

  async #serve(client: Deno.TcpConn, connection: number): Promise<void> {
    this.#clients.add(client);
    let upstream: Connection | undefined;
    const over = new AbortController();
    try {
      this.#note({ connection, action: "open" });
      if (this.#refusing) return;
      await this.#unstalled();
      const first = this.#mode === "http" ? await readHead(client) : undefined;
      if (this.#mode === "http" && first === undefined) return;
      const head = first && parseRequestHead(first.head);
      const subject = { ...(head && { method: head.method, path: head.path }) };
      const fault = this.#decider.next(subject);
      this.#note({
        connection,
        action: fault?.fault ?? "pass",
        ...subject,
        ...(fault?.fault === "status" && { code: fault.code }),
      });
      if (fault?.fault === "status") {
        await writeAll(client, formatStatus(fault.code, fault));
        await drain(client, head!.body, first!.rest.length);
        return;
      }
      if (fault?.fault === "hold") await delay(fault.ms, this.#closing.signal);
      await this.#unstalled(); // what was held back is not passed while nothing is
      if (this.#closing.signal.aborted) return;
      upstream = await this.#connect(connection, subject);
      if (upstream === undefined) return;
      this.#upstreams.add(upstream);
      if (head) {
        await writeAll(upstream, formatRequestHead(head, this.#target.host));
        await writeAll(upstream, first!.rest);
      }
      const upload = this.#pass(client, upstream);
      const { signal } = over;
      const download = this.#passUntilStruck(upstream, client, { fault, ended: upload, signal });
      try {
        await Promise.race([upload, download]);
      } finally {
        over.abort();
        closeQuietly(client);
        closeQuietly(upstream);
        await Promise.allSettled([upload, download]);
      }
    } catch {
      // a side went away: that is what connections do here, and both are closed below
    } finally {
      closeQuietly(client);
      this.#clients.delete(client);
      if (upstream) {
        closeQuietly(upstream);
        this.#upstreams.delete(upstream);
      }
    }
  }

  async #connect(
    connection: number,
    subject: { method?: string; path?: string },
  ): Promise<Connection | undefined> {
    const secure = this.#target.protocol === "https:";
    const hostname = this.#target.hostname;
    const port = Number(this.#target.port || (secure ? 443 : 80));
    try {
      return secure && this.#mode === "http"
        ? await connectTls({ hostname, port }, this.#caCerts)
        : undelayed(await Deno.connect({ hostname, port }));
    } catch {
      this.#note({ connection, action: "unreachable", ...subject });
      return undefined;
    }
  }

  /** Passes bytes from client to server until the client ends. */
  async #pass(from: Connection, to: Connection): Promise<void> {
    const buffer = new Uint8Array(CHUNK_BYTES);
    for (let n = await from.read(buffer); n !== null; n = await from.read(buffer)) {
      await this.#unstalled();
      await writeAll(to, buffer.subarray(0, n));
    }
  }

  /** Passes bytes from server to client until the server ends or the fault strikes. */
  async #passUntilStruck(
    from: Connection,
    to: Connection,
    options: { fault: Fault | undefined; ended: Promise<void>; signal: AbortSignal },
  ): Promise<void> {
    const { fault, ended, signal } = options;
    if (fault?.fault === "delay") await delay(fault.ms, signal);
    const ending = fault?.fault === "cut" || fault?.fault === "stall" ||
        fault?.fault === "halfClose"
      ? fault
      : undefined;
    const strike = ending?.afterMs === undefined
      ? undefined
      : delay(ending.afterMs, signal).then(() => "struck" as const);
    let left = ending === undefined ? Infinity : ending.afterBytes ?? (strike ? Infinity : 0);
    const buffer = new Uint8Array(CHUNK_BYTES);
    while (left > 0) {
      const read = from.read(buffer);
      read.catch(() => {}); // when the strike comes first, closing the connection ends the read
      const n = await (strike ? Promise.race([read, strike]) : read);
      if (n === null) return;
      await this.#unstalled();
      if (n === "struck") break;
      await writeAll(to, buffer.subarray(0, Math.min(n, left)));
      left -= n;
    }
    if (ending?.fault === "halfClose") await to.closeWrite();
    if (ending?.fault !== "cut") await ended;
  }

  async #unstalled(): Promise<void> {
    while (this.#stalled) await this.#stalled.promise;
  }

  #note(entry: Omit<FaultRecord, "at">): void {
    this.#record.push({ at: performance.now() - this.#started, ...entry });
  }
}

/** Reads until the blank line behind a head; `undefined` if the client left without a request. */
async function readHead(
  conn: Connection,
): Promise<{ head: Uint8Array; rest: Uint8Array } | undefined> {
  let bytes = new Uint8Array(0);
  const buffer = new Uint8Array(CHUNK_BYTES);
  while (bytes.length <= MAX_HEAD_BYTES) {
    const n = await conn.read(buffer);
    if (n === null) return undefined;
    const joined = new Uint8Array(bytes.length + n);
    joined.set(bytes);
    joined.set(buffer.subarray(0, n), bytes.length);
    bytes = joined;
    const end = endOfHead(bytes);
    if (end > 0) return { head: bytes.subarray(0, end), rest: bytes.subarray(end) };
  }
  throw new RangeError(`Cannot read a request head: it is longer than ${MAX_HEAD_BYTES} bytes`);
}

/** Reads what is left of a request's body, so that closing does not reset the answer away. */
async function drain(conn: Connection, body: RequestHead["body"], seen: number): Promise<void> {
  const buffer = new Uint8Array(CHUNK_BYTES);
  let left = body.kind === "length" ? body.bytes - seen : body.kind === "chunked" ? Infinity : 0;
  await conn.closeWrite();
  while (left > 0) {
    const n = await conn.read(buffer);
    if (n === null) return;
    left -= n;
  }
}

async function writeAll(conn: Connection, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    written += await conn.write(bytes.subarray(written));
  }
}

/** Lets small pieces not wait for each other: what is passed on was not late when it came. */
function undelayed(conn: Deno.TcpConn): Deno.TcpConn {
  conn.setNoDelay();
  return conn;
}

function closeQuietly(closable: { close(): void }): void {
  try {
    closable.close();
  } catch {
    // it was closed already: closing twice is not an error here
  }
}

/** Resolves after `ms`, or at once when the signal aborts. */
function delay(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  const stop = () => resolve();
  const timer = setTimeout(resolve, ms);
  signal.addEventListener("abort", stop, { once: true });
  return promise.finally(() => {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  });
}
