/**
 * Reads and writes of single objects of one kind in one namespace, whatever the kind.
 *
 * Writes may name the object as the caller read it (`unchangedSince`): then the server refuses
 * them with 409 Conflict if the object was changed, replaced or deleted meanwhile. That is what
 * fencing is made of, and the only thing here that the generated clients do not have for all kinds.
 */
import type { JSONObject, JSONValue, RestClient } from "@cloudydeno/kubernetes-client";
import { isNotFound } from "../transport/mod.ts";
import { type KubeObject, resourcePath, type WritableKind } from "../watch/mod.ts";

/** What every call takes. */
export interface CallOptions {
  /** Rejects with its reason when it aborts. */
  signal?: AbortSignal;
}

/** What every write takes. */
export interface ObjectWriteOptions extends CallOptions {
  /** Name of who writes, for the object's managed fields. */
  fieldManager: string;
  /** Lets the server check the write, and store nothing. @default false */
  dryRun?: boolean;
}

/** Options of {@linkcode ObjectApi.delete}. */
export interface ObjectDeleteOptions extends CallOptions {
  /** Only if nobody changed it since. */
  unchangedSince?: KubeObject;
  /** Only the object with this uid, whatever was changed. */
  uid?: string;
  /** What becomes of what it owns. @default the kind's own */
  propagation?: "Background" | "Foreground" | "Orphan";
  /** Milliseconds that a pod may take to end; 0 removes it at once. @default the pod's own */
  grace?: number;
}

/** See the module's text. Every call rejects with an `ApiError` or a `ConnectionError`. */
export class ObjectApi<T extends KubeObject> {
  readonly #client: RestClient;
  readonly #kind: WritableKind<T>;
  readonly #namespace: string;

  /** For objects of `kind` in `namespace`. */
  constructor(client: RestClient, kind: WritableKind<T>, namespace: string) {
    this.#client = client;
    this.#kind = kind;
    this.#namespace = namespace;
  }

  /** The object of that name, if there is one. */
  async get(name: string, options: CallOptions = {}): Promise<T | undefined> {
    try {
      return this.#kind.decode(await this.#send("GET", name, options));
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** All objects with those labels, as they are now: no copy that a server keeps is asked. */
  async list(options: CallOptions & { labelSelector: string }): Promise<T[]> {
    const { labelSelector } = options;
    const list = await this.#send("GET", undefined, { ...options, labelSelector });
    const { items } = list as { items?: JSONObject[] | null };
    const { apiVersion, kind } = this.#kind;
    return (items ?? []).map((item) => this.#kind.decode({ ...item, apiVersion, kind }));
  }

  /** Creates an object; rejects if there is one of that name. */
  async create(object: T, options: ObjectWriteOptions): Promise<T> {
    const body = this.#kind.encode(object);
    return this.#kind.decode(await this.#send("POST", undefined, { ...options, body }));
  }

  /** Applies an object over what others manage too; resolves with what is stored. */
  async apply(object: T, options: ObjectWriteOptions & { unchangedSince: T }): Promise<T> {
    const body = this.#kind.encode({
      ...object,
      metadata: { ...object.metadata, ...versionOf(options.unchangedSince) },
    });
    const contentType = "application/apply-patch+yaml";
    const name = nameOf(object);
    return this.#kind.decode(
      await this.#send("PATCH", name, { ...options, body, contentType, force: true }),
    );
  }

  /** Merges a patch (RFC 7386) into the object that was read; resolves with what is stored. */
  async merge(read: T, patch: MergePatch, options: ObjectWriteOptions): Promise<T> {
    const { metadata, ...rest } = patch;
    const body = { ...rest, metadata: { ...metadata as MergePatch, ...versionOf(read) } };
    const contentType = "application/merge-patch+json";
    return this.#kind.decode(
      await this.#send("PATCH", nameOf(read), { ...options, body, contentType }),
    );
  }

  /** Deletes an object; rejects if it is not there or not as demanded. */
  async delete(name: string, options: ObjectDeleteOptions = {}): Promise<void> {
    const { unchangedSince, uid, propagation, grace, signal } = options;
    const preconditions = unchangedSince ? versionOf(unchangedSince) : uid ? { uid } : undefined;
    const body = {
      apiVersion: "v1",
      kind: "DeleteOptions",
      ...(preconditions && { preconditions }),
      ...(propagation && { propagationPolicy: propagation }),
      ...(grace !== undefined && { gracePeriodSeconds: Math.ceil(grace / 1000) }),
    };
    await this.#send("DELETE", name, { signal, body });
  }

  async #send(method: Method, name: string | undefined, call: Call): Promise<JSONValue> {
    const querystring = new URLSearchParams();
    if (call.fieldManager) querystring.set("fieldManager", call.fieldManager);
    if (call.dryRun) querystring.set("dryRun", "All");
    if (call.labelSelector) querystring.set("labelSelector", call.labelSelector);
    if (call.force) querystring.set("force", "true");
    return await this.#client.performRequest({
      method,
      path: resourcePath(this.#kind, { namespace: this.#namespace, name }),
      querystring,
      abortSignal: call.signal,
      contentType: call.contentType,
      bodyJson: call.body,
      expectJson: true,
    });
  }
}

/** A merge patch: what is `null` is removed. */
export interface MergePatch {
  [field: string]: JSONValue | undefined;
}

type Method = "GET" | "POST" | "PATCH" | "DELETE";

interface Call extends CallOptions {
  fieldManager?: string;
  dryRun?: boolean;
  force?: boolean;
  labelSelector?: string;
  contentType?: string;
  body?: JSONValue;
}

function nameOf(object: KubeObject): string {
  const name = object.metadata?.name;
  if (!name) throw new TypeError(`Cannot write ${object.kind ?? "an object"}: it has no name`);
  return name;
}

/** What tells a state of an object from all others, for a write's precondition. */
function versionOf({ metadata }: KubeObject): { uid: string; resourceVersion: string } {
  const { uid, resourceVersion } = metadata ?? {};
  if (!uid || !resourceVersion) {
    throw new TypeError(`Cannot write "${metadata?.name}": it was not read from the server`);
  }
  return { uid, resourceVersion };
}
