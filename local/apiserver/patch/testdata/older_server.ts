/** What a server of 1.20 does otherwise than newer ones, so that the rest can be compared. */

import { isObject } from "../../schema/json_object.ts";
import type { JsonObject, Schema } from "../../schema/mod.ts";
import { schemaNamed } from "../../schema/schema.ts";
import { FieldSet } from "../field_set.ts";
import { withoutNulls } from "../json.ts";
import type { Answer } from "./real_server.ts";

/** What became atomic after 1.20: definitions, and fields of them. */
const GRANULAR_IN_1_20: [string, string?][] = [
  ["io.k8s.api.core.v1.ObjectFieldSelector"],
  ["io.k8s.api.core.v1.PodSpec", "nodeSelector"],
  ["io.k8s.api.core.v1.ServiceSpec", "selector"],
];

/** Sees the schema as the older server does. */
export function withSchemaOf120(): Disposable {
  const schemas = GRANULAR_IN_1_20.map(([name, field]) => {
    const schema = schemaNamed(name)!;
    return field ? schema.fields![field]! : schema;
  });
  for (const schema of schemas) schema.atomic = false;
  return {
    [Symbol.dispose]() {
      for (const schema of schemas) schema.atomic = true;
    },
  };
}

/**
 * Whether a manager owns a list or map that has lost all that was in it: 1.20 takes that for a
 * field that was atomic once, and gives the manager whatever comes into it. Newer ones do not.
 */
export function ownsEmptied(live: JsonObject, schema: Schema): boolean {
  const emptied = (set: FieldSet, at: Schema | undefined): boolean => {
    for (const element of new Set([...set.members, ...set.children.keys()])) {
      const name = element.slice(2);
      const child = at?.type === "list"
        ? at.items
        : at?.type === "map"
        ? at.values
        : at?.fields?.[name];
      const below = set.below(element);
      const grows = child && ["list", "map", "object"].includes(child.type) &&
        !child.atomic && child.listType !== "atomic";
      if (grows && below.isEmpty || emptied(below, child)) return true;
    }
    return false;
  };
  return (live.metadata.managedFields ?? []).some((entry: JsonObject) =>
    emptied(FieldSet.fromFields(entry.fieldsV1), schema)
  );
}

/** Without what the server gives, what newer versions have, and times. */
export function comparable({ code, body }: Answer, applied: boolean): unknown {
  if (code === 409) {
    const causes: JsonObject[] = body.details?.causes ?? [];
    const times = (text: string) => text.replace(/ at \d{4}-\S+Z/g, "");
    return {
      code,
      managers: causes.map((cause) => times(`${cause.reason} ${cause.message}`)).sort(),
      // 1.20 garbles the paths of several conflicts: it writes them all into one buffer
      ...(causes.length === 1 ? { message: times(body.message), causes: causes[0]!.field } : {}),
    };
  }
  if (code >= 300) return { code };
  const out = withoutNulls(structuredClone(body));
  for (
    const key of [
      "uid",
      "resourceVersion",
      "creationTimestamp",
      "generation",
      "selfLink",
      "namespace",
    ]
  ) {
    delete out.metadata[key];
  }
  delete out.status;
  for (
    const key of [
      "clusterIP",
      "clusterIPs",
      "internalTrafficPolicy",
      "ipFamilies",
      "ipFamilyPolicy",
    ]
  ) {
    if (out.kind === "Service") delete out.spec[key];
  }
  for (const entry of out.metadata.managedFields ?? []) {
    delete entry.time;
    // newer ones track status only where it is written: in the subresource
    delete entry.fieldsV1["f:status"];
  }
  // the real one has times of different writes; ours writes all within one second
  out.metadata.managedFields?.sort((a: JsonObject, b: JsonObject) =>
    `${a.operation} ${a.manager}` < `${b.operation} ${b.manager}` ? -1 : 1
  );
  if (applied) sortKeyedLists(out);
  return withoutEmpties({ code, ...out });
}

/** What tells an item from others in its list. */
function identity(item: JsonObject): string {
  return JSON.stringify([
    item.name,
    item.containerPort,
    item.protocol,
    item.port,
    item.ip,
    item.mountPath,
  ]);
}

/** 1.20 puts applied items behind those that are there; newer ones keep the applied order. */
function sortKeyedLists(value: unknown): void {
  if (Array.isArray(value)) {
    value.forEach(sortKeyedLists);
    if (value.every(isObject)) value.sort((a, b) => identity(a) < identity(b) ? -1 : 1);
  } else if (isObject(value)) {
    for (const [key, item] of Object.entries(value)) {
      if (key === "finalizers") item.sort();
      sortKeyedLists(item);
    }
  }
}

/** Empty maps and lists of optional fields come and go between versions. */
export function withoutEmpties(value: unknown, inFields = false): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutEmpties(item, inFields));
  if (!isObject(value)) return value;
  const out: JsonObject = {};
  for (const [key, item] of Object.entries(value)) {
    const kept = withoutEmpties(item, inFields || key === "fieldsV1");
    const isEmpty = Array.isArray(kept)
      ? kept.length === 0
      : isObject(kept) && Object.keys(kept).length === 0;
    if (!isEmpty || inFields || key === "fieldsV1") out[key] = kept;
  }
  return out;
}
