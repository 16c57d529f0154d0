import type {
  PersistentVolumeClaim,
  Volume,
  VolumeMount,
} from "@cloudydeno/kubernetes-apis/core/v1";
import type { CheckedRunParams } from "../run_params.ts";
import { disksByName, type VolumeParams } from "./params/disks.ts";
import { canonicalQuantity } from "./quantity.ts";

/** The volumes of a worker beside its own; its disks are claimed by template. */
export function volumesOf({ volumes = {} }: CheckedRunParams): Volume[] {
  return Object.entries(volumes).map(([name, volume]) => ({ name, ...sourceOf(volume) }));
}

function sourceOf({ emptyDir, configMap, secret, optional }: VolumeParams): Partial<Volume> {
  if (configMap !== undefined) return { configMap: { name: configMap, optional } };
  if (secret !== undefined) return { secret: { secretName: secret, optional } };
  const { size, memory } = typeof emptyDir === "object" ? emptyDir : {};
  return {
    emptyDir: {
      ...(memory && { medium: "Memory" }),
      ...(size !== undefined && { sizeLimit: canonicalQuantity(size) }),
    },
  };
}

/** Where a worker finds its disks and volumes. */
export function mountsOf(params: CheckedRunParams): VolumeMount[] {
  return [
    ...Object.entries(disksByName(params.storage)).map(([name, { path }]) => ({
      name,
      mountPath: path,
    })),
    ...Object.entries(params.volumes ?? {}).map(([name, { path, emptyDir }]) => ({
      name,
      mountPath: path,
      ...(emptyDir === undefined && { readOnly: true }),
    })),
  ];
}

/** The templates of a worker's disks. */
export function claimsOf(
  params: CheckedRunParams,
  labels: Record<string, string>,
): PersistentVolumeClaim[] {
  return Object.entries(disksByName(params.storage)).map(([name, disk]) => ({
    metadata: { name, labels: { ...labels } },
    spec: {
      accessModes: [disk.access ?? "ReadWriteOnce"],
      ...(disk.class !== undefined && { storageClassName: disk.class }),
      resources: { requests: { storage: canonicalQuantity(disk.size) } },
    },
  }));
}
