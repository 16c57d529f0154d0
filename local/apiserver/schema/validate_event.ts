/**
 * What Events must be, of both versions: the newer one asks for more, and so does the older one of
 * events that say when they happened in microseconds.
 *
 * @module
 */

import type { Complaints } from "./complaints.ts";
import { qualifiedName } from "./name_rules.ts";
import type { JsonObject } from "./schema.ts";

const MAX_TEXT = 128;
const MAX_NOTE = 1024;
/** Namespaces of events about objects that are in none. */
const CLUSTER_NAMESPACES = ["", "default", "kube-system"];

/** Complains about an Event of the core group. */
export function validateCoreEvent(out: Complaints, event: JsonObject, old?: JsonObject): void {
  validateNamespace(out, event, "involvedObject");
  if (!old && event.eventTime) validateReport(out, event, "reportingComponent", "message");
}

/** Complains about an Event of `events.k8s.io`. */
export function validateNewEvent(out: Complaints, event: JsonObject, old?: JsonObject): void {
  validateNamespace(out, event, "regarding");
  if (old) return;
  out.has("eventTime", event.eventTime);
  validateReport(out, event, "reportingController", "note");
  if (event.type !== "Normal" && event.type !== "Warning") {
    out.invalid("type", "", `has invalid value: ${event.type ?? ""}`);
  }
  for (const name of ["deprecatedFirstTimestamp", "deprecatedLastTimestamp", "deprecatedCount"]) {
    if (event[name]) out.invalid(field(name), "", "needs to be unset");
  }
  if (event.deprecatedSource?.component) {
    out.invalid("source", "", "needs to be unset");
  }
}

/** Complaints name the field as the older version does. */
function field(name: string): string {
  const short = name.slice("deprecated".length);
  return short[0]!.toLowerCase() + short.slice(1);
}

function validateNamespace(out: Complaints, event: JsonObject, about: string): void {
  const own: string = event.metadata?.namespace ?? "";
  const other: string = event[about]?.namespace ?? "";
  const fits = other === "" ? CLUSTER_NAMESPACES.includes(own) : own === other;
  if (!fits) out.invalid("involvedObject.namespace", other, "does not match event.namespace");
}

function validateReport(
  out: Complaints,
  event: JsonObject,
  controller: string,
  note: string,
): void {
  out.has(controller, event[controller]);
  out.rule(controller, event[controller] ?? "", qualifiedName);
  for (const name of ["reportingInstance", "action", "reason"]) {
    if (out.has(name, event[name]) && event[name].length > MAX_TEXT) tooMany(out, name, MAX_TEXT);
  }
  if ((event[note]?.length ?? 0) > MAX_NOTE) tooMany(out, "message", MAX_NOTE);
}

function tooMany(out: Complaints, name: string, most: number): void {
  out.invalid(name, "", `can have at most ${most} characters`);
}
