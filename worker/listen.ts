/**
 * An HTTP server that can be drained within a bound.
 *
 * Requests run side by side. `drain` closes the door, lets requests in flight finish, and when the
 * grace period is over answers 503 for handlers that have not answered. A response whose body is
 * still being sent then, or a connection on which nothing was ever asked (Deno 2.4 keeps it open),
 * cannot be cut, as `Deno.serve` cannot be aborted once it is shutting down; it no longer keeps
 * the process alive, and is answered 503.
 *
 * @module
 */
import { within } from "../runtime/mod.ts";

/** Options of {@linkcode listen}. */
export interface ListenOptions {
  /** Who listens, for messages. */
  what: string;
  /** Address to listen at. */
  hostname: string;
  /** Port to listen at; 0 is any free one. */
  port: number;
  /** Serves HTTPS, by a certificate and its private key in PEM. @default HTTP */
  tls?: { readonly cert: string; readonly key: string };
  /** Hears what the handler throws; the caller gets a response with status 500. */
  onError: (error: unknown) => void;
}

/** A server that listens. */
export interface Listening {
  /** Where it listens. */
  readonly address: Deno.NetAddr;
  /** Takes no more requests and finishes those it has within `grace` milliseconds. */
  drain(grace: number): Promise<void>;
}

/** How long connections may take to close after their last response, in milliseconds. */
const CLOSING = 100;

/**
 * Serves HTTP.
 *
 * @throws {Error} saying in words why it cannot listen
 */
export function listen(
  handler: (request: Request) => Response | Promise<Response>,
  options: ListenOptions,
): Listening {
  const { what, hostname, port, tls } = options;
  const overdue = Promise.withResolvers<void>();
  const requests = new InFlight();
  let drained = false;
  let server: Deno.HttpServer<Deno.NetAddr>;
  try {
    server = Deno.serve({
      hostname,
      port,
      ...(tls && { cert: tls.cert, key: tls.key }),
      onListen: () => {}, // the default prints
      onError: (error) => {
        options.onError(error);
        return new Response("internal error\n", { status: 500 });
      },
    }, (request, { completed }) => {
      if (drained) return stopping();
      requests.add(completed);
      const answer = handler(request);
      if (answer instanceof Response) return answer;
      return Promise.race([answer, overdue.promise.then(stopping)]);
    });
  } catch (e) {
    throw new Error(`Cannot start ${what}: ${reason(e, `${hostname}:${port}`)}`, { cause: e });
  }
  return {
    address: server.addr,
    async drain(grace): Promise<void> {
      const finished = server.shutdown();
      const answered = Promise.race([finished, requests.none()]);
      if (!await within(grace, answered)) overdue.resolve();
      if (!await within(CLOSING, finished)) server.unref();
      drained = true;
    },
  };
}

/** Requests whose responses have not been sent completely. */
class InFlight {
  readonly #pending = new Set<Promise<void>>();

  /** Counts a request until `completed` settles. */
  add(completed: Promise<void>): void {
    const pending = completed.catch(() => {}).finally(() => this.#pending.delete(pending));
    this.#pending.add(pending);
  }

  /** Resolves when there are none. */
  async none(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }
}

/** What is answered to who comes too late. */
export function stopping(): Response {
  return new Response("stopping\n", { status: 503, headers: { connection: "close" } });
}

function reason(e: unknown, address: string): string {
  if (e instanceof Deno.errors.AddrInUse) return `address "${address}" is in use`;
  if (e instanceof Deno.errors.AddrNotAvailable) {
    return `address "${address}" is none of this machine's`;
  }
  if (e instanceof Deno.errors.PermissionDenied) {
    return `the operating system does not allow it to listen at "${address}"`;
  }
  return `listening at "${address}" failed: ${e instanceof Error ? e.message : e}`;
}
