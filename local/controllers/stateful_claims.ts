/**
 * The claims of a stateful set's pods: their names, how they are made, and who owns them so that
 * they go with the set or with a pod, if they are to.
 *
 * @module
 */
import {
  type ClaimTemplate,
  type Draft,
  isDeleting,
  type Item,
  type OwnerReference,
  type PersistentVolumeClaim,
  type Pod,
  type StatefulSet,
  VOLUME_CLAIMS,
  type Write,
} from "../objects/mod.ts";

/** Finds a claim by its name, in the set's namespace. */
export type FindClaim = (name: string) => PersistentVolumeClaim | undefined;

/** The name of the claim that the pod with an ordinal has by a template. */
export function claimName(
  set: StatefulSet,
  { metadata }: Pick<ClaimTemplate, "metadata">,
  ordinal: number,
): string {
  return `${metadata.name}-${set.metadata.name}-${ordinal}`;
}

/** The claims that are not there and must be before the pod with an ordinal can run. */
export function missingClaims(set: StatefulSet, ordinal: number, find: FindClaim): Draft[] {
  return templatesOf(set)
    .filter((template) => !find(claimName(set, template, ordinal)))
    .map((template) => claimOf(set, template, ordinal));
}

/**
 * Whether the claims of a pod that is not there are on their way out: they belonged to the pod
 * before. The next pod waits until they are gone.
 */
export function hasStaleClaims(set: StatefulSet, ordinal: number, find: FindClaim): boolean {
  const pod = `${set.metadata.name}-${ordinal}`;
  return templatesOf(set).some((template) => {
    const claim = find(claimName(set, template, ordinal));
    if (!claim) return false;
    return isDeleting(claim) ||
      (claim.metadata.ownerReferences ?? []).some((owner) => isPod(owner, pod));
  });
}

/** Has the claims of a pod owned by whom `persistentVolumeClaimRetentionPolicy` says. */
export function retentionWrites(
  set: StatefulSet,
  { pod, ordinal, condemned }: { pod: Pod; ordinal: number; condemned: boolean },
  find: FindClaim,
): Write[] {
  const { whenDeleted, whenScaled } = set.spec.persistentVolumeClaimRetentionPolicy ?? {};
  const owner = condemned && whenScaled === "Delete"
    ? pod
    : whenDeleted === "Delete"
    ? set
    : undefined;
  const writes: Write[] = [];
  for (const template of templatesOf(set)) {
    const claim = find(claimName(set, template, ordinal));
    if (!claim || isDeleting(claim)) continue;
    const { namespace, name, uid, resourceVersion, ownerReferences = [] } = claim.metadata;
    const others = ownerReferences.filter((one) =>
      one.uid !== set.metadata.uid && !isPod(one, pod.metadata.name)
    );
    const present = ownerReferences.filter((one) => !others.includes(one));
    const isRight = owner
      ? present.length === 1 && present[0]?.uid === owner.metadata.uid
      : present.length === 0;
    if (isRight) continue;
    const owners = owner ? [...others, ownedBy(owner)] : others;
    const patch = {
      metadata: { uid, resourceVersion, ownerReferences: owners.length > 0 ? owners : null },
    };
    writes.push({ verb: "patch", kind: VOLUME_CLAIMS, target: { namespace, name }, patch });
  }
  return writes;
}

function templatesOf({ spec }: StatefulSet): readonly ClaimTemplate[] {
  return spec.volumeClaimTemplates ?? [];
}

function claimOf(set: StatefulSet, template: ClaimTemplate, ordinal: number): Draft {
  const { whenDeleted } = set.spec.persistentVolumeClaimRetentionPolicy ?? {};
  const { metadata, spec } = template;
  const draft = {
    apiVersion: VOLUME_CLAIMS.apiVersion,
    kind: VOLUME_CLAIMS.kind,
    metadata: {
      name: claimName(set, template, ordinal),
      namespace: set.metadata.namespace,
      labels: { ...metadata.labels, ...set.spec.selector.matchLabels },
      annotations: metadata.annotations,
      ...(whenDeleted === "Delete" && { ownerReferences: [ownedBy(set)] }),
    },
    spec,
  };
  return draft;
}

function ownedBy({ apiVersion, kind, metadata: { name, uid } }: Item): OwnerReference {
  return { apiVersion, kind, name, uid };
}

function isPod(owner: OwnerReference, name: string): boolean {
  return owner.kind === "Pod" && owner.name === name;
}
