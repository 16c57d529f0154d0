/**
 * What a workload is, as pure functions: parameters of `run` to Kubernetes objects, the hash of a
 * definition, and what differs between an object as it was applied and as it is.
 *
 * @module
 */
export { definitionHash } from "./definition_hash.ts";
export { drift, type DriftOptions } from "./drift.ts";
export { defineWorkload, type Definition } from "./define_workload.ts";
export { type Head, HEAD_KINDS, type HeadKind, type Part, PART_KINDS } from "../../heads.ts";
export { headKind } from "./head_kind.ts";
export { type MinimumVersion, minimumVersion } from "./minimum_version.ts";
export type { CheckedSupervision, SupervisionParams } from "./params/supervision.ts";
export { templateOf } from "./patched.ts";
export { type ObjectOptions, workloadHead } from "./workload_head.ts";
export { workloadParts } from "./workload_parts.ts";
