/**
 * Which replica set holds a pod template.
 *
 * @module
 */
import {
  byAge,
  canonicalJson,
  type Deployment,
  type PodTemplate,
  type ReplicaSet,
  sameJson,
} from "../objects/mod.ts";

/** The label that tells the pods of a deployment's replica sets apart. */
export const TEMPLATE_HASH = "pod-template-hash";

/** No vowels and no 0, 1, 3, so that no word can come out; as Kubernetes names things. */
const ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

/**
 * The hash of a pod template, fit for a label's value.
 *
 * @param collisions How often a replica set of this name turned out to hold something else.
 */
export function templateHash(template: PodTemplate, collisions = 0): string {
  const text = canonicalJson(template) + (collisions > 0 ? `#${collisions}` : "");
  let hash = 0x811c9dc5; // FNV-1a, 32 bits
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  const digits = String(hash >>> 0);
  return [...digits].map((digit) => ALPHABET[digit.charCodeAt(0) % ALPHABET.length]).join("");
}

/** Whether two templates are the same, whatever their hash label says. */
export function sameTemplate(a: PodTemplate, b: PodTemplate): boolean {
  return sameJson(withoutHash(a), withoutHash(b));
}

/** The oldest replica set that holds the deployment's template. */
export function findNewest(
  deployment: Deployment,
  sets: readonly ReplicaSet[],
): ReplicaSet | undefined {
  return [...sets].sort(byAge)
    .find((set) => sameTemplate(set.spec.template, deployment.spec.template));
}

function withoutHash(template: PodTemplate): PodTemplate {
  const labels = { ...template.metadata?.labels };
  delete labels[TEMPLATE_HASH];
  return { ...template, metadata: { ...template.metadata, labels } };
}
