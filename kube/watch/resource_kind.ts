import type { JSONValue } from "@cloudydeno/kubernetes-client";
import type { ObjectMeta } from "@cloudydeno/kubernetes-apis/meta/v1";

/** What every object of the API has: the least that can be listed, watched and cached. */
export interface KubeObject {
  /** Group and version, such as `v1` or `apps/v1`. */
  apiVersion?: string;
  /** The kind, such as `Pod`. */
  kind?: string;
  /** Name, namespace, labels and versions. */
  metadata?: ObjectMeta | null;
}

/** Names an object within its kind: `namespace/name`, or `name` when it is cluster-scoped. */
export type ObjectKey = string;

/** A kind of object that can be listed and watched. */
export interface ResourceKind<T extends KubeObject> {
  /** Group and version, such as `v1` or `apps/v1`. */
  readonly apiVersion: string;
  /** The kind, such as `Pod`. */
  readonly kind: string;
  /** The name in request paths and RBAC rules, such as `pods`. */
  readonly plural: string;
  /** Whether objects of this kind live in a namespace. */
  readonly namespaced: boolean;
  /** Makes the typed object from parsed JSON; throws when it is not one. */
  readonly decode: (raw: JSONValue) => T;
}

/** A kind of object that is written too. */
export interface WritableKind<T extends KubeObject> extends ResourceKind<T> {
  /** Makes JSON of the typed object. */
  readonly encode: (object: T) => JSONValue;
}

/** Where to look for objects of a kind. */
export interface ResourcePathOptions {
  /** One namespace; without it, all of them (or a cluster-scoped kind). */
  namespace?: string;
  /** One object; without it, the collection. */
  name?: string;
}

/** The request path of a kind's collection, or of one object of it. */
export function resourcePath<T extends KubeObject>(
  kind: ResourceKind<T>,
  options: ResourcePathOptions = {},
): string {
  const { namespace, name } = options;
  if (namespace !== undefined && !kind.namespaced) {
    throw new TypeError(
      `Cannot name a path of ${kind.plural} in namespace "${namespace}": ` +
        `kind "${kind.kind}" is cluster-scoped`,
    );
  }
  const root = kind.apiVersion.includes("/") ? "/apis/" : "/api/";
  const scope = namespace === undefined ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
  const tail = name === undefined ? "" : `/${encodeURIComponent(name)}`;
  return `${root}${kind.apiVersion}${scope}/${kind.plural}${tail}`;
}

/** The key of an object: `namespace/name`, or `name` when it is in no namespace. */
export function keyOf(object: KubeObject): ObjectKey {
  const name = object.metadata?.name;
  if (!name) {
    throw new TypeError(`Cannot name ${object.kind ?? "an object"}: its metadata has no name`);
  }
  const namespace = object.metadata?.namespace;
  return namespace ? `${namespace}/${name}` : name;
}
