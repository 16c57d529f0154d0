/**
 * The writes that controllers make, as data. A controller's decision is a pure function from
 * what it sees to a list of these; {@linkcode ObjectClient} carries them out.
 *
 * @module
 */
import type { JSONValue, RestClient } from "@cloudydeno/kubernetes-client";
import { resourcePath } from "../../kube/mod.ts";
import type { Kind, KindName } from "./kinds.ts";
import type { Item } from "./types.ts";

/** Which object of a kind. */
export interface ObjectName {
  readonly namespace?: string;
  readonly name: string;
}

/** An object that is not yet stored: the server gives it its uid and version. */
export type Draft = Pick<Item, "apiVersion" | "kind"> & {
  readonly metadata: Partial<Item["metadata"]>;
};

/** What a deletion may demand and wish. */
export interface DeleteOptions {
  /** Only the object with this uid, not a later one of the same name. */
  readonly uid?: string;
  /** Only this version of the object. */
  readonly resourceVersion?: string;
  /** 0 removes a pod at once. */
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: "Background" | "Foreground" | "Orphan";
}

/** One write. */
export type Write =
  | { readonly verb: "create"; readonly kind: KindName; readonly object: Draft }
  | {
    /** Replaces the object, or just its status, if it is still at its resourceVersion. */
    readonly verb: "update";
    readonly kind: KindName;
    readonly object: Item;
    readonly subresource?: "status" | "finalize";
  }
  | {
    /** A merge patch. */
    readonly verb: "patch";
    readonly kind: KindName;
    readonly target: ObjectName;
    readonly patch: unknown;
    readonly subresource?: "status";
  }
  | {
    readonly verb: "delete";
    readonly kind: KindName;
    readonly target: ObjectName;
    readonly options?: DeleteOptions;
  };

/** What an {@linkcode ObjectClient} call may take beside its arguments. */
export interface CallOptions {
  readonly signal?: AbortSignal;
}

/** Carries out writes, and the few reads that a cache cannot answer, on an API server. */
export class ObjectClient {
  readonly #rest: RestClient;

  /** Works over `rest`. */
  constructor(rest: RestClient) {
    this.#rest = rest;
  }

  /**
   * Carries out a write.
   *
   * @returns The object as the server has stored it; after a deletion, what it answered.
   */
  async write(write: Write, options: CallOptions = {}): Promise<Item> {
    const { kind } = write;
    const to = { abortSignal: options.signal, expectJson: true } as const;
    switch (write.verb) {
      case "create": {
        const path = resourcePath(named(kind), { namespace: write.object.metadata.namespace });
        return await this.#send({ ...to, method: "POST", path, bodyJson: json(write.object) });
      }
      case "update": {
        const path = pathOf(kind, write.object.metadata) + tail(write.subresource);
        return await this.#send({ ...to, method: "PUT", path, bodyJson: json(write.object) });
      }
      case "patch":
        return await this.#send({
          ...to,
          method: "PATCH",
          path: pathOf(kind, write.target) + tail(write.subresource),
          contentType: "application/merge-patch+json",
          bodyJson: json(write.patch),
        });
      case "delete": {
        const { uid, resourceVersion, gracePeriodSeconds, propagationPolicy } = write.options ?? {};
        const preconditions = uid || resourceVersion ? { uid, resourceVersion } : undefined;
        const body = { gracePeriodSeconds, propagationPolicy, preconditions };
        return await this.#send({
          ...to,
          method: "DELETE",
          path: pathOf(kind, write.target),
          bodyJson: json({ apiVersion: "v1", kind: "DeleteOptions", ...body }),
        });
      }
    }
  }

  /** Reads an object from the server itself. */
  async get<T extends Item>(
    kind: Kind<T>,
    target: ObjectName,
    options: CallOptions = {},
  ): Promise<T> {
    const path = pathOf(kind, target);
    const abortSignal = options.signal;
    return kind.read(
      await this.#rest.performRequest({ method: "GET", path, abortSignal, expectJson: true }),
    );
  }

  /** Lists a kind from the server itself, all of it in one answer. */
  async list(
    kind: KindName,
    { namespace }: { readonly namespace?: string } = {},
    options: CallOptions = {},
  ): Promise<readonly Item[]> {
    const path = resourcePath(named(kind), { namespace });
    const abortSignal = options.signal;
    const answer = await this.#rest.performRequest({
      method: "GET",
      path,
      abortSignal,
      expectJson: true,
    });
    return (answer as unknown as { items: readonly Item[] | null }).items ?? [];
  }

  /** Deletes all objects of a kind in a namespace. */
  async deleteAll(
    kind: KindName,
    { namespace }: { readonly namespace: string },
    options: CallOptions = {},
  ): Promise<void> {
    const path = resourcePath(named(kind), { namespace });
    await this.#send({
      method: "DELETE",
      path,
      abortSignal: options.signal,
      bodyJson: { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy: "Background" },
      expectJson: true,
    });
  }

  /** Posts to a subresource of an object, such as a pod's binding. */
  async post(
    kind: Kind,
    target: ObjectName,
    options: CallOptions & { readonly subresource: string; readonly body: unknown },
  ): Promise<void> {
    await this.#send({
      method: "POST",
      path: `${pathOf(kind, target)}/${options.subresource}`,
      bodyJson: json(options.body),
      abortSignal: options.signal,
      expectJson: true,
    });
  }

  async #send(
    request: Parameters<RestClient["performRequest"]>[0] & { expectJson: true },
  ): Promise<Item> {
    return (await this.#rest.performRequest(request)) as unknown as Item;
  }
}

function pathOf(kind: KindName, { namespace, name }: ObjectName): string {
  return resourcePath(named(kind), { namespace: kind.namespaced ? namespace : undefined, name });
}

function tail(subresource: string | undefined): string {
  return subresource ? `/${subresource}` : "";
}

/** The kind as `kube/` names it; its paths do not depend on what is decoded. */
function named(kind: KindName): Parameters<typeof resourcePath>[0] {
  return kind as unknown as Parameters<typeof resourcePath>[0];
}

function json(value: unknown): JSONValue {
  return value as JSONValue;
}
