import type { RequestOptions, RestClient } from "@cloudydeno/kubernetes-client";
import { ApiError, ConnectionError } from "../../../kube/mod.ts";

/** A ConfigMap as it is stored. */
export interface StoredConfigMap {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly labels?: Record<string, string>;
    readonly annotations?: Record<string, string>;
  };
  readonly data?: Record<string, string>;
  readonly immutable?: boolean;
}

/** A request as a test sees it. */
export interface Call {
  readonly client: string;
  readonly method: string;
  /** Of the object; none of a list or a watch. */
  readonly name: string | undefined;
  readonly watch: boolean;
  readonly body?: StoredConfigMap;
}

/** What becomes of a request: on its way there, and on its way back; or the code of a refusal. */
export type Fault = "lose request" | "lose answer" | number;

interface Event {
  readonly version: number;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: StoredConfigMap;
}

interface Watcher {
  readonly query: URLSearchParams;
  readonly stream: ReadableStreamDefaultController<Uint8Array>;
}

/** The API server sets it; what is over it is refused. */
const MAX_DATA_BYTES = 1024 * 1024;

/** ConfigMaps in memory, with the API server's rules for versions, watches and sizes, and faults as a test wants. */
export class ConfigMapServer {
  version = 100;
  readonly objects: Map<string, StoredConfigMap> = new Map();
  /** What was asked for. */
  readonly calls: Call[] = [];
  /** Decides about each request. */
  fault: (call: Call) => Fault | undefined = () => undefined;
  /** How many turns of the loop a message takes. */
  latency: () => number = () => 1;
  readonly #watchers = new Set<Watcher>();
  readonly #looks = new Set<() => void>();
  #events: Event[] = [];
  #compacted = 0;
  #uid = 0;

  /** What one process speaks with. */
  client(client: string): RestClient {
    const performRequest = (request: RequestOptions) => this.#perform(client, request);
    return { performRequest: performRequest as RestClient["performRequest"] };
  }

  /** How many requests like that there were. */
  count(method: string, name?: string | RegExp): number {
    return this.calls.filter((it) =>
      it.method === method && !it.watch &&
      (name === undefined || it.name !== undefined && it.name.match(name))
    ).length;
  }

  /** Waits until `look` tells so; it is asked after each request. */
  async until(look: () => boolean, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const ask = () => look() && resolve();
    const onAbort = () => reject(signal.reason);
    this.#looks.add(ask);
    signal.addEventListener("abort", onAbort);
    ask();
    try {
      await promise;
    } finally {
      this.#looks.delete(ask);
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Ends all watches; with `compact`, what has happened before can be told to nobody any more. */
  cutWatches({ compact = false }: { compact?: boolean } = {}): void {
    if (compact) [this.#events, this.#compacted] = [[], this.version];
    for (const { stream } of this.#watchers) stream.close();
    this.#watchers.clear();
  }

  /** Deletes an object, as anybody could. */
  remove(name: string): void {
    const object = this.objects.get(name)!;
    this.objects.delete(name);
    const resourceVersion = String(++this.version);
    this.#tell("DELETED", { ...object, metadata: { ...object.metadata, resourceVersion } });
  }

  async #perform(client: string, request: RequestOptions): Promise<unknown> {
    const { method, path, querystring: query = new URLSearchParams(), bodyJson } = request;
    const last = decodeURIComponent(path.split("/").at(-1)!);
    const body: StoredConfigMap | undefined = bodyJson
      ? JSON.parse(JSON.stringify(bodyJson))
      : undefined;
    const name = last === "configmaps" ? body?.metadata.name : last;
    const call: Call = { client, method, name, body, watch: query.has("watch") };
    this.calls.push(call);
    const fault = this.fault(call);
    // what is on its way arrives, whoever has given it up
    await this.#travel(fault === "lose answer" ? undefined : request.abortSignal);
    if (fault === "lose request") throw new ConnectionError("Cannot do it: it got lost");
    if (typeof fault === "number") throw failure(fault);
    const answer = call.watch ? this.#watch(query, request.abortSignal!) : this.#serve(call, query);
    for (const look of [...this.#looks]) look();
    if (!call.watch) await this.#travel(request.abortSignal);
    if (fault === "lose answer") throw new ConnectionError("Cannot do it: no answer came");
    if (request.expectJson || request.expectStream) return answer;
    return new TextEncoder().encode(JSON.stringify(answer));
  }

  async #travel(signal?: AbortSignal): Promise<void> {
    for (let turns = this.latency(); turns > 0; turns--) await Promise.resolve();
    signal?.throwIfAborted();
  }

  #serve({ method, name, body }: Call, query: URLSearchParams): unknown {
    if (method === "POST") {
      if (this.objects.has(name!)) throw failure(409);
      const metadata = { ...body!.metadata, uid: `uid-${++this.#uid}` };
      return this.#store("ADDED", { ...body!, metadata });
    }
    if (name === undefined) {
      const items = [...this.objects.values()].filter((it) => isSelected(it, query));
      return { metadata: { resourceVersion: String(this.version) }, items };
    }
    const stored = this.objects.get(name);
    if (!stored) throw failure(404);
    if (method === "GET") return stored;
    if (method === "DELETE") return this.remove(name);
    const { resourceVersion, uid } = body!.metadata;
    const isThat = resourceVersion === stored.metadata.resourceVersion &&
      uid === stored.metadata.uid;
    if (!isThat) throw failure(409);
    if (stored.immutable) throw failure(422);
    return this.#store("MODIFIED", body!);
  }

  #store(type: "ADDED" | "MODIFIED", object: StoredConfigMap): StoredConfigMap {
    const bytes = Object.values(object.data ?? {}).join("").length;
    if (bytes > MAX_DATA_BYTES) throw failure(422);
    const metadata = { ...object.metadata, resourceVersion: String(++this.version) };
    const stored = { ...object, metadata };
    this.objects.set(metadata.name, stored);
    this.#tell(type, stored);
    return stored;
  }

  #tell(type: Event["type"], object: StoredConfigMap): void {
    const event = { version: this.version, type, object };
    this.#events.push(event);
    for (const { query, stream } of this.#watchers) {
      if (isSelected(object, query)) stream.enqueue(line(event));
    }
  }

  #watch(query: URLSearchParams, signal: AbortSignal): ReadableStream<Uint8Array> {
    const from = Number(query.get("resourceVersion"));
    if (from < this.#compacted) throw failure(410);
    return new ReadableStream<Uint8Array>({
      start: (stream) => {
        const watcher = { query, stream };
        this.#watchers.add(watcher);
        signal.addEventListener("abort", () => {
          if (this.#watchers.delete(watcher)) stream.error(signal.reason);
        }, { once: true });
        for (const event of this.#events) {
          if (event.version > from && isSelected(event.object, query)) stream.enqueue(line(event));
        }
      },
      cancel: () => {
        for (const watcher of this.#watchers) {
          if (watcher.query === query) this.#watchers.delete(watcher);
        }
      },
    });
  }
}

function line({ type, object }: Event): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify({ type, object })}\n`);
}

function isSelected({ metadata }: StoredConfigMap, query: URLSearchParams): boolean {
  const fields = query.get("fieldSelector")?.split(",") ?? [];
  const labels = query.get("labelSelector")?.split(",") ?? [];
  return fields.every((it) => it === `metadata.name=${metadata.name}`) &&
    labels.every((it) => metadata.labels?.[it.split("=")[0]!] === it.split("=")[1]);
}

function failure(httpCode: number): ApiError {
  return new ApiError(`Cannot do it: HTTP ${httpCode}`, {
    httpCode,
    verb: "update",
    resource: "configmaps",
  });
}
