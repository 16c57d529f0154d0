/**
 * All ways to change an object by a part of it, and the record of who owns which field. Pure
 * functions.
 *
 * {@linkcode mergePatch}, {@linkcode jsonPatch} and {@linkcode strategicMergePatch} give the new
 * object, which {@linkcode trackUpdate} completes with its `managedFields`;
 * {@linkcode serverSideApply} does both.
 *
 * @module
 */

export { type Conflict, type ConflictCause, conflictCauses, conflictMessage } from "./conflicts.ts";
export { jsonPatch, type JsonPatchOperation } from "./json_patch.ts";
export { mergePatch } from "./merge_patch.ts";
export { PatchError } from "./patch_error.ts";
export {
  serverSideApply,
  type ServerSideApplyInput,
  type ServerSideApplyResult,
} from "./server_side_apply.ts";
export { strategicMergePatch } from "./strategic_merge_patch.ts";
export { trackUpdate, type TrackUpdateInput } from "./track_update.ts";
