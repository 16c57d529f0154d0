import { type GroupVersionKind, type JsonObject, schemaFor } from "../schema/schema.ts";
import type { FieldSet } from "./field_set.ts";
import {
  apiVersionOf,
  capManagers,
  isReset,
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
import { compare, type Comparison } from "./typed.ts";
import { TypedError } from "./typed_shape.ts";
import { zeroObject } from "../schema/zero_object.ts";

/** What {@linkcode trackUpdate} takes. */
export interface TrackUpdateInput {
  /** The stored object; undefined when `after` is created. */
  before: JsonObject | undefined;
  /** What is written, with defaults. */
  after: JsonObject;
  /** The field manager: the `fieldManager` parameter, or the first part of the user agent. */
  manager: string;
  /** The only operation that is not an apply. @default "Update" */
  operation?: "Update";
  /** The kind. */
  gvk: GroupVersionKind;
  /** The time of the entry. */
  now: Date;
  /** For example `status` or `scale`; empty for the object itself. @default "" */
  subresource?: string;
}

/**
 * Records who owns what after a create, update or patch that is no apply: `after` with
 * `metadata.managedFields`. What changed belongs to `manager` now, what vanished to nobody.
 *
 * `managedFields: [{}]` in `after` forgets all owners. An object that has no owners stays so. When
 * nothing changes hands the times stay too.
 */
export function trackUpdate(input: TrackUpdateInput): JsonObject {
  const { before, after } = input;
  const managers = currentManagers(input);
  if (before && managers.size === 0) return writeManagers(after, managers);
  try {
    update(managers, input);
  } catch (error) {
    // stored objects may hold what does not fit the schema: their owners stay
    if (!(error instanceof TypedError)) throw error;
    return writeManagers(after, readManagers(before));
  }
  return writeManagers(after, managers);
}

/** The managers that the request tells, or else those of the stored object. */
function currentManagers({ before, after, subresource }: TrackUpdateInput): Managers {
  if (!before) return new Map();
  if (subresource) return readManagers(before);
  if (isReset(after)) return new Map();
  const told = readManagers(after);
  return told.size > 0 ? told : readManagers(before);
}

function update(managers: Managers, input: TrackUpdateInput): void {
  const { gvk, subresource = "" } = input;
  const schema = schemaFor(gvk) ?? UNKNOWN_KIND;
  const changes = compare(
    input.before ?? zeroObject(gvk.group, gvk.kind),
    input.after,
    schema,
  );
  const ignored = resetFields(gvk, subresource);
  takeFields(managers, changes, { ignored, apiVersion: apiVersionOf(gvk) });
  const taken = ownable(changes.modified.union(changes.added).recursiveDifference(ignored));
  if (taken.isEmpty) return; // nothing changed hands: the entry stays, with its time
  const entry: Manager = {
    name: input.manager || "unknown",
    operation: "Update",
    apiVersion: apiVersionOf(gvk),
    subresource,
    time: timeText(input.now),
    fields: taken,
  };
  const key = managerKey(entry);
  const own = managers.get(key);
  managers.set(key, { ...entry, fields: own ? own.fields.union(taken) : taken });
  capManagers(managers);
}

/** What {@linkcode takeFields} needs to know. */
export interface TakeFieldsOptions {
  /** Fields that the write does not change in the end. */
  ignored: FieldSet;
  /** Managers of other versions are left alone. */
  apiVersion: string;
  /** The manager that writes, and keeps what it has. */
  except?: string;
}

/** Takes what was changed or removed from all managers. */
export function takeFields(
  managers: Managers,
  changes: Comparison,
  options: TakeFieldsOptions,
): void {
  const gone = changes.modified.union(changes.added).union(changes.removed)
    .recursiveDifference(options.ignored);
  for (const [key, manager] of managers) {
    if (key === options.except || manager.apiVersion !== options.apiVersion) continue;
    const fields = manager.fields.difference(gone);
    if (fields.isEmpty) managers.delete(key);
    else managers.set(key, { ...manager, fields });
  }
}
