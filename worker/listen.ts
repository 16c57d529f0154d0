/**
 * An HTTP server that can be drained within a bound.
 *
 * Requests run side by side. `drain` closes the door, lets requests in flight finish, and when the
 * grace period is over answers 503 for handlers that have not answered. A response whose body is
 * still being sent then cannot be cut (`Deno.serve` cannot be aborted once it is shutting down);
 * it no longer keeps the process alive.
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
  const { what, hostname, port } = options;
  const overdue = Promise.withResolvers<void>();
  let server: Deno.HttpServer<Deno.NetAddr>;
  try {
    server = Deno.serve({
      hostname,
      port,
      onListen: () => {}, // the default prints
      onError: (error) => {
        options.onError(error);
        return new Response("internal error\n", { status: 500 });
      },
    }, (request) => {
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
      if (await within(grace, server.shutdown())) return;
      overdue.resolve();
      if (!await within(CLOSING, server.finished)) server.unref();
    },
  };
}

function stopping(): Response {
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
