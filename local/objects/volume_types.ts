/**
 * The shapes of volumes and the claims to them; see `types.ts`.
 *
 * @module
 */
import type { Item, LabelSelector, NodeSelectorTerm, ResourceList } from "./types.ts";

/** `spec` of a claim. */
export interface PersistentVolumeClaimSpec {
  readonly accessModes?: readonly string[];
  readonly resources?: { readonly requests?: ResourceList };
  readonly selector?: LabelSelector;
  readonly storageClassName?: string;
  readonly volumeMode?: string;
  /** The volume that it is bound to, or wants. */
  readonly volumeName?: string;
}

/** A claim to a volume. */
export interface PersistentVolumeClaim extends Item {
  readonly spec: PersistentVolumeClaimSpec;
  readonly status?: {
    /** `Pending`, `Bound` or `Lost`. */
    readonly phase?: string;
    readonly accessModes?: readonly string[];
    readonly capacity?: ResourceList;
  };
}

/** Which claim a volume belongs to. */
export interface ClaimReference {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
}

/** A volume. */
export interface PersistentVolume extends Item {
  readonly spec: {
    readonly accessModes?: readonly string[];
    readonly capacity?: ResourceList;
    readonly claimRef?: ClaimReference;
    readonly hostPath?: { readonly path: string; readonly type?: string };
    readonly local?: { readonly path: string };
    readonly nodeAffinity?: {
      readonly required?: { readonly nodeSelectorTerms: readonly NodeSelectorTerm[] };
    };
    readonly persistentVolumeReclaimPolicy?: string;
    readonly storageClassName?: string;
    readonly volumeMode?: string;
  };
  readonly status?: {
    /** `Pending`, `Available`, `Bound`, `Released` or `Failed`. */
    readonly phase?: string;
    readonly message?: string;
    readonly reason?: string;
  };
}

/** A class of volumes. */
export interface StorageClass extends Item {
  readonly provisioner: string;
  readonly reclaimPolicy?: string;
  readonly volumeBindingMode?: string;
}
