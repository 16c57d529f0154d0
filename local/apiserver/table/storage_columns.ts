/**
 * The columns of volumes, claims to them and their classes.
 *
 * @module
 */

import type { JsonObject } from "../schema/mod.ts";
import { AGE, type Column, wide } from "./cells.ts";

const IS_DEFAULT = [
  "storageclass.kubernetes.io/is-default-class",
  "storageclass.beta.kubernetes.io/is-default-class",
];

const SHORT_MODES: Record<string, string> = {
  ReadWriteOnce: "RWO",
  ReadOnlyMany: "ROX",
  ReadWriteMany: "RWX",
  ReadWriteOncePod: "RWOP",
};

/** The name of a class, which tells the default one. */
export const STORAGE_CLASS_NAME: Column = {
  name: "Name",
  cell({ metadata = {} }) {
    const isDefault = IS_DEFAULT.some((key) => metadata.annotations?.[key] === "true");
    return isDefault ? `${metadata.name} (default)` : metadata.name ?? "";
  },
};

const ATTRIBUTES_CLASS: Column = {
  name: "VolumeAttributesClass",
  cell: ({ spec }) => spec?.volumeAttributesClassName ?? "<unset>",
};

const VOLUME_MODE = wide("VolumeMode", ({ spec }) => spec?.volumeMode ?? "<unset>");

/** Columns after the name, by kind. */
export const STORAGE_COLUMNS: Record<string, Column[]> = {
  PersistentVolume: [
    { name: "Capacity", cell: ({ spec }) => spec?.capacity?.storage ?? "" },
    { name: "Access Modes", cell: ({ spec }) => modesText(spec?.accessModes) },
    { name: "Reclaim Policy", cell: ({ spec }) => spec?.persistentVolumeReclaimPolicy ?? "" },
    { name: "Status", cell: (volume) => phaseOf(volume) },
    {
      name: "Claim",
      cell: ({ spec }) => spec?.claimRef ? `${spec.claimRef.namespace}/${spec.claimRef.name}` : "",
    },
    { name: "StorageClass", cell: classOf },
    ATTRIBUTES_CLASS,
    { name: "Reason", cell: ({ status }) => status?.reason ?? "" },
    AGE,
    VOLUME_MODE,
  ],
  PersistentVolumeClaim: [
    { name: "Status", cell: phaseOf },
    { name: "Volume", cell: ({ spec }) => spec?.volumeName ?? "" },
    { name: "Capacity", cell: (claim) => isBound(claim) && claim.status?.capacity?.storage || "" },
    {
      name: "Access Modes",
      cell: (claim) => isBound(claim) ? modesText(claim.status?.accessModes) : "",
    },
    { name: "StorageClass", cell: classOf },
    ATTRIBUTES_CLASS,
    AGE,
    VOLUME_MODE,
  ],
  StorageClass: [
    { name: "Provisioner", cell: ({ provisioner }) => provisioner ?? "" },
    { name: "ReclaimPolicy", cell: ({ reclaimPolicy }) => reclaimPolicy ?? "Delete" },
    { name: "VolumeBindingMode", cell: (object) => object.volumeBindingMode ?? "Immediate" },
    {
      name: "AllowVolumeExpansion",
      cell: ({ allowVolumeExpansion }) => String(allowVolumeExpansion ?? false),
    },
    AGE,
  ],
};

function classOf({ metadata, spec }: JsonObject): string {
  const former = metadata?.annotations?.["volume.beta.kubernetes.io/storage-class"];
  return former ?? spec?.storageClassName ?? "";
}

function isBound({ spec }: JsonObject): boolean {
  return Boolean(spec?.volumeName);
}

function phaseOf({ metadata, status }: JsonObject): string {
  return metadata?.deletionTimestamp ? "Terminating" : status?.phase ?? "";
}

function modesText(modes: string[] | undefined): string {
  const known = new Set(modes ?? []);
  return Object.entries(SHORT_MODES).filter(([mode]) => known.has(mode))
    .map(([, short]) => short).join(",");
}
