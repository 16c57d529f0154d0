import { ApiError } from "../../kube/mod.ts";

/**
 * What becomes of a request: it gets lost on its way, or its answer does; it comes so many milliseconds later,
 * when nobody waits for the answer; or it is refused with an HTTP code.
 */
export type Fault = "lose request" | "lose answer" | { late: number } | number;

/** An object of any kind. */
export interface MemoryObject {
  readonly metadata?: {
    readonly name?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly annotations?: Record<string, string>;
  };
  readonly data?: Record<string, string>;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

/** A request as a test sees it. */
export interface MemoryCall {
  /** Which process it is of. */
  readonly client: string;
  readonly method: string;
  /** `configmaps` or `leases`. */
  readonly plural: string;
  /** Of the object; nothing for a create, a list or a watch. */
  readonly name?: string;
  readonly watch: boolean;
  readonly body?: MemoryObject;
}

/** A change, as watches tell it. */
export interface MemoryEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly plural: string;
  readonly version: number;
  readonly object: MemoryObject;
}

/** ConfigMaps and Leases of one namespace in memory, with the API server's rules for versions. */
export class MemoryApi {
  /** The version of the last write. */
  version = 100;
  /** All there was, for watches that come later. */
  readonly events: MemoryEvent[] = [];
  /** What reached it, and what came of it. */
  readonly calls: (MemoryCall & { code: number })[] = [];
  /** Decides about each request. */
  fault: (call: MemoryCall) => Fault | undefined = () => undefined;
  readonly watchers: Set<(event: MemoryEvent) => void> = new Set();
  readonly #objects = new Map<string, MemoryObject>();
  #uids = 0;

  /** How many calls like that there were. */
  count(like: Partial<MemoryCall & { code: number }> = {}): number {
    return this.calls.filter((call) =>
      Object.entries(like).every(([key, value]) => call[key as keyof MemoryCall] === value)
    ).length;
  }

  /** The object, if there is one. */
  get(plural: string, name: string): MemoryObject | undefined {
    return this.#objects.get(`${plural}/${name}`);
  }

  /** The objects with that name, or all of a kind. */
  list(plural: string, name?: string): MemoryObject[] {
    return [...this.#objects].filter(([key]) =>
      name === undefined ? key.startsWith(`${plural}/`) : key === `${plural}/${name}`
    ).map(([, object]) => object);
  }

  /** The state that stands in a record. */
  state(name: string): unknown {
    const text = this.get("configmaps", name)?.data?.state;
    return text === undefined ? undefined : JSON.parse(text);
  }

  /** Serves all but lists and watches. */
  serve(call: MemoryCall): MemoryObject {
    try {
      const object = this.#serve(call);
      this.calls.push({ ...call, code: 200 });
      return object;
    } catch (error) {
      this.calls.push({ ...call, code: (error as ApiError).httpCode });
      throw error;
    }
  }

  #serve({ method, plural, name, body }: MemoryCall): MemoryObject {
    const present = this.get(plural, name ?? body!.metadata!.name!);
    if (method === "POST") {
      if (present) throw failure(409, "AlreadyExists");
      const metadata = { ...body!.metadata, uid: `uid-${++this.#uids}` };
      return this.store("ADDED", plural, { ...body, metadata });
    }
    if (!present) throw failure(404);
    if (method === "GET") return present;
    const { uid, resourceVersion } = body?.preconditions ?? body?.metadata ?? {};
    const { metadata } = present;
    if (uid !== undefined && uid !== metadata!.uid) throw failure(409);
    if (resourceVersion !== undefined && resourceVersion !== metadata!.resourceVersion) {
      throw failure(409);
    }
    if (method === "DELETE") return this.remove(plural, name!);
    if (JSON.stringify(body) === JSON.stringify(present)) return present;
    return this.store("MODIFIED", plural, body!);
  }

  /** Writes it, whatever stands there. */
  store(type: "ADDED" | "MODIFIED", plural: string, object: MemoryObject): MemoryObject {
    const metadata = { ...object.metadata, resourceVersion: String(++this.version) };
    const stored = { ...object, metadata };
    this.#objects.set(`${plural}/${metadata.name}`, stored);
    this.#tell({ type, plural, version: this.version, object: stored });
    return stored;
  }

  /** Deletes it, as a person does. */
  remove(plural: string, name: string): MemoryObject {
    const object = this.get(plural, name)!;
    this.#objects.delete(`${plural}/${name}`);
    const metadata = { ...object.metadata, resourceVersion: String(++this.version) };
    const deleted = { ...object, metadata };
    this.#tell({ type: "DELETED", plural, version: this.version, object: deleted });
    return deleted;
  }

  #tell(event: MemoryEvent): void {
    this.events.push(event);
    for (const watcher of [...this.watchers]) watcher(event);
  }
}

/** The error of an answer. */
export function failure(httpCode: number, reason?: string): ApiError {
  const message = `Cannot do it: HTTP ${httpCode}`;
  return new ApiError(message, { httpCode, reason, verb: "do", resource: "objects" });
}
