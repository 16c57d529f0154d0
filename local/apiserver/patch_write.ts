/** PATCH: by JSON patch, merge patch, strategic merge patch or server-side apply. */
import { type Backend, viewOf, type WriteOptions } from "./backend.ts";
import { asKind, mediaType, readBody } from "./body.ts";
import { createObject } from "./create.ts";
import { badRequest, conflict, invalid, type StatusCause, unsupportedMediaType } from "./errors.ts";
import { checkIdentity } from "./identity.ts";
import type { KindInfo } from "./kinds.ts";
import type { ApiObject } from "./object.ts";
import { applyConfiguration, applyPatch, PATCH_TYPES } from "./semantics.ts";
import type { Stored } from "./stored.ts";
import { updateObject } from "./update.ts";

/** A patch as sent. */
export interface Patch {
  readonly type: "json" | "merge" | "strategic" | "apply";
  readonly body: unknown;
  /** Whether apply takes over what others manage. */
  readonly force: boolean;
}

/** Reads a patch. */
export async function readPatch(request: Request, query: URLSearchParams): Promise<Patch> {
  const media = mediaType(request.headers);
  const type = PATCH_TYPES[media];
  if (!type) {
    await request.body?.cancel();
    throw unsupportedMediaType(Object.keys(PATCH_TYPES));
  }
  const body = await readBody(request);
  const causes: StatusCause[] = [];
  const force = query.get("force");
  if (type === "apply") {
    if (!query.get("fieldManager")) {
      causes.push({
        reason: "FieldValueRequired",
        message: "Required value: is required for apply patch",
        field: "fieldManager",
      });
    }
  } else if (force !== null) {
    causes.push({
      reason: "FieldValueForbidden",
      message: "Forbidden: may not be specified for non-apply patch",
      field: "force",
    });
  }
  if (causes.length > 0) {
    throw invalid({ group: "meta.k8s.io", kind: "PatchOptions" }, "", causes);
  }
  return { type, body, force: force !== null && force !== "false" && force !== "0" };
}

/** Where a patch goes. */
export interface PatchTarget {
  readonly namespace: string;
  readonly name: string;
  readonly subresource?: string;
  readonly options: WriteOptions;
}

/** Patches an object; apply creates it when it is not there. */
export function patchObject(
  backend: Backend,
  kind: KindInfo,
  input: PatchTarget & { patch: Patch },
): { stored: Stored; created: boolean } {
  const { namespace, name, subresource, options, patch } = input;
  if (patch.type !== "apply") {
    const { type } = patch;
    const stored = updateObject(backend, kind, {
      ...input,
      patch: true,
      change: (current) => asKind(applyPatch(kind, type, { current, patch: patch.body }), kind),
    });
    return { stored, created: false };
  }
  const applied = asKind(patch.body, kind);
  checkIdentity(kind, applied, { namespace, name });
  applied.metadata = {
    ...applied.metadata,
    name,
    ...(kind.namespaced ? { namespace } : {}),
  };
  if (applied.metadata.managedFields) {
    throw badRequest("metadata.managedFields must be nil");
  }
  const stamp = {
    applied,
    manager: options.manager,
    now: backend.now(),
    force: patch.force,
    ...(subresource ? { subresource } : {}),
  };
  const live = backend.store.get(kind.storage, namespace, name);
  if (live || subresource) {
    const stored = updateObject(backend, kind, {
      ...input,
      patch: true,
      applied: true,
      change: (current) => applyConfiguration(kind, current, stamp),
    });
    return { stored, created: false };
  }
  if (applied.metadata.uid) {
    throw conflict(
      kind,
      name,
      "uid mismatch: the provided object specified uid " +
        `${applied.metadata.uid}, and no existing object was found`,
    );
  }
  const object: ApiObject = applyConfiguration(kind, undefined, stamp);
  const stored = createObject(backend, kind, { namespace, name, object, options, applied: true });
  return { stored, created: true };
}

/** The present state of a stored object in its kind's own form. */
export function shown(kind: KindInfo, stored: Stored): ApiObject {
  return stored.as(viewOf(kind)).object;
}
