/**
 * What is told about fields that another manager owns.
 *
 * @module
 */

import { pathText } from "./field_set.ts";
import type { Manager } from "./managed_fields.ts";

/** A field that an apply would change and that another manager owns. */
export interface Conflict {
  /** As messages name it: `"kubectl" using apps/v1 at 2026-01-02T03:04:05Z`; no version for appliers. */
  manager: string;
  /** For example `.spec.replicas`. */
  field: string;
}

/** A cause in the Status of a refused apply. */
export interface ConflictCause {
  /** The kind of cause. */
  reason: "FieldManagerConflict";
  /** Whose field it is: `conflict with "bob"`. */
  message: string;
  /** For example `.spec.replicas`. */
  field: string;
}

/** The conflict with a manager that owns a path. */
export function conflictOf(manager: Manager, path: readonly string[]): Conflict {
  return { manager: managerText(manager), field: pathText(path) };
}

function managerText(manager: Manager): string {
  let text = JSON.stringify(manager.name);
  if (manager.subresource) text += ` with subresource ${JSON.stringify(manager.subresource)}`;
  if (manager.operation === "Apply") return text;
  const at = manager.time ? ` at ${manager.time}` : "";
  return `${text} using ${manager.apiVersion}${at}`;
}

/** The message of the Status, code 409, reason `Conflict`. */
export function conflictMessage(conflicts: readonly Conflict[]): string {
  const [first] = conflicts;
  if (conflicts.length === 1 && first) {
    return `Apply failed with 1 conflict: conflict with ${first.manager}: ${first.field}`;
  }
  const byManager = Map.groupBy(conflicts, (conflict) => conflict.manager);
  const texts = [...byManager.keys()].sort().map((manager) => {
    const fields = byManager.get(manager)!.map((conflict) => `- ${conflict.field}`);
    return `conflicts with ${manager}:\n${fields.join("\n")}`;
  });
  return `Apply failed with ${conflicts.length} conflicts: ${texts.join("\n")}`;
}

/** The causes of the Status. */
export function conflictCauses(conflicts: readonly Conflict[]): ConflictCause[] {
  return conflicts.map(({ manager, field }) => ({
    reason: "FieldManagerConflict",
    message: `conflict with ${manager}`,
    field,
  }));
}
