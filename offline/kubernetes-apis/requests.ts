/** Patches, proxies, and the requests that the generated methods make. */
import type {
  ApiKind,
  JSONValue,
  RequestOptions,
  RestClient,
} from "@cloudydeno/kubernetes-client/lib/contract.ts";
import { WatchEventTransformer } from "@cloudydeno/kubernetes-client/lib/stream-transformers.ts";
import { assertOrAddApiVersionAndKind, isStatusKind, type WatchEventStream } from "./common.ts";
import { type ListMeta, type Status, toListMeta, toStatus } from "./generated/meta/v1/structs.ts";
import * as operations from "./operations.ts";
import { formatQuery, type QueryValue } from "./query.ts";
import { checkObj, readList } from "./values.ts";

export type PatchType = "strategic-merge" | "json-merge" | "json-patch" | "apply-patch";

const PATCH_CONTENT_TYPES: Readonly<Record<PatchType, string>> = {
  "strategic-merge": "application/strategic-merge-patch+json",
  "json-merge": "application/merge-patch+json",
  "json-patch": "application/json-patch+json",
  "apply-patch": "application/apply-patch+yaml",
};

export function getPatchContentType(type: PatchType): string {
  if (Object.hasOwn(PATCH_CONTENT_TYPES, type)) return PATCH_CONTENT_TYPES[type];
  throw new Error(`Unknown Kubernetes patch type: ${JSON.stringify(type)}`);
}

export type JsonPatch = JsonPatchOp[];
export type JsonPatchOp =
  | { op: "add"; path: string; value: JSONValue }
  | { op: "remove"; path: string }
  | { op: "replace"; path: string; value: JSONValue }
  | { op: "move"; from: string; path: string }
  | { op: "copy"; from: string; path: string }
  | { op: "test"; path: string; value: JSONValue };

/** A request that the API server passes on to a pod, service or node. */
export type ProxyOptions = RequestOptions & { port?: string | number };

/** The fields that all typed lists have. */
export interface ListOf<T> {
  metadata: ListMeta;
  items: Array<T>;
}

/** Reads a list: `metadata` is demanded, as is each item's decoder. */
export function toList<T, V extends string, K extends string>(
  input: JSONValue,
  kind: [version: V, kind: K],
  toItem: (raw: JSONValue) => T,
): ListOf<T> & { apiVersion: V; kind: K } {
  const list = checkObj(input);
  return {
    ...assertOrAddApiVersionAndKind(list, kind[0], kind[1]),
    metadata: toListMeta(list.metadata),
    items: readList(list.items, toItem),
  };
}

type Decoder<T> = (raw: JSONValue) => T;

interface Write<B, T, O> {
  body: B;
  opts: O;
  from: (body: B) => JSONValue;
  to: Decoder<T>;
}

/** The requests below one root path, in the form that every generated method has. */
export class Requests {
  constructor(readonly client: RestClient, readonly root: string) {}

  async get<T>(path: string, opts: operations.NoOpts, to: Decoder<T>): Promise<T> {
    const { abortSignal } = opts;
    return to(await this.#json({ method: "GET", path, abortSignal }));
  }

  async list<T>(path: string, opts: operations.GetListOpts, to: Decoder<T>): Promise<T> {
    const querystring = operations.formatGetListOpts(opts);
    const { abortSignal } = opts;
    return to(await this.#json({ method: "GET", path, querystring, abortSignal }));
  }

  async watch<T>(
    path: string,
    opts: operations.WatchListOpts,
    to: Decoder<T & ApiKind>,
  ): Promise<WatchEventStream<T>> {
    const events = await this.client.performRequest({
      method: "GET",
      path: this.root + path,
      expectJson: true,
      expectStream: true,
      querystring: operations.formatWatchListOpts(opts),
      abortSignal: opts.abortSignal,
    }) as ReadableStream<{ [key: string]: JSONValue }>;
    return events.pipeThrough(new WatchEventTransformer(to, toStatus));
  }

  create<B, T>(path: string, write: Write<B, T, operations.PutOpts>): Promise<T> {
    return this.#write("POST", path, write);
  }

  replace<B, T>(path: string, write: Write<B, T, operations.PutOpts>): Promise<T> {
    return this.#write("PUT", path, write);
  }

  async patch<B, T>(
    path: string,
    write: Omit<Write<B, T, operations.PatchOpts>, "body"> & {
      type: PatchType;
      body: B | JsonPatch;
    },
  ): Promise<T> {
    const { type, body, opts, from, to } = write;
    const answer = await this.#json({
      method: "PATCH",
      path,
      querystring: operations.formatPatchOpts(opts),
      contentType: getPatchContentType(type),
      bodyJson: Array.isArray(body) ? body as JSONValue : from(body),
      abortSignal: opts.abortSignal,
    });
    return to(answer);
  }

  /** Deletes one object. The answer is the object, while it lives on, or a status. */
  async delete<T>(
    path: string,
    opts: operations.DeleteOpts,
    to: Decoder<T>,
  ): Promise<T | Status> {
    const querystring = operations.formatDeleteOpts(opts);
    const { abortSignal } = opts;
    const answer = await this.#json({ method: "DELETE", path, querystring, abortSignal });
    return isStatusKind(answer) ? toStatus(answer) : to(answer);
  }

  async deleteList<T>(path: string, opts: operations.DeleteListOpts, to: Decoder<T>): Promise<T> {
    const querystring = operations.formatDeleteListOpts(opts);
    const { abortSignal } = opts;
    return to(await this.#json({ method: "DELETE", path, querystring, abortSignal }));
  }

  async text(path: string, opts: QueryOpts): Promise<string> {
    return new TextDecoder().decode(await this.client.performRequest(this.#text(path, opts)));
  }

  async streamText(path: string, opts: QueryOpts): Promise<ReadableStream<string>> {
    const request = { ...this.#text(path, opts), expectStream: true as const };
    const bytes = await this.client.performRequest(request);
    return (bytes as ReadableStream<Uint8Array<ArrayBuffer>>).pipeThrough(new TextDecoderStream());
  }

  /** `parts`: what stands before the object's name, and the name. */
  async proxy(parts: [prefix: string, name: string], opts: ProxyOptions): Promise<unknown> {
    if (opts.path && !opts.path.startsWith("/")) throw new Error("Proxy path cannot be relative");
    const target = opts.port != null ? `${parts[1]}:${opts.port}` : parts[1];
    const path = `${this.root}${parts[0]}${target}/proxy${opts.path || ""}`;
    return await this.client.performRequest({ ...opts, path });
  }

  async #write<B, T>(
    method: "POST" | "PUT",
    path: string,
    write: Write<B, T, operations.PutOpts>,
  ): Promise<T> {
    const answer = await this.#json({
      method,
      path,
      querystring: operations.formatPutOpts(write.opts),
      bodyJson: write.from(write.body),
      abortSignal: write.opts.abortSignal,
    });
    return write.to(answer);
  }

  #json(request: RequestOptions): Promise<JSONValue> {
    return this.client.performRequest({
      ...request,
      path: this.root + request.path,
      expectJson: true,
    });
  }

  #text(path: string, opts: QueryOpts): RequestOptions {
    const { abortSignal, ...fields } = opts;
    const querystring = formatQuery(fields, Object.keys(fields).sort());
    return { method: "GET", path: this.root + path, querystring, abortSignal };
  }
}

type QueryOpts = { abortSignal?: AbortSignal; [name: string]: QueryValue | AbortSignal };
