/**
 * Sends over `node:https` what `fetch` cannot: to a server whose certificate is its own authority
 * (refused by fetch, `CaUsedAsEndEntity`), is to be verified for another name, or not at all.
 * Answers as fetch does. Each request has a connection of the agent's pool for itself.
 */
import type { IncomingMessage } from "node:http";
import { Agent, type AgentOptions, request } from "node:https";
import type { TlsMaterial } from "../config/mod.ts";
import type { SendInit } from "./connections.ts";

/** Options of {@linkcode NodeHttps}. */
export interface NodeHttpsOptions {
  /** How many idle connections are kept. */
  maxIdle: number;
  /** Milliseconds without a request after which idle connections are not used again. */
  idleMs: number;
}

export class NodeHttps {
  readonly #agent: Agent;
  readonly #idleMs: number;
  #usedAt = 0;

  constructor(tls: TlsMaterial, options: NodeHttpsOptions) {
    this.#idleMs = options.idleMs;
    const agentOptions: AgentOptions = {
      keepAlive: true,
      maxFreeSockets: options.maxIdle,
      ALPNProtocols: ["http/1.1"],
      ...(tls.caCerts.length > 0 && { ca: tls.caCerts }),
      ...(tls.cert && tls.key && { cert: tls.cert, key: tls.key }),
      ...(tls.serverName && { servername: tls.serverName }),
      ...(tls.insecure && { rejectUnauthorized: false }),
    };
    this.#agent = new Agent(agentOptions);
  }

  /** Resolves with the headers; the body follows. */
  send(url: string, init: SendInit): Promise<Response> {
    const now = performance.now();
    if (now - this.#usedAt > this.#idleMs) this.#closeIdle();
    this.#usedAt = now;
    return new Promise((resolve, reject) => {
      const { method, headers, body, signal } = init;
      const outgoing = request(url, { agent: this.#agent, method, headers, signal }, (message) => {
        resolve(toResponse(message));
      });
      outgoing.on("error", reject);
      if (body instanceof ReadableStream) {
        (async () => {
          for await (const chunk of body) outgoing.write(chunk);
          outgoing.end();
        })().catch((error) => outgoing.destroy(error));
      } else {
        outgoing.end(body);
      }
    });
  }

  /** Closes idle connections, and those in use when their request is done. */
  drop(): void {
    this.#agent.maxFreeSockets = 0;
    this.#closeIdle();
  }

  #closeIdle(): void {
    for (const sockets of Object.values(this.#agent.freeSockets)) {
      for (const socket of sockets ?? []) socket.destroy();
    }
  }
}

function toResponse(message: IncomingMessage): Response {
  const headers = new Headers();
  for (const [name, value] of Object.entries(message.headers)) {
    if (value !== undefined) headers.set(name, String(value));
  }
  const status = message.statusCode!;
  const empty = status === 204 || status === 304;
  if (empty) message.resume();
  return new Response(empty ? null : ReadableStream.from(message), { status, headers });
}
