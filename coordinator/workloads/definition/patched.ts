import type { PodTemplateSpec } from "@cloudydeno/kubernetes-apis/core/v1";
import { quote } from "../../../runtime/mod.ts";
import { type Ownership, ownLabels } from "../../labels.ts";
import type { CheckedRunParams } from "../run_params.ts";
import { type Head, HEAD_KINDS } from "../../heads.ts";

/**
 * A head after the user's patch.
 *
 * @throws {TypeError} when the patch throws, or changes what tells whose the object and its pods are
 */
export function patched(head: Head, params: CheckedRunParams, owner: Ownership): Head {
  const { patch, name } = params;
  if (patch === undefined) return head;
  const before = identity(head, owner);
  let result: Head;
  try {
    result = patch(head) ?? head;
  } catch (cause) {
    throw new TypeError(`Cannot run "${name}": its "patch" threw ${quote(String(cause))}`, {
      cause,
    });
  }
  const after = identity(result, owner);
  for (const [field, value] of Object.entries(before)) {
    if (after[field] === value) continue;
    throw new TypeError(
      `Cannot run "${name}": its "patch" changed "${field}" from ${value} to ${after[field]}`,
    );
  }
  HEAD_KINDS[head.kind].encode(result); // or what cannot be written would fail further on
  return result;
}

/** What must stay, as JSON by field. */
function identity(head: Head, owner: Ownership): Record<string, string> {
  const { apiVersion, kind, metadata, spec } = head ?? {};
  const out: Record<string, unknown> = {
    apiVersion,
    kind,
    "metadata.name": metadata?.name,
    "metadata.namespace": metadata?.namespace,
    "spec.selector": spec && "selector" in spec ? spec.selector : undefined,
  };
  const template = templateOf(head);
  for (const key of Object.keys(ownLabels(owner))) {
    out[`metadata.labels.${key}`] = metadata?.labels?.[key];
    out[`the template's metadata.labels.${key}`] = template?.metadata?.labels?.[key];
  }
  return Object.fromEntries(
    Object.entries(out).map(([field, value]) => [field, JSON.stringify(value) ?? "nothing"]),
  );
}

/** The template of a head's pods. */
export function templateOf(head: Head): PodTemplateSpec | undefined {
  if (head?.kind === "CronJob") return head.spec?.jobTemplate?.spec?.template;
  return head?.spec?.template;
}
