/** The scale subresource: a small view of a workload that any scaler understands. */
import { invalid } from "./errors.ts";
import { type ApiObject, at, isObject, type JsonObject } from "./object.ts";

/** The Scale of a workload. */
export function toScale(object: ApiObject): ApiObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const replicas = at(object, "spec", "replicas");
  const selector = selectorText(at(object, "spec", "selector"));
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp } as JsonObject,
    spec: replicas ? { replicas } : {},
    status: {
      replicas: at(object, "status", "replicas") ?? 0,
      ...(selector ? { selector } : {}),
    },
  };
}

/** A workload with what a Scale asks for. */
export function fromScale(object: ApiObject, scale: ApiObject): ApiObject {
  const { resourceVersion, uid } = scale.metadata;
  const replicas = at(scale, "spec", "replicas") ?? 0;
  if (typeof replicas === "number" && replicas < 0) {
    throw invalid({ group: "autoscaling", kind: "Scale" }, object.metadata.name ?? "", [{
      reason: "FieldValueInvalid",
      message: `Invalid value: ${replicas}: must be greater than or equal to 0`,
      field: "spec.replicas",
    }]);
  }
  return {
    ...object,
    metadata: { ...object.metadata, resourceVersion, uid: uid ?? object.metadata.uid },
    spec: { ...object.spec as JsonObject, replicas },
  };
}

function selectorText(selector: unknown): string {
  const labels = at(selector, "matchLabels");
  const terms = isObject(labels)
    ? Object.keys(labels).sort().map((key) => `${key}=${labels[key]}`)
    : [];
  const expressions = at(selector, "matchExpressions");
  if (Array.isArray(expressions)) {
    for (const { key, operator, values = [] } of expressions) {
      if (operator === "In") terms.push(`${key} in (${values.toSorted().join(",")})`);
      if (operator === "NotIn") terms.push(`${key} notin (${values.toSorted().join(",")})`);
      if (operator === "Exists") terms.push(key);
      if (operator === "DoesNotExist") terms.push(`!${key}`);
    }
  }
  return terms.join(",");
}
