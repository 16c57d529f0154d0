/**
 * Server-side apply: merges what a manager wants into the live object, refuses to change what
 * others own, and removes what the manager owned and wants no more.
 *
 * @module
 */

import {
  type GroupVersionKind,
  type JsonObject,
  type Schema,
  schemaFor,
} from "../schema/schema.ts";
import { type Conflict, conflictOf } from "./conflicts.ts";
import { FieldSet } from "./field_set.ts";
import { jsonEqual, withoutNulls } from "./json.ts";
import { KUBECTL, lastAppliedFields, withLastApplied } from "./last_applied.ts";
import {
  apiVersionOf,
  type Manager,
  managerKey,
  type Managers,
  ownable,
  readManagers,
  resetFields,
  timeText,
  UNKNOWN_KIND,
  writeManagers,
} from "./managed_fields.ts";
import { PatchError } from "./patch_error.ts";
import { takeFields, trackUpdate } from "./track_update.ts";
import { compare, fieldSetOf, withNamedParents } from "./typed.ts";
import { checkTyped } from "./typed_check.ts";
import { merge, removeFields } from "./typed_merge.ts";
import { TypedError } from "./typed_shape.ts";

/** Owns what was there before the first apply on an object without owners. */
const BEFORE_FIRST_APPLY = "before-first-apply";

/** What {@linkcode serverSideApply} takes. */
export interface ServerSideApplyInput {
  /** The stored object, undefined if there is none. */
  live: JsonObject | undefined;
  /** What the manager wants. */
  applied: JsonObject;
  /** The `fieldManager` parameter. */
  manager: string;
  /** Whether to take what others own. */
  force: boolean;
  /** The kind. */
  gvk: GroupVersionKind;
  /** The time of the manager's entry, if it changes. */
  now: Date;
  /** For example `status`; empty for the object itself. @default "" */
  subresource?: string;
}

/** The new object, or why it was refused. */
export type ServerSideApplyResult = { object: JsonObject; conflicts?: undefined } | {
  object?: undefined;
  conflicts: Conflict[];
};

/**
 * Applies. The object has its `managedFields`; defaults are the caller's to fill in after it.
 * When nothing changes it equals the live one, times included.
 *
 * @throws {PatchError} 400 if `applied` has another version or `managedFields`; 500 if it does not
 * fit the kind's types, as a real API server answers
 */
export function serverSideApply(input: ServerSideApplyInput): ServerSideApplyResult {
  const { applied, gvk, live } = input;
  const schema = schemaFor(gvk) ?? UNKNOWN_KIND;
  checkApplied(applied, gvk, schema);
  let result = attempt(input, schema);
  if (result.contested && input.manager === KUBECTL && live) {
    // kubectl may take over what it had applied from the client's side
    const own = lastAppliedFields(live, schema);
    const others = result.contested.filter(({ path }) => !own.has(path));
    result = others.length > 0 ? { contested: others } : attempt({ ...input, force: true }, schema);
  }
  if (result.contested) {
    return { conflicts: result.contested.map(({ manager, path }) => conflictOf(manager, path)) };
  }
  const isKubectl = input.manager === KUBECTL;
  return { object: isKubectl ? withLastApplied(result.object, applied) : result.object };
}

type Attempt = { object: JsonObject; contested?: undefined } | {
  object?: undefined;
  contested: { manager: Manager; path: string[] }[];
};

function attempt(input: ServerSideApplyInput, schema: Schema): Attempt {
  const { applied, gvk } = input;
  const live = withFirstManager(input);
  const managers = readManagers(live);
  const former = new Map(managers);
  const { managedFields: _, ...metadata } = live.metadata ?? {};
  const liveValue = { ...live, metadata };
  const ignored = resetFields(gvk, input.subresource);

  const entry: Manager = {
    name: input.manager,
    operation: "Apply",
    apiVersion: apiVersionOf(gvk),
    subresource: input.subresource ?? "",
    time: undefined,
    fields: fieldSetOf(applied, schema).recursiveDifference(ignored),
  };
  const key = managerKey(entry);
  const last = managers.get(key);
  managers.set(key, entry);
  let merged = merge(liveValue, applied, schema);
  if (last && !last.fields.isEmpty) merged = prune(merged, managers, last.fields, schema);

  const changes = compare(liveValue, merged, schema);
  const changed = changes.modified.union(changes.added).recursiveDifference(ignored);
  const contested = [...managers]
    .filter(([k, m]) => k !== key && m.apiVersion === entry.apiVersion)
    .flatMap(([, manager]) =>
      [...manager.fields.intersection(changed).paths()].map((path) => ({ manager, path }))
    );
  if (contested.length > 0 && !input.force) return { contested };
  takeFields(managers, changes, { ignored, apiVersion: entry.apiVersion, except: key });
  settle(managers, key, { former, changed: !jsonEqual(liveValue, merged), now: input.now });

  const object = withReset(withoutNulls(merged as JsonObject), liveValue, ignored);
  return { object: writeManagers(object, managers) };
}

/** What a manager needs for its entry to be the last word. */
interface SettleOptions {
  former: Managers;
  changed: boolean;
  now: Date;
}

/** Strips the applier's entry and sets its time: the former one if nothing changed at all. */
function settle(managers: Managers, key: string, { former, changed, now }: SettleOptions): void {
  const entry = managers.get(key)!;
  const fields = ownable(entry.fields);
  if (fields.isEmpty) managers.delete(key);
  else managers.set(key, { ...entry, fields, time: former.get(key)?.time });
  const same = !changed && managers.size === former.size &&
    [...managers].every(([k, m]) => former.get(k)?.fields.equals(m.fields));
  if (!same && managers.has(key)) {
    managers.set(key, { ...managers.get(key)!, time: timeText(now) });
  }
}

function checkApplied(applied: JsonObject, gvk: GroupVersionKind, schema: Schema): void {
  const expected = apiVersionOf(gvk);
  if (applied.apiVersion !== expected) {
    throw new PatchError(
      400,
      `Incorrect version specified in apply patch. Specified version: ${applied.apiVersion}, ` +
        `expected: ${expected}`,
    );
  }
  if (applied.metadata?.managedFields !== undefined && applied.metadata.managedFields !== null) {
    throw new PatchError(400, "metadata.managedFields must be nil");
  }
  try {
    checkTyped(applied, schema);
  } catch (error) {
    if (!(error instanceof TypedError)) throw error;
    const { namespace = "", name = "" } = applied.metadata ?? {};
    throw new PatchError(
      500,
      `failed to create typed patch object (${namespace}/${name}; ${expected}, Kind=${gvk.kind}): ` +
        error.message,
    );
  }
}

/** The live object; what is there without an owner gets one. */
function withFirstManager({ live, gvk, now }: ServerSideApplyInput): JsonObject {
  if (!live) return {};
  if (readManagers(live).size > 0) return live;
  return trackUpdate({
    before: undefined,
    after: live,
    manager: BEFORE_FIRST_APPLY,
    gvk,
    now,
  });
}

/**
 * Removes what the manager had applied, and puts back what is owned: by others, or by what it
 * applies now.
 */
function prune(merged: unknown, managers: Managers, last: FieldSet, schema: Schema): unknown {
  const named = (set: FieldSet) => withNamedParents(set, schema);
  const all = named(fieldSetOf(merged, schema));
  const owned = [...managers.values()].reduce((sum, m) => sum.union(m.fields), new FieldSet());
  let pruned = removeFields(merged, named(last), schema);
  const keep = named(fieldSetOf(pruned, schema)).union(named(owned));
  pruned = removeFields(merged, all.difference(keep), schema);
  // what is not owned by anybody goes only if this manager had applied it
  const left = named(fieldSetOf(pruned, schema));
  return removeFields(merged, all.difference(left).intersection(named(last)), schema);
}

/** Puts back the fields that this write leaves as they are. */
function withReset(object: JsonObject, live: JsonObject, ignored: FieldSet): JsonObject {
  const out = { ...object };
  for (const path of ignored.paths()) {
    const [first, second] = path.map((element) => element.slice(2));
    if (second === undefined) restore(out, live, first!);
    else {
      out[first!] = { ...out[first!] };
      restore(out[first!], live[first!] ?? {}, second);
    }
  }
  return out;
}

function restore(target: JsonObject, source: JsonObject, key: string): void {
  if (source[key] === undefined) delete target[key];
  else target[key] = source[key];
}
