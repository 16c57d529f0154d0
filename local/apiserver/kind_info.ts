/** What the server knows about a kind that it serves. */
import type { ApiObject } from "./object.ts";

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
