import { ApiError } from "../../kube/mod.ts";

/**
 * What becomes of a request: lost on its way there or back, refused with a code, or served after so many
 * milliseconds more, when its client may have given it up.
 */
export type Fault = "lose request" | "lose answer" | number | { delay: number };

/** An object as JSON. */
export interface ObjectJson {
  kind?: string;
  metadata?: {
    name?: string;
    namespace?: string;
    uid?: string;
    resourceVersion?: string;
    labels?: Record<string, string>;
    [field: string]: unknown;
  };
  [field: string]: unknown;
}

/** A request as a test sees it. */
export interface ServedCall {
  readonly client: string;
  readonly method: string;
  /** The plural of what it is about: `configmaps`. */
  readonly resource: string;
  /** Nothing for a create, a list or a watch of many. */
  readonly name?: string;
  readonly body?: ObjectJson;
  /** Of a list or a watch. */
  readonly query?: URLSearchParams;
  readonly watch: boolean;
}

/** Which calls are counted; what is left out may be anything. */
export type CallFilter = Partial<Pick<ServedCall, "client" | "method" | "resource" | "watch">>;

interface ServerEvent {
  readonly type: string;
  readonly resource: string;
  readonly object: ObjectJson;
}

/** The ConfigMaps and Leases of one namespace in memory, with the API server's rules, and faults. */
export class ObjectServer {
  /** The version of the last write. */
  version = 100;
  /** By `<resource>/<name>`. */
  readonly objects: Map<string, ObjectJson> = new Map();
  /** What was served, and what came of it. */
  readonly calls: (ServedCall & { code: number })[] = [];
  /** Decides about each request. */
  fault: (call: ServedCall) => Fault | undefined = () => undefined;
  /** Whether watches are open but nothing comes of them. */
  stalled = false;
  readonly #history: ServerEvent[] = [];
  readonly #watchers = new Set<(event: ServerEvent) => void>();
  #uid = 0;

  /** How many requests like that took effect or were refused. */
  count(filter: CallFilter = {}): number {
    const fields = Object.entries(filter) as [keyof CallFilter, unknown][];
    return this.calls.filter((call) => fields.every(([name, value]) => call[name] === value))
      .length;
  }

  /** How many writes took effect or were refused. */
  writes(filter: CallFilter = {}): number {
    return ["POST", "PUT", "DELETE"].reduce(
      (n, method) => n + this.count({ ...filter, method }),
      0,
    );
  }

  /** How many watches are open. */
  get watches(): number {
    return this.#watchers.size;
  }

  /** The state that stands in a record, if there is one. */
  state(name: string): unknown {
    const data = this.objects.get(`configmaps/${name}`)?.data as { state: string } | undefined;
    return data && JSON.parse(data.state);
  }

  /** Serves a request that is no watch. */
  serve(call: ServedCall): ObjectJson {
    try {
      const answer = this.#serve(call);
      this.calls.push({ ...call, code: 200 });
      return structuredClone(answer);
    } catch (error) {
      this.calls.push({ ...call, code: (error as ApiError).httpCode });
      throw error;
    }
  }

  /** Tells of all that matches since a version; returns what ends that. */
  watch(call: ServedCall, send: (type: string, object: ObjectJson) => void): () => void {
    this.calls.push({ ...call, code: 200 });
    const from = Number(call.query!.get("resourceVersion"));
    const tell = ({ type, resource, object }: ServerEvent) => {
      if (!this.stalled && resource === call.resource && matches(object, call.query!)) {
        send(type, object);
      }
    };
    for (const event of this.#history) if (versionOf(event.object) > from) tell(event);
    this.#watchers.add(tell);
    return () => this.#watchers.delete(tell);
  }

  /** Writes whatever it is, as a person with all permissions would. */
  store(resource: string, object: ObjectJson): ObjectJson {
    const key = `${resource}/${object.metadata!.name}`;
    const before = this.objects.get(key);
    const uid = before?.metadata?.uid ?? `uid-${++this.#uid}`;
    const metadata = { ...object.metadata, uid, resourceVersion: String(++this.version) };
    const stored = { ...object, metadata };
    this.objects.set(key, stored);
    this.#tell({ type: before ? "MODIFIED" : "ADDED", resource, object: stored });
    return stored;
  }

  /** Deletes an object. */
  remove(resource: string, name: string): void {
    const object = this.objects.get(`${resource}/${name}`)!;
    this.objects.delete(`${resource}/${name}`);
    const metadata = { ...object.metadata, resourceVersion: String(++this.version) };
    this.#tell({ type: "DELETED", resource, object: { ...object, metadata } });
  }

  #tell(event: ServerEvent): void {
    this.#history.push(event);
    for (const watcher of [...this.#watchers]) watcher(event);
  }

  #serve({ method, resource, name, body, query }: ServedCall): ObjectJson {
    if (method === "POST") {
      if (this.objects.has(`${resource}/${body!.metadata!.name}`)) {
        throw failure(409, "AlreadyExists");
      }
      return this.store(resource, body!);
    }
    if (name === undefined) return this.#list(resource, query!);
    const object = this.objects.get(`${resource}/${name}`);
    if (!object) throw failure(404);
    if (method === "GET") return object;
    if (method === "DELETE") {
      const { preconditions = {} } = (body ?? {}) as { preconditions?: Record<string, string> };
      for (const [field, value] of Object.entries(preconditions)) {
        if (object.metadata![field] !== value) throw failure(409);
      }
      this.remove(resource, name);
      return { kind: "Status", status: "Success" };
    }
    const { resourceVersion, uid } = body!.metadata!;
    if (resourceVersion !== undefined && resourceVersion !== object.metadata!.resourceVersion) {
      throw failure(409);
    }
    if (uid !== undefined && uid !== object.metadata!.uid) throw failure(409);
    if (JSON.stringify(body) === JSON.stringify(object)) return object; // nothing is written
    return this.store(resource, body!);
  }

  #list(resource: string, query: URLSearchParams): ObjectJson {
    const items = [...this.objects].filter(([key, object]) =>
      key.startsWith(`${resource}/`) && matches(object, query)
    ).map(([, object]) => object);
    return { kind: "List", metadata: { resourceVersion: String(this.version) }, items };
  }
}

function versionOf(object: ObjectJson): number {
  return Number(object.metadata!.resourceVersion);
}

/** Selectors of the forms `metadata.name=x` and `a=b,c=d`. */
function matches(object: ObjectJson, query: URLSearchParams): boolean {
  const fields = query.get("fieldSelector");
  if (fields && fields !== `metadata.name=${object.metadata!.name}`) return false;
  const labels = query.get("labelSelector")?.split(",") ?? [];
  return labels.every((label) => {
    const [name, value] = label.split("=");
    const given = object.metadata!.labels?.[name!];
    return value === undefined ? given !== undefined : given === value;
  });
}

/** The error of an answer. */
export function failure(httpCode: number, reason?: string): ApiError {
  return new ApiError(`Cannot do it: HTTP ${httpCode}`, {
    httpCode,
    reason,
    verb: "update",
    resource: "objects",
  });
}
