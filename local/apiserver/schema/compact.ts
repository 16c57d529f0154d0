/**
 * The shape of the generated facts (`generated/kubernetes.ts`), parsed when first asked for.
 *
 * @module
 */

import { KUBERNETES_SCHEMA } from "./generated/kubernetes.ts";

/** A type: the name of a scalar, or one of the composed ones. */
export type CompactType = string | CompactComposed;

/** A type that is made of others. Exactly one of `r`, `a`, `m` and `e` is there. */
export interface CompactComposed {
  /** Reference: the definition's index. */
  r?: number;
  /** List: the type of its items. */
  a?: CompactType;
  /** Map: the type of its values. */
  m?: CompactType;
  /** Enumeration of strings. */
  e?: string[];
  /** `x-kubernetes-list-type` or `x-kubernetes-map-type`. */
  t?: string;
  /** `x-kubernetes-list-map-keys`. */
  k?: string[];
  /** `x-kubernetes-patch-strategy`. */
  s?: string;
  /** `x-kubernetes-patch-merge-key`. */
  y?: string;
  /** The reference's map type is granular, whatever the definition says. */
  g?: number;
}

/** A named definition. */
export interface CompactDefinition {
  /** Full name, for example `io.k8s.api.core.v1.PodSpec`. */
  n: string;
  /** Scalar type, when it has no fields. */
  x?: string;
  /** Fields. */
  p?: Record<string, CompactType>;
  /** Required fields. */
  q?: string[];
  /** Map type. */
  t?: string;
  /** Defaults of fields that are keys of a list. */
  d?: Record<string, string>;
  /** Group, version and kind triples. */
  k?: [string, string, string][];
}

/** A path that is served, with what it takes and answers. */
export interface CompactOperation {
  /** Path. */
  p: string;
  /** Methods, separated by blanks. */
  m: string;
  /** Group, version, kind. */
  k?: [string, string, string];
  /** Index of the definition of the body. */
  b?: number;
  /** Index of the definition of the answer. */
  a?: number;
}

/** All generated facts. */
export interface CompactSchema {
  /** The Kubernetes version that they were taken from, for example `1.36`. */
  version: string;
  definitions: CompactDefinition[];
  operations: CompactOperation[];
}

let parsed: CompactSchema | undefined;

/** The generated facts. */
export function compactSchema(): CompactSchema {
  return parsed ??= JSON.parse(KUBERNETES_SCHEMA) as CompactSchema;
}
