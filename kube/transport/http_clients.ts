/**
 * The connections to one API server. Only HTTP/1.1 is spoken, though a kube-apiserver offers
 * HTTP/2: there all requests and watches would share one TCP connection, which Deno does not ping,
 * so that one blackholed connection would stop everything and be chosen again for what follows.
 * Over HTTP/1.1 a request that is given up takes its connection with it, and nothing else.
 */
import type { TlsMaterial } from "../config/mod.ts";

/** Idle connections are given up before kube-apiserver does it after 90 s: no request may meet its FIN. */
const POOL_IDLE_MS = 45_000;

/** More idle ones are closed; a coordinator has a handful of requests at once. */
const POOL_MAX_IDLE = 16;

export class HttpClients {
  #current?: { client: Deno.HttpClient; tls: TlsMaterial };

  /** The client for these credentials; others than before get new connections. */
  get(tls: TlsMaterial): Deno.HttpClient {
    if (this.#current?.tls === tls) return this.#current.client;
    this.drop();
    const { caCerts, cert, key, proxy } = tls;
    const client = Deno.createHttpClient({
      caCerts,
      http2: false,
      poolIdleTimeout: POOL_IDLE_MS,
      poolMaxIdlePerHost: POOL_MAX_IDLE,
      ...(proxy && { proxy }),
      ...(cert && key && { cert, key }),
    });
    this.#current = { client, tls };
    return client;
  }

  /** Closes idle connections; requests under way keep theirs to their end. */
  drop(): void {
    this.#current?.client.close();
    this.#current = undefined;
  }
}
