/**
 * A pod's volumes as folders: `<pod's folder>/volumes/<name>/`.
 *
 * A process has no mount namespace, so `mountPath` cannot be honored: a container finds a volume
 * by the environment variable `TROUPE_VOLUME_<NAME>`. emptyDir, configMap, secret, downwardAPI
 * and projected volumes are made when the pod starts and not updated later. Of a hostPath volume,
 * and of a claim to a volume that is a directory of this machine, the variable names that
 * directory itself, which stays when the pod goes: the next pod with the same claim, such as the
 * next one of a stateful set's ordinal, finds there what this one wrote. `readOnly` and `subPath`
 * are not honored. Of any other kind the folder stays empty.
 */
import type {
  DownwardAPIVolumeFile,
  KeyToPath,
  Pod,
  Volume,
} from "@cloudydeno/kubernetes-apis/core/v1";
import type { ClaimSource } from "./claim_source.ts";
import { type ConfigRef, type ConfigSource, readConfig } from "./config_source.ts";
import { fieldValue, type PodPlace } from "./downward.ts";

/** What volumes are filled from. */
export interface VolumeContext {
  readonly pod: Pod;
  readonly place: PodPlace;
  readonly source: ConfigSource;
  readonly claims: ClaimSource;
  /** The pod's folder. */
  readonly dir: string;
}

/**
 * Makes the folders of all volumes; returns the variables that name them.
 *
 * Rejects with `BlockedError` when a ConfigMap or Secret is missing that is not optional, and
 * while a claim is not bound.
 */
export async function makeVolumes(context: VolumeContext): Promise<Record<string, string>> {
  const env: Record<string, string> = {};
  for (const volume of context.pod.spec?.volumes ?? []) {
    const outside = volume.hostPath?.path ?? await claimed(volume, context);
    const path = outside ?? `${context.dir}/volumes/${volume.name}`;
    env[`TROUPE_VOLUME_${volume.name.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_")}`] = path;
    if (outside !== undefined) continue;
    await Deno.mkdir(path, { recursive: true });
    for (const [file, bytes] of await volumeFiles(volume, context)) {
      await writeInside(path, file, bytes);
    }
  }
  return env;
}

/** The directory that a claim stands for; it is made if it is not there. */
async function claimed(
  { persistentVolumeClaim: claim }: Volume,
  { pod, claims }: VolumeContext,
): Promise<string | undefined> {
  if (!claim) return undefined;
  const namespace = pod.metadata?.namespace ?? "default";
  const path = await claims.directory({ namespace, name: claim.claimName });
  await Deno.mkdir(path, { recursive: true, mode: 0o700 });
  return path;
}

type Files = Map<string, Uint8Array>;

async function volumeFiles(volume: Volume, context: VolumeContext): Promise<Files> {
  const namespace = context.pod.metadata?.namespace ?? "default";
  const { configMap, secret, downwardAPI, projected } = volume;
  if (configMap) {
    const ref: ConfigRef = { kind: "ConfigMap", namespace, name: configMap.name ?? "" };
    return await configFiles(ref, configMap, context);
  }
  if (secret) {
    const ref: ConfigRef = { kind: "Secret", namespace, name: secret.secretName ?? "" };
    return await configFiles(ref, secret, context);
  }
  if (downwardAPI) return downwardFiles(downwardAPI.items, context);
  const files: Files = new Map();
  for (const source of projected?.sources ?? []) {
    const ref = source.configMap ?? source.secret;
    const kind = source.configMap ? "ConfigMap" : "Secret";
    const part = ref
      ? await configFiles({ kind, namespace, name: ref.name ?? "" }, ref, context)
      : downwardFiles(source.downwardAPI?.items, context);
    for (const [file, bytes] of part) files.set(file, bytes);
  }
  return files;
}

async function configFiles(
  ref: ConfigRef,
  options: { items?: KeyToPath[] | null; optional?: boolean | null },
  { source }: VolumeContext,
): Promise<Files> {
  const data = await readConfig(source, ref, options);
  if (!options.items?.length) return new Map(data);
  const files: Files = new Map();
  for (const { key, path } of options.items) {
    const bytes = data.get(key);
    if (bytes !== undefined) files.set(path, bytes);
  }
  return files;
}

function downwardFiles(
  items: DownwardAPIVolumeFile[] | null | undefined,
  { pod, place }: VolumeContext,
): Files {
  const files: Files = new Map();
  for (const { path, fieldRef } of items ?? []) {
    if (fieldRef) files.set(path, new TextEncoder().encode(fieldValue(fieldRef, pod, place)));
  }
  return files;
}

/** Writes a file below `dir`; a path that would leave it is refused. */
async function writeInside(dir: string, file: string, bytes: Uint8Array): Promise<void> {
  const parts = file.split("/");
  if (file.startsWith("/") || parts.includes("..")) {
    throw new TypeError(`Cannot write volume file "${file}": the path leaves the volume`);
  }
  const parent = [dir, ...parts.slice(0, -1)].join("/");
  await Deno.mkdir(parent, { recursive: true });
  await Deno.writeFile(`${dir}/${file}`, bytes, { mode: 0o600 });
}
