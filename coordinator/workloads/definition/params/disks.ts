import { z } from "zod";
import { dnsLabel, dnsName, variant } from "../../../../runtime/mod.ts";
import { type Amount, bytes } from "./resources.ts";
import { flag, path } from "./schemas.ts";

/** A disk that each worker has for itself, and finds again after a restart. */
export interface StorageParams {
  /** How large, such as `"1Gi"`, or a number of bytes. */
  size: Amount;
  /** Where the worker finds it. */
  path: string;
  /** Name of the StorageClass. @default the cluster's default class */
  class?: string;
  /** Who may mount it at the same time. @default "ReadWriteOnce" */
  access?: "ReadWriteOnce" | "ReadOnlyMany" | "ReadWriteMany" | "ReadWriteOncePod";
}

/** Files that a worker finds beside its image's: exactly one of `emptyDir`, `configMap`, `secret`. */
export interface VolumeParams {
  /** Where the worker finds them. */
  path: string;
  /** A directory that is empty at the pod's start and lost at its end. */
  emptyDir?: true | {
    /** How large it may become. @default what the node has */
    size?: Amount;
    /** Whether it is kept in memory. @default false */
    memory?: boolean;
  };
  /** Name of a ConfigMap whose keys are files. */
  configMap?: string;
  /** Name of a Secret whose keys are files. */
  secret?: string;
  /** Whether the worker starts if there is no such ConfigMap or Secret. @default false */
  optional?: boolean;
}

/** Name of the only disk, if it is given without one. */
const ONLY_DISK = "data";

/** Longest name of a volume: a disk's claim adds the pod's name to it. */
const volumeName = dnsLabel(63);

const disk: z.ZodType<StorageParams> = z.strictObject({
  size: bytes,
  path,
  class: dnsName.optional(),
  access: z.enum(["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"])
    .describe('"ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany" or "ReadWriteOncePod"').optional(),
}).describe("{ size, path, class?, access? }");

/** One disk and not several by name: a disk's fields are no objects. */
export function isOneDisk(
  given: StorageParams | Record<string, StorageParams>,
): given is StorageParams {
  const values = Object.values(given);
  return values.length === 0 || values.some((value) => typeof value !== "object");
}

/** Several disks by name, also if only one was given. */
export function disksByName(
  storage: StorageParams | Record<string, StorageParams> | undefined,
): Record<string, StorageParams> {
  if (storage === undefined) return {};
  return isOneDisk(storage) ? { [ONLY_DISK]: storage } : storage;
}

/** A schema for a disk, or several by name. */
export const storage: z.ZodType<StorageParams | Record<string, StorageParams>> = variant<
  StorageParams | Record<string, StorageParams>
>((input) =>
  typeof input !== "object" || input === null || isOneDisk(input as StorageParams)
    ? disk
    : z.record(volumeName, disk)
);

const emptyDir = variant<Exclude<VolumeParams["emptyDir"], undefined>>((input) =>
  typeof input === "object"
    ? z.strictObject({ size: bytes.optional(), memory: flag.optional() })
    : z.literal(true).describe("true or { size?, memory? }")
);

const volume: z.ZodType<VolumeParams> = z.strictObject({
  path,
  emptyDir: emptyDir.optional(),
  configMap: dnsName.optional(),
  secret: dnsName.optional(),
  optional: flag.optional(),
}).refine(
  ({ emptyDir, configMap, secret }) =>
    [emptyDir, configMap, secret].filter((source) => source !== undefined).length === 1,
  'an object with exactly one of "emptyDir", "configMap" and "secret"',
).describe("{ path } with one of emptyDir, configMap, secret");

/** A schema for volumes by name. */
export const volumes: z.ZodType<Record<string, VolumeParams>> = z.record(volumeName, volume)
  .describe("an object of { path } with one of emptyDir, configMap, secret, by name");
