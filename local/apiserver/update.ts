/** Every change of an object that is there: PUT, PATCH, and the subresources. */
import { type Backend, storedForm, viewOf, type WriteOptions } from "./backend.ts";
import { failedPrecondition, invalid, notFound, staleVersion, type StatusError } from "./errors.ts";
import { checkIdentity } from "./identity.ts";
import type { KindInfo } from "./kinds.ts";
import { carryOver, inOrder, isSameState, metadataProblems } from "./metadata.ts";
import { type ApiObject, at, deepEqual, isObject } from "./object.ts";
import { checkShape, problemsOf, trackWrite, withDefaults } from "./semantics.ts";
import { Stored } from "./stored.ts";
import { strategyOf } from "./strategies.ts";

/** Which object to change, and how. */
export interface UpdateInput {
  readonly namespace: string;
  readonly name: string;
  /** "status" or another subresource; undefined for the object itself. */
  readonly subresource?: string;
  readonly options: WriteOptions;
  /** Makes the wanted state from the present one, both in the kind's own form. */
  readonly change: (current: ApiObject) => ApiObject;
  /** Whether managed fields are already right, from server-side apply, or do not change. */
  readonly applied?: boolean;
  /** What to throw when the changed object does not fit its kind. @default 400 */
  readonly refuse?: (changed: ApiObject, why: string) => StatusError;
  /** Whether a missing resourceVersion is right for any kind: patches have the present one. */
  readonly patch?: boolean;
}

/** Changes an object; answers the present one when nothing changes. */
export function updateObject(backend: Backend, kind: KindInfo, input: UpdateInput): Stored {
  const { store } = backend;
  const { namespace, name, options, subresource } = input;
  const current = store.get(kind.storage, namespace, name);
  if (!current) throw notFound(kind, name);
  const old = current.as(viewOf(kind)).object;
  const changed = input.change(old);
  const refuse = input.refuse;
  const checked = checkShape(kind, changed, {
    mode: options.fieldValidation,
    ...(refuse ? { refuse: (why) => refuse(changed, why) } : {}),
  });
  options.warnings.push(...checked.warnings);
  let next = strategyOf(kind).decode?.(checked.object) ?? checked.object;
  checkIdentity(kind, next, { namespace, name });
  checkVersion(kind, next, old, input.patch ?? false);
  if (!input.patch && next.metadata.uid && next.metadata.uid !== old.metadata.uid) {
    const mismatch = {
      field: "UID",
      wanted: next.metadata.uid,
      present: old.metadata.uid,
    } as const;
    throw failedPrecondition(kind, { namespace, name }, mismatch);
  }
  next = { ...next, metadata: carryOver({ ...next.metadata, name, namespace }, old.metadata) };
  if (!kind.namespaced) delete next.metadata.namespace;
  next = prepare(kind, next, old, subresource);
  next = withDefaults(kind, next);
  const problems = [
    ...metadataProblems(next.metadata, old.metadata),
    // What the server itself writes for a binding is right, and clients could not write it.
    ...(subresource === "binding" || subresource === "finalize"
      ? []
      : problemsOf(kind, next, { old, ...(subresource ? { subresource } : {}) })),
  ];
  if (problems.length > 0) throw invalid(kind, name, problems);
  if (kind.generation && isNewGeneration(kind, next, old)) {
    next = {
      ...next,
      metadata: { ...next.metadata, generation: (old.metadata.generation ?? 0) + 1 },
    };
  }
  if (!input.applied) {
    next = trackWrite(kind, old, {
      after: next,
      manager: options.manager,
      now: backend.now(),
      ...(subresource ? { subresource } : {}),
    });
  }
  return commit(backend, kind, current, {
    next: inOrder(storedForm(kind, next), next.metadata),
    dryRun: options.dryRun,
  });
}

/** Stores a changed object, or deletes it when it only waited for this change. */
export function commit(
  backend: Backend,
  kind: KindInfo,
  current: Stored,
  input: { next: ApiObject; dryRun: boolean },
): Stored {
  const { next, dryRun } = input;
  const { namespace, name } = current;
  if (isFinished(kind, next, current.object)) {
    // The last state that watchers are told is the one before this change.
    if (dryRun) return new Stored(next, current.revision, "DELETED");
    backend.store.delete(kind.storage, namespace, name);
    return new Stored(next, current.revision, "DELETED");
  }
  if (isSameState(next, current.object)) return current;
  if (dryRun) return new Stored(next, current.revision, "MODIFIED");
  return backend.store.put(kind.storage, next);
}

/** Whether deletion waited only for finalizers that are now gone. */
function isFinished(kind: KindInfo, next: ApiObject, old: ApiObject): boolean {
  const { metadata } = next;
  if (!old.metadata.deletionTimestamp || (metadata.finalizers?.length ?? 0) > 0) return false;
  if ((metadata.deletionGracePeriodSeconds ?? 0) > 0) return false;
  if (kind.storage !== "namespaces") return true;
  const left = at(next, "spec", "finalizers");
  return !Array.isArray(left) || left.length === 0;
}

function prepare(
  kind: KindInfo,
  next: ApiObject,
  old: ApiObject,
  subresource: string | undefined,
): ApiObject {
  const strategy = strategyOf(kind);
  if (subresource === "status") {
    const { status } = next;
    const taken: ApiObject = { ...old, metadata: next.metadata };
    if (isObject(status)) taken.status = status;
    else delete taken.status;
    return strategy.updateStatus?.(taken, old) ?? taken;
  }
  if (subresource) return next;
  if ("status" in kind.subresources) {
    const { status: _, ...rest } = next;
    next = rest as ApiObject;
    if (old.status !== undefined) next.status = old.status;
  }
  return strategy.update?.(next, old) ?? next;
}

function isNewGeneration(kind: KindInfo, next: ApiObject, old: ApiObject): boolean {
  const own = strategyOf(kind).isNewGeneration;
  return own ? own(next, old) : !deepEqual(next.spec, old.spec);
}

function checkVersion(kind: KindInfo, next: ApiObject, old: ApiObject, patch: boolean): void {
  const version = next.metadata.resourceVersion;
  if (version) {
    if (version !== old.metadata.resourceVersion) throw staleVersion(kind, old.metadata.name ?? "");
  } else if (!patch && !kind.unconditionalUpdate) {
    throw invalid({ group: kind.group, kind: kind.plural }, old.metadata.name ?? "", [{
      reason: "FieldValueInvalid",
      message: "Invalid value: 0x0: must be specified for an update",
      field: "metadata.resourceVersion",
    }]);
  }
}
