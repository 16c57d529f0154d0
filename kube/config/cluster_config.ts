import { ConfigError } from "./config_error.ts";

/** Where a cluster is and how to authenticate there. */
export interface ClusterConfig {
  /** Base URL of the API server; may have a path, never ends with a slash. */
  readonly server: string;
  /** The context's namespace, else `"default"`. */
  readonly namespace: string;
  /** Where this was found, for messages: `kubeconfig "/a/b", context "local"`. */
  readonly source: string;
  /** What to present to the API server. */
  readonly credentials: Credentials;
}

/** Credentials that may change while they are used: tokens rotate, plugins' tokens expire. */
export interface Credentials {
  /** What to present now; cheap when cached. Rejects with {@linkcode ConfigError}. */
  get(options?: { signal?: AbortSignal }): Promise<Presented>;
  /**
   * Forgets what is cached, so that the next `get` reads files and runs plugins again. With
   * `rejected`, only if that is still what is presented: of many requests that meet a 401
   * together, the first refreshes.
   */
  refresh(rejected?: Presented): void;
}

/** What goes with a request. */
export interface Presented {
  /** Value of the `Authorization` header. */
  readonly authorization?: string;
  /** The same object for as long as nothing in it changed. */
  readonly tls: TlsMaterial;
}

/** What a connection is made with. */
export interface TlsMaterial {
  /** PEM; trusted beside the default roots. */
  readonly caCerts: string[];
  /** PEM of the client certificate, with its chain. */
  readonly cert?: string;
  /** PEM of the client certificate's key. */
  readonly key?: string;
  /** The name that the server's certificate is verified for, if not the host's. */
  readonly serverName?: string;
  /** Whether the server's certificate is not verified at all. */
  readonly insecure?: boolean;
  /** A proxy to go through. */
  readonly proxy?: { url: string; basicAuth?: { username: string; password: string } };
}

/** Options of {@linkcode plainClusterConfig}. */
export interface PlainClusterOptions {
  /** Bearer token. */
  token?: string;
  /** The namespace of what names none. @default "default" */
  namespace?: string;
}

/** A cluster at `server` with a fixed token or none, as the embedded one. */
export function plainClusterConfig(
  server: string,
  options: PlainClusterOptions = {},
): ClusterConfig {
  const presented: Presented = {
    ...(options.token && { authorization: `Bearer ${options.token}` }),
    tls: { caCerts: [] },
  };
  return {
    server: checkServer(server, "Cannot use server"),
    namespace: options.namespace ?? "default",
    source: `server "${server}"`,
    credentials: { get: () => Promise.resolve(presented), refresh: () => {} },
  };
}

/** The URL without a trailing slash; anything but http(s) is a {@linkcode ConfigError}. */
export function checkServer(server: string, complaint: string): string {
  const url = URL.canParse(server) ? new URL(server) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.search || url.hash) {
    throw new ConfigError(`${complaint} "${server}": it must be an http:// or https:// URL`);
  }
  return url.href.replace(/\/+$/, "");
}

/** Whether the URL's host is this machine. */
export function isLoopback(server: string): boolean {
  const { hostname } = new URL(server);
  return hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127.");
}
