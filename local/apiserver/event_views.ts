/** The two faces of an Event: core/v1, which is stored, and events.k8s.io/v1. */
import type { ApiObject, JsonObject } from "./object.ts";

/** [field of core/v1, field of events.k8s.io/v1] */
const RENAMED: readonly (readonly [string, string])[] = [
  ["involvedObject", "regarding"],
  ["message", "note"],
  ["source", "deprecatedSource"],
  ["firstTimestamp", "deprecatedFirstTimestamp"],
  ["lastTimestamp", "deprecatedLastTimestamp"],
  ["count", "deprecatedCount"],
  ["reportingComponent", "reportingController"],
];

const OMITTED_WHEN_EMPTY = ["reportingController", "reportingInstance"];

/** core/v1 → events.k8s.io/v1. */
export function toNewEvent(event: ApiObject): ApiObject {
  const renamed = rename(event, "events.k8s.io/v1", new Map(RENAMED));
  for (const field of OMITTED_WHEN_EMPTY) if (renamed[field] === "") delete renamed[field];
  return renamed;
}

/** events.k8s.io/v1 → core/v1. */
export function toCoreEvent(event: ApiObject): ApiObject {
  return rename(event, "v1", new Map(RENAMED.map(([core, other]) => [other, core])));
}

function rename(event: ApiObject, apiVersion: string, names: Map<string, string>): ApiObject {
  const { kind, apiVersion: _, metadata, ...fields } = event;
  const renamed: JsonObject = {};
  for (const key in fields) renamed[names.get(key) ?? key] = fields[key];
  return { kind, apiVersion, metadata, ...renamed };
}
