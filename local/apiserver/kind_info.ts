/** What the server knows about a kind that it serves. */
import { type ApiObject, at } from "./object.ts";

/** How a field selector reads a field of an object. */
export type FieldReader = (object: ApiObject) => string;

/** What the server knows about a kind. */
export interface KindInfo {
  /** API group, "" for core. */
  readonly group: string;
  readonly version: string;
  /** "v1" or "apps/v1". */
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  /** RBAC verbs; empty for what can only be created, such as reviews. */
  readonly verbs: readonly string[];
  /** Subresource name → kind and verbs it takes. */
  readonly subresources: Readonly<Record<string, SubresourceInfo>>;
  /** Which collection of the store holds it; two kinds may be views of one collection. */
  readonly storage: string;
  /** Whether a PUT of an absent object creates it. */
  readonly createOnUpdate: boolean;
  /** Whether a PUT without resourceVersion overwrites. */
  readonly unconditionalUpdate: boolean;
  /** Whether `metadata.generation` counts changes of the spec. */
  readonly generation: boolean;
  /** Whether DELETE answers the object instead of a Status. */
  readonly returnsDeleted: boolean;
  /** Whether a DELETE that says nothing of dependents leaves them, as it did in old times. */
  readonly orphansByDefault: boolean;
  /** Field selectors besides metadata.name and metadata.namespace. */
  readonly fields: Readonly<Record<string, FieldReader>>;
}

/** A subresource in discovery. */
export interface SubresourceInfo {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly verbs: readonly string[];
}

/** The verbs of most kinds. */
export const ALL_VERBS: readonly string[] = [
  "create",
  "delete",
  "deletecollection",
  "get",
  "list",
  "patch",
  "update",
  "watch",
];

/** Reads a field as text. */
export function text(...path: string[]): FieldReader {
  return (object) => {
    const value = at(object, ...path);
    return value === undefined || value === null ? "" : String(value);
  };
}

/** What differs from a plain namespaced kind. */
export interface KindInput {
  plural: string;
  short?: string[];
  categories?: string[];
  clusterScoped?: boolean;
  verbs?: readonly string[];
  status?: boolean;
  subresources?: Record<string, SubresourceInfo>;
  storage?: string;
  createOnUpdate?: boolean;
  conditionalOnly?: boolean;
  generation?: boolean;
  returnsDeleted?: boolean;
  orphansByDefault?: boolean;
  fields?: Record<string, FieldReader>;
}

/** A kind by its version and name. */
export function kind(apiVersion: string, name: string, input: KindInput): KindInfo {
  const slash = apiVersion.indexOf("/");
  const group = slash < 0 ? "" : apiVersion.slice(0, slash);
  const version = apiVersion.slice(slash + 1);
  const subresources: Record<string, SubresourceInfo> = { ...input.subresources };
  if (input.status) {
    subresources.status = { group, version, kind: name, verbs: ["get", "patch", "update"] };
  }
  return {
    group,
    version,
    apiVersion,
    kind: name,
    plural: input.plural,
    singular: name.toLowerCase(),
    shortNames: input.short ?? [],
    categories: input.categories ?? [],
    namespaced: !input.clusterScoped,
    verbs: input.verbs ?? ALL_VERBS,
    subresources,
    storage: input.storage ?? (group ? `${input.plural}.${group}` : input.plural),
    createOnUpdate: input.createOnUpdate ?? false,
    unconditionalUpdate: !input.conditionalOnly,
    generation: input.generation ?? false,
    returnsDeleted: input.returnsDeleted ?? false,
    orphansByDefault: input.orphansByDefault ?? false,
    fields: input.fields ?? {},
  };
}

/** The scale subresource. */
export const SCALE: SubresourceInfo = {
  group: "autoscaling",
  version: "v1",
  kind: "Scale",
  verbs: ["get", "patch", "update"],
};
