/**
 * Secrets that a coordinator makes for its workers: in its own namespace, and copies of them where
 * else workers are, as a variable of a pod can only be of a Secret in the pod's namespace.
 */
import type { Secret } from "@cloudydeno/kubernetes-apis/core/v1";
import { type MergePatch, SECRETS } from "../../kube/mod.ts";
import { LABELS } from "../labels.ts";
import type { FencedTarget } from "../workloads/fenced_writer.ts";

/** Which Secret, and whose. */
export interface SecretPlace {
  readonly name: string;
  readonly namespace: string;
  readonly coordinator: string;
}

/** What a Secret holds, as texts; never shown. */
export type SecretTexts = Readonly<Record<string, string>>;

/** A Secret in the cluster is not what a coordinator has made. Nothing of its content is told. */
export class SecretError extends Error {
  /** Always `"SecretError"`. */
  override readonly name = "SecretError";

  /** @param why what is wrong with it */
  constructor({ name, namespace }: SecretPlace, why: string) {
    super(`Cannot use Secret "${name}" in namespace "${namespace}": ${why}`);
  }
}

/** What a fenced write is to be made to. */
export function targetOf({ name, namespace }: SecretPlace): FencedTarget<Secret> {
  return { kind: SECRETS, name, namespace };
}

/** A Secret that is not there yet. */
export function newSecret(place: SecretPlace, texts: SecretTexts): Secret {
  const { name, namespace, coordinator } = place;
  return {
    apiVersion: "v1",
    kind: "Secret",
    type: "Opaque",
    metadata: {
      name,
      namespace,
      labels: {
        [LABELS.managedBy]: "troupe",
        [LABELS.name]: coordinator,
        [LABELS.coordinator]: coordinator,
      },
    },
    data: encoded(texts),
  };
}

/** The patch that gives a Secret these texts; undefined if it has them. */
export function patchOf(live: Secret, texts: SecretTexts): MergePatch | undefined {
  const data = encoded(texts);
  const isSame = Object.entries(data).every(([key, value]) => live.data?.[key] === value);
  return isSame ? undefined : { data };
}

/**
 * What a Secret holds under these keys.
 *
 * @throws {SecretError} when it is not the coordinator's, or a key is missing or no text
 */
export function textsOf<K extends string>(
  place: SecretPlace,
  live: Secret,
  keys: readonly K[],
): Record<K, string> {
  refuseForeign(place, live);
  const texts = keys.map((key) => {
    const value = live.data?.[key];
    if (value === undefined || value === "") throw new SecretError(place, `it has no "${key}"`);
    return [key, decoded(place, key, value)];
  });
  return Object.fromEntries(texts);
}

/** @throws {SecretError} when it is not the coordinator's */
export function refuseForeign(place: SecretPlace, live: Secret): void {
  const owner = live.metadata?.labels?.[LABELS.coordinator];
  if (owner === place.coordinator) return;
  const whose = owner === undefined ? "" : `, it is "${owner}"`;
  throw new SecretError(
    place,
    `its label "${LABELS.coordinator}" is not "${place.coordinator}"${whose}; somebody else has made it`,
  );
}

function encoded(texts: SecretTexts): Record<string, string> {
  const entries = Object.entries(texts);
  // they are ASCII: JSON of base64url, and PEM
  return Object.fromEntries(entries.map(([key, text]) => [key, btoa(text)]));
}

function decoded(place: SecretPlace, key: string, value: string): string {
  try {
    return atob(value);
  } catch {
    throw new SecretError(place, `its "${key}" is no text`);
  }
}
