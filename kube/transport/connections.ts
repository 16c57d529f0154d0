/**
 * The connections to one API server. Only HTTP/1.1 is spoken, though a kube-apiserver offers
 * HTTP/2: there all requests and watches would share one TCP connection, which Deno does not ping,
 * so that one blackholed connection would stop everything and be chosen again for what follows.
 * Over HTTP/1.1 a request that is given up takes its connection with it, and nothing else.
 *
 * `fetch` sends, but for what its TLS cannot do: node_https.ts.
 */
import type { ByteConnection } from "../../websocket/mod.ts";
import { ConfigError, type TlsMaterial } from "../config/mod.ts";
import { connectBytes, connectBytesByNode } from "./connect_bytes.ts";
import { networkCause } from "./connection_error.ts";
import { NodeHttps } from "./node_https.ts";

/** Idle ones are given up before kube-apiserver does it after 90 s: no request may meet its FIN. */
const POOL_IDLE_MS = 45_000;

/** More idle ones are closed; a coordinator has a handful of requests at once. */
const POOL_MAX_IDLE = 16;

/** Of Deno 2; the first of which node:https was found to verify, and fail, as Node's does. */
const NODE_TLS_MINOR = 9;

/** What is sent. */
export interface SendInit {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: string | Uint8Array | ReadableStream<Uint8Array>;
  readonly signal: AbortSignal;
}

type Sender = { client: Deno.HttpClient } | { node: NodeHttps };

export class Connections {
  #current?: { tls: TlsMaterial; sender: Sender };
  /** Whether the server's certificate turned out to be one that fetch cannot verify. */
  #needsNode = false;
  readonly #source: string;

  /** `source` is where the TLS material comes from, for messages. */
  constructor(source: string) {
    this.#source = source;
  }

  /** Resolves with the headers; the body follows. New material makes new connections. */
  async send(url: string, init: SendInit, tls: TlsMaterial): Promise<Response> {
    const sender = this.#senderFor(tls);
    if ("node" in sender) return await sender.node.send(url, init);
    try {
      return await fetch(url, {
        ...init,
        body: sentOnce(init.body),
        redirect: "manual",
        client: sender.client,
      });
    } catch (error) {
      // Self-signed, and itself the trusted authority: fine for others, refused by fetch
      if (!/CaUsedAsEndEntity/.test(networkCause(error))) throw error;
      if (!this.#needsNode) this.drop();
      this.#needsNode = true;
      return await this.send(url, init, tls);
    }
  }

  /** A connection of its own, for what is not a request and an answer. */
  async open(url: URL, tls: TlsMaterial, signal: AbortSignal): Promise<ByteConnection> {
    if (tls.proxy) {
      throw new ConfigError(`Cannot use ${this.#source}: a WebSocket does not go by "proxy-url"`);
    }
    const reason = url.protocol === "https:" ? this.#nodeReason(tls) : undefined;
    if (reason) {
      checkNodeTls(reason, this.#source);
      return await connectBytesByNode(url, tls, signal);
    }
    try {
      return await connectBytes(url, tls, signal);
    } catch (error) {
      if (signal.aborted || !/CaUsedAsEndEntity/.test(networkCause(error))) throw error;
      if (!this.#needsNode) this.drop();
      this.#needsNode = true;
      return await this.open(url, tls, signal);
    }
  }

  /** Closes idle connections; requests under way keep theirs to their end. */
  drop(): void {
    const sender = this.#current?.sender;
    this.#current = undefined;
    if (!sender) return;
    if ("client" in sender) sender.client.close();
  }

  #senderFor(tls: TlsMaterial): Sender {
    if (this.#current?.tls === tls) return this.#current.sender;
    this.drop();
    const reason = this.#nodeReason(tls);
    const sender = reason
      ? { node: this.#createNode(tls, reason) }
      : { client: this.#createClient(tls) };
    this.#current = { tls, sender };
    return sender;
  }

  /** What Deno's own TLS cannot do, if there is something. */
  #nodeReason(tls: TlsMaterial): string | undefined {
    if (this.#needsNode) return "a server certificate that is its own authority";
    if (tls.insecure) return `"insecure-skip-tls-verify"`;
    return tls.serverName && `"tls-server-name"`;
  }

  #createClient({ caCerts, cert, key, proxy }: TlsMaterial): Deno.HttpClient {
    try {
      return Deno.createHttpClient({
        caCerts,
        http2: false,
        poolIdleTimeout: POOL_IDLE_MS,
        poolMaxIdlePerHost: POOL_MAX_IDLE,
        ...(proxy && { proxy }),
        ...(cert && key && { cert, key }),
      });
    } catch (error) {
      throw new ConfigError(
        `Cannot use the certificates of ${this.#source}: ${networkCause(error)}`,
        { cause: error },
      );
    }
  }

  #createNode(tls: TlsMaterial, reason: string): NodeHttps {
    checkNodeTls(reason, this.#source);
    if (tls.proxy) {
      throw new ConfigError(
        `Cannot use ${this.#source}: ${reason} and "proxy-url" do not work together`,
      );
    }
    return new NodeHttps(tls);
  }
}

function checkNodeTls(reason: string, source: string): void {
  const { deno } = Deno.version;
  const [major = 0, minor = 0] = deno.split(".").map(Number);
  if (major > 2 || (major === 2 && minor >= NODE_TLS_MINOR)) return;
  throw new ConfigError(
    `Cannot use ${source}: ${reason} needs Deno 2.${NODE_TLS_MINOR}, this is ${deno}`,
  );
}

/**
 * A body that fetch does not send twice. When a used connection closes before the answer, Deno from
 * 2.7 on silently repeats the request, whatever its method, unless its body is a stream; that of a
 * Blob is one, and has a length. A write may have been done by then, so its sender must be told.
 * Without a body are reads and deletions, which may be repeated: at most once for each answer that
 * was a good one, as the connections of a server that fails are not used again.
 */
function sentOnce(body: SendInit["body"]): BodyInit | undefined {
  if (body === undefined || body instanceof ReadableStream) return body;
  return new Blob([body as BlobPart]);
}
