/** What the generated clients ask of a transport: types only. */

export type JSONPrimitive = string | number | boolean | null | undefined;
export type JSONArray = JSONValue[];
export type JSONObject = { [key: string]: JSONValue };
export type JSONValue = JSONPrimitive | JSONObject | JSONArray;

export type HttpMethods = "GET" | "POST" | "DELETE" | "PUT" | "PATCH" | "OPTIONS" | "HEAD";

/** One request. At most one of the three bodies is set. */
export interface RequestOptions {
  method: HttpMethods;
  path: string;
  querystring?: URLSearchParams;
  abortSignal?: AbortSignal;
  contentType?: string;
  bodyRaw?: Uint8Array;
  bodyJson?: JSONValue;
  bodyStream?: ReadableStream<Uint8Array>;
  accept?: string;
  /** Subprotocols offered; the answer is then a tunnel. */
  expectTunnel?: string[];
  /** The answer is a stream: of JSON lines together with `expectJson`, else of bytes. */
  expectStream?: boolean;
  expectJson?: boolean;
}

/** A connection that carries several byte streams (exec, attach, port-forward). */
export interface KubernetesTunnel {
  readonly transportProtocol: "SPDY" | "WebSocket" | "Opaque";
  readonly subProtocol: string;
  getChannel<Treadable extends boolean, Twritable extends boolean>(opts: {
    spdyHeaders?: Record<string, string | number>;
    streamIndex?: number;
    readable: Treadable;
    writable: Twritable;
  }): Promise<{
    readable: Treadable extends true ? ReadableStream<Uint8Array> : null;
    writable: Twritable extends true ? WritableStream<Uint8Array> : null;
  }>;
  ready(): Promise<void>;
  stop(): Promise<void>;
}

/** Performs requests; what is expected in `opts` decides the type of the answer. */
export interface RestClient {
  performRequest(opts: RequestOptions & { expectTunnel: string[] }): Promise<KubernetesTunnel>;
  performRequest(
    opts: RequestOptions & { expectStream: true; expectJson: true },
  ): Promise<ReadableStream<JSONValue>>;
  performRequest(
    opts: RequestOptions & { expectStream: true },
  ): Promise<ReadableStream<Uint8Array>>;
  performRequest(opts: RequestOptions & { expectJson: true }): Promise<JSONValue>;
  performRequest(opts: RequestOptions): Promise<Uint8Array>;
  defaultNamespace?: string;
}

/** Added to a type whose `apiVersion` and `kind` are certainly present. */
export type ApiKind = { apiVersion: string; kind: string };

/** One line of a watch. */
export type WatchEvent<T, U> = WatchEventObject<T> | WatchEventError<U> | WatchEventBookmark;
export type WatchEventObject<T> = { type: "ADDED" | "MODIFIED" | "DELETED"; object: T };
export type WatchEventError<U> = { type: "ERROR"; object: U };
export type WatchEventBookmark = {
  type: "BOOKMARK";
  object: { metadata: { resourceVersion: string } };
};
