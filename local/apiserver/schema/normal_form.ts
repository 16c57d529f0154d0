/**
 * Values as an API server writes them back: quantities in canonical form, times in UTC, zero
 * values of required fields.
 *
 * @module
 */

import { setField } from "./json_object.ts";
import { canonicalQuantity } from "./quantity.ts";
import type { JsonObject, Schema } from "./schema.ts";

/** A copy of `value` in normal form. */
export function normalForm(value: unknown, schema: Schema): unknown {
  if (value === null || value === undefined) return value;
  switch (schema.type) {
    case "quantity":
      return typeof value === "string" || typeof value === "number"
        ? canonicalQuantity(String(value))
        : value;
    case "string":
      return typeof value === "string" ? normalTime(value, schema.format) : value;
    case "list":
      return Array.isArray(value) ? value.map((item) => normalForm(item, schema.items!)) : value;
    case "object":
    case "map":
      return typeof value === "object" && !Array.isArray(value)
        ? normalObject(value as JsonObject, schema)
        : value;
    default:
      return value;
  }
}

/** Optional fields whose zero value is left out: those that are no pointers in the real types. */
const ZERO_LEFT_OUT = new Set([
  "availableReplicas",
  "count",
  "currentReplicas",
  "fullyLabeledReplicas",
  "healthCheckNodePort",
  "hostIPC",
  "hostNetwork",
  "hostPID",
  "hostPort",
  "initialDelaySeconds",
  "minReadySeconds",
  "nodePort",
  "numberAvailable",
  "numberUnavailable",
  "observedGeneration",
  "paused",
  "publishNotReadyAddresses",
  "readOnly",
  "readyReplicas",
  "signal",
  "stdin",
  "stdinOnce",
  "tty",
  "unavailableReplicas",
  "unschedulable",
  "updatedNumberScheduled",
  "updatedReplicas",
]);

/** Definitions whose counts are all left out when zero. */
const COUNTS_LEFT_OUT = new Set(["DeploymentStatus", "JobStatus"]);

/** Counts of those that may be there and zero: pointers in the real types. */
const ZERO_KEPT = new Set(["JobStatus.ready", "JobStatus.terminating"]);

/** Optional strings that may be there and empty: those that are pointers in the real types. */
const EMPTY_KEPT = new Set([
  "appProtocol",
  "Endpoint.hostname",
  "EndpointPort.name",
  "GRPCAction.service",
  "holderIdentity",
  "JobStatus.failedIndexes",
  "HostPathVolumeSource.type",
  "loadBalancerClass",
  "localhostProfile",
  "preferredHolder",
  "reportingComponent",
  "reportingInstance",
  "runtimeClassName",
  "storageClassName",
  "timeZone",
  "zone",
]);

/** Whether an optional field's value is left out when written: it is empty. */
function isLeftOut(key: string, value: unknown, field: Schema, owner: string): boolean {
  switch (field.type) {
    case "list":
      return Array.isArray(value) && value.length === 0;
    case "map":
      return typeof value === "object" && value !== null && Object.keys(value).length === 0;
    case "string":
      return value === "" && !EMPTY_KEPT.has(key) && !EMPTY_KEPT.has(`${owner}.${key}`);
    case "integer":
      return value === 0 && !ZERO_KEPT.has(`${owner}.${key}`) &&
        (ZERO_LEFT_OUT.has(key) || COUNTS_LEFT_OUT.has(owner));
    case "boolean":
      return value === false && ZERO_LEFT_OUT.has(key);
    default:
      return false;
  }
}

function normalObject(object: JsonObject, schema: Schema): JsonObject {
  const out: JsonObject = {};
  const owner = schema.name?.slice(schema.name.lastIndexOf(".") + 1) ?? "";
  for (const [key, value] of Object.entries(object)) {
    if (value === undefined || value === null) continue;
    const child = schema.type === "map" ? schema.values : schema.fields?.[key];
    const optional = schema.type === "object" && !schema.required?.includes(key);
    if (child && optional && isLeftOut(key, value, child, owner)) continue;
    setField(out, key, child ? normalForm(value, child) : value);
  }
  for (const key of schema.required ?? []) {
    if (out[key] !== undefined) continue;
    const field = schema.fields![key]!;
    if (field.type === "string" && !field.format) out[key] = "";
    else if (field.type === "integer") out[key] = 0;
    else if (field.type === "boolean") out[key] = false;
  }
  return out;
}

/** Times have whole seconds; those of Leases and newer Events have six digits. */
function normalTime(text: string, format: string | undefined): string {
  if (format !== "date-time" && format !== "micro-time") return text;
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) return text;
  const seconds = time.toISOString().slice(0, 19);
  if (format === "date-time") return `${seconds}Z`;
  const digits = /\.(\d+)/.exec(text)?.[1] ?? "";
  return `${seconds}.${digits.padEnd(6, "0").slice(0, 6)}Z`;
}
