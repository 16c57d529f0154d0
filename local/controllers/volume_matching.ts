/**
 * Which volume suits a claim: a pure function.
 *
 * @module
 */
import {
  isDeleting,
  type PersistentVolume,
  type PersistentVolumeClaim,
  selects,
  wholeUnits,
} from "../objects/mod.ts";

/** Whether a volume is bound, or was made or set aside, for this very claim. */
export function isFor({ spec }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  const { claimRef } = spec;
  return claimRef?.namespace === metadata.namespace && claimRef?.name === metadata.name &&
    (!claimRef?.uid || claimRef.uid === metadata.uid);
}

/** The volume that is set aside for the claim, or else the smallest free one that suits it. */
export function findVolume(
  claim: PersistentVolumeClaim,
  volumes: Iterable<PersistentVolume>,
  { onlySetAside = false }: { readonly onlySetAside?: boolean } = {},
): PersistentVolume | undefined {
  let best: PersistentVolume | undefined;
  for (const volume of volumes) {
    if (isDeleting(volume)) continue;
    if (isFor(volume, claim)) return volume;
    if (onlySetAside || volume.spec.claimRef || !suits(volume, claim)) continue;
    const isSmaller = !best || sizeOf(volume) < sizeOf(best) ||
      (sizeOf(volume) === sizeOf(best) && volume.metadata.name < best.metadata.name);
    if (isSmaller) best = volume;
  }
  return best;
}

function suits(volume: PersistentVolume, { spec }: PersistentVolumeClaim): boolean {
  const offered = volume.spec.accessModes ?? [];
  const wanted = wholeUnits(spec.resources?.requests?.storage ?? 0);
  return volume.status?.phase === "Available" &&
    (volume.spec.storageClassName ?? "") === (spec.storageClassName ?? "") &&
    (volume.spec.volumeMode ?? "Filesystem") === (spec.volumeMode ?? "Filesystem") &&
    (spec.accessModes ?? []).every((mode) => offered.includes(mode)) &&
    sizeOf(volume) >= wanted &&
    (spec.selector === undefined || selects(spec.selector, volume.metadata.labels));
}

function sizeOf({ spec }: PersistentVolume): number {
  return wholeUnits(spec.capacity?.storage ?? 0);
}
