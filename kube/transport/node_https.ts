/**
 * Sends over `node:https` what `fetch` cannot: to a server whose certificate is its own authority
 * (refused by fetch, `CaUsedAsEndEntity`), is to be verified for another name, or not at all.
 * Answers as fetch does. Each request makes a connection for itself: Deno repeats an aborted request
 * that had gone out on a used one. That costs 3 ms a request, measured on loopback.
 */
import { once } from "node:events";
import type { ClientRequest, IncomingMessage } from "node:http";
import { Agent, type AgentOptions, request } from "node:https";
import type { TlsMaterial } from "../config/mod.ts";
import type { SendInit } from "./connections.ts";

export class NodeHttps {
  readonly #agent: Agent;

  constructor(tls: TlsMaterial) {
    const options: AgentOptions = {
      keepAlive: false,
      ALPNProtocols: ["http/1.1"],
      ...(tls.caCerts.length > 0 && { ca: tls.caCerts }),
      ...(tls.cert && tls.key && { cert: tls.cert, key: tls.key }),
      ...(tls.serverName && { servername: tls.serverName }),
      ...(tls.insecure && { rejectUnauthorized: false }),
    };
    this.#agent = new Agent(options);
  }

  /** Resolves with the headers; the body follows. */
  send(url: string, init: SendInit): Promise<Response> {
    return new Promise((resolve, reject) => {
      const { method, body, signal } = init;
      const headers = { ...init.headers };
      // Node frames a body by itself, but not that of a DELETE, which would then be ignored
      if (body instanceof ReadableStream) headers["transfer-encoding"] = "chunked";
      else if (body !== undefined) headers["content-length"] = String(byteLength(body));
      const outgoing = request(url, { agent: this.#agent, method, headers, signal }, (message) => {
        resolve(toResponse(message));
      });
      outgoing.on("error", reject);
      if (body instanceof ReadableStream) {
        sendStream(outgoing, body).catch((error) => outgoing.destroy(error));
      } else {
        outgoing.end(body);
      }
    });
  }
}

function byteLength(body: string | Uint8Array): number {
  return typeof body === "string" ? new TextEncoder().encode(body).length : body.length;
}

async function sendStream(to: ClientRequest, body: ReadableStream<Uint8Array>): Promise<void> {
  for await (const chunk of body) {
    if (!to.write(chunk)) await once(to, "drain");
  }
  to.end();
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
