/** PATCH: by JSON patch, merge patch, strategic merge patch or server-side apply. */
import { type Backend, viewOf, type WriteOptions } from "./backend.ts";
import { asKind, mediaType, readBody } from "./body.ts";
import { createObject } from "./create.ts";
import {
  badRequest,
  conflict,
  invalid,
  invalidPatch,
  type StatusCause,
  StatusError,
  unsupportedMediaType,
} from "./errors.ts";
import { checkIdentity } from "./identity.ts";
import type { KindInfo } from "./kinds.ts";
import { type ApiObject, isObject } from "./object.ts";
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
      change: (current) => {
        const changed = applyPatch(kind, type, { current, patch: patch.body });
        try {
          return asKind(changed, kind);
        } catch (error) {
          throw error instanceof StatusError ? refusal(patch, changed, error.message) : error;
        }
      },
      refuse: (changed, why) => refusal(patch, changed, why),
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

/** A strategic patch is told as the real server prints it, the others by what would come of them. */
function refusal(patch: Patch, changed: ApiObject, why: string): StatusError {
  if (patch.type === "strategic") return invalidPatch(goText(patch.body), why);
  const sorted = Object.entries(changed).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return invalidPatch(JSON.stringify(Object.fromEntries(sorted)), why);
}

/** A value as Go prints it: `map[data:map[k:v]]`. */
function goText(value: unknown): string {
  if (value === null) return "<nil>";
  if (Array.isArray(value)) return `[${value.map(goText).join(" ")}]`;
  if (!isObject(value)) return String(value);
  return `map[${Object.keys(value).sort().map((key) => `${key}:${goText(value[key])}`).join(" ")}]`;
}

/** The present state of a stored object in its kind's own form. */
export function shown(kind: KindInfo, stored: Stored): ApiObject {
  return stored.as(viewOf(kind)).object;
}
