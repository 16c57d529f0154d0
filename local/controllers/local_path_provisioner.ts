/**
 * A provisioner of volumes that are directories of this machine: it makes one for each claim of
 * its class and removes it when the claim is gone.
 *
 * Flow: whoever binds claims (our volume controller, or a kube-controller-manager) writes on a
 * claim that this provisioner is to make a volume; the provisioner makes the directory, then the
 * volume with the claim's name in it; the binder binds both. When the claim is deleted the binder
 * says that the volume is released; with the policy `Delete` the provisioner removes directory
 * and volume. It removes nothing but directories that it has made: direct children of its own
 * directory, named as their volume.
 *
 * All nodes of a local cluster share the machine's file system, so a volume suits every node.
 * How much is written to it is not limited.
 *
 * @module
 */
import type { RestClient } from "@cloudydeno/kubernetes-client";
import { isAlreadyExists, isConflict, isNotFound, Reconciler } from "../../kube/mod.ts";
import {
  type Draft,
  EventRecorder,
  Informers,
  isDeleting,
  ObjectClient,
  type PersistentVolume,
  type PersistentVolumeClaim,
  STORAGE_CLASSES,
  type StorageClass,
  VOLUME_CLAIMS,
  VOLUMES,
} from "../objects/mod.ts";
import {
  FORMER_PROVISIONER,
  PROVISIONED_BY,
  PROVISIONER,
  SELECTED_NODE,
  WAIT_FOR_CONSUMER,
} from "./volume_names.ts";

/** The provisioner's name, for storage classes. */
export const LOCAL_PATH = "troupe.dev/local-path";

/** The storage class that is made at the start and is the default one. */
export const LOCAL_CLASS = "local";

/** Keys of volumes; those of claims have a namespace and no such start. */
const VOLUME_KEY = "//";

/** Options of {@linkcode startLocalPathProvisioner}. */
export interface LocalPathProvisionerOptions {
  /** The directory that holds the volumes; an absolute path. */
  dir: string;
  /** Gives up starting. */
  signal?: AbortSignal;
  /** Hears what fails; it is tried again. @default nobody */
  onError?: (key: string, error: unknown) => void;
}

/**
 * Starts providing volumes: makes the default storage class `local` unless it is there, and
 * resolves when the present claims are known.
 *
 * @throws What `signal` was aborted with, or what the API server refuses.
 */
export async function startLocalPathProvisioner(
  rest: RestClient,
  options: LocalPathProvisionerOptions,
): Promise<AsyncDisposable> {
  const { dir, signal, onError = () => {} } = options;
  await using stack = new AsyncDisposableStack();
  await Deno.mkdir(dir, { recursive: true });
  const client = new ObjectClient(rest);
  const informers = stack.use(
    new Informers(rest, { onError: (kind, error) => onError(`watch of ${kind.plural}`, error) }),
  );
  const events = new EventRecorder(client, LOCAL_PATH);
  stack.defer(() => events.close());
  const claims = informers.of(VOLUME_CLAIMS);
  const volumes = informers.of(VOLUMES);
  const classes = informers.of(STORAGE_CLASSES);
  const synced = Promise.withResolvers<void>();
  const reconciler = stack.use(
    new Reconciler(async (key, signal) => {
      await synced.promise;
      if (key.startsWith(VOLUME_KEY)) await reclaim(key.slice(VOLUME_KEY.length), signal);
      else await provide(key, signal);
    }, {
      name: "local path provisioner",
      onError(key, error) {
        // a lagging cache is no failure: the next pass knows better
        if (!isConflict(error) && !isNotFound(error)) onError(key, error);
      },
    }),
  );
  claims.onChange(({ type, object: { metadata: { namespace, name } } }) => {
    if (type !== "deleted") reconciler.enqueue(`${namespace}/${name}`);
  });
  volumes.onChange(({ type, object: { metadata: { name } } }) => {
    if (type !== "deleted") reconciler.enqueue(VOLUME_KEY + name);
  });
  classes.onChange(({ object: { metadata: { name } } }) => {
    for (const { spec, metadata } of claims.values()) {
      if (spec.storageClassName !== name) continue;
      reconciler.enqueue(`${metadata.namespace}/${metadata.name}`);
    }
  });
  await makeClass(client, signal);
  try {
    await informers.start(signal);
    synced.resolve();
  } catch (error) {
    synced.promise.catch(() => {});
    synced.reject(error);
    throw error;
  }
  return stack.move();

  async function provide(key: string, signal: AbortSignal): Promise<void> {
    const claim = claims.get(key);
    if (!claim || isDeleting(claim) || claim.spec.volumeName || !isOurs(claim)) return;
    const storage = classes.get(claim.spec.storageClassName ?? "");
    if (storage?.provisioner !== LOCAL_PATH) return;
    const waits = storage.volumeBindingMode === WAIT_FOR_CONSUMER;
    if (waits && claim.metadata.annotations?.[SELECTED_NODE] === undefined) return;
    const why = whyNot(claim);
    if (why) {
      events.record({ about: claim, type: "Warning", reason: "ProvisioningFailed", message: why });
      return;
    }
    const object = volumeFor(claim, storage, dir);
    const { name } = object.metadata;
    if (volumes.get(name)) return;
    await Deno.mkdir(`${dir}/${name}`, { recursive: true, mode: 0o700 });
    try {
      await client.write({ verb: "create", kind: VOLUMES, object }, { signal });
    } catch (error) {
      if (isAlreadyExists(error)) return;
      throw error;
    }
    const message = `Successfully provisioned volume ${name}`;
    events.record({ about: claim, type: "Normal", reason: "ProvisioningSucceeded", message });
  }

  async function reclaim(name: string, signal: AbortSignal): Promise<void> {
    const volume = volumes.get(name);
    if (!volume || !mayRemove(volume, dir)) return;
    await Deno.remove(`${dir}/${name}`, { recursive: true }).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
    if (isDeleting(volume)) return;
    const options = { uid: volume.metadata.uid };
    await client.write({ verb: "delete", kind: VOLUMES, target: { name }, options }, { signal });
  }
}

/** Whether a volume's directory is to go: released, made here, and where we would have made it. */
export function mayRemove({ metadata, spec, status }: PersistentVolume, dir: string): boolean {
  return status?.phase === "Released" && spec.persistentVolumeReclaimPolicy === "Delete" &&
    metadata.annotations?.[PROVISIONED_BY] === LOCAL_PATH &&
    spec.hostPath?.path === `${dir}/${metadata.name}`;
}

function isOurs({ metadata: { annotations = {} } }: PersistentVolumeClaim): boolean {
  return annotations[PROVISIONER] === LOCAL_PATH || annotations[FORMER_PROVISIONER] === LOCAL_PATH;
}

function whyNot({ spec }: PersistentVolumeClaim): string | undefined {
  if (spec.selector) return "claim.spec.selector is not supported by this provisioner";
  if (spec.volumeMode === "Block") return "volumes are directories: there are no block devices";
  return undefined;
}

function volumeFor(
  claim: PersistentVolumeClaim,
  storage: StorageClass,
  dir: string,
): Draft & { readonly metadata: { readonly name: string } } {
  const { namespace, name: claimName, uid, resourceVersion } = claim.metadata;
  const name = `pvc-${uid}`;
  const volume = {
    apiVersion: VOLUMES.apiVersion,
    kind: VOLUMES.kind,
    metadata: { name, annotations: { [PROVISIONED_BY]: LOCAL_PATH } },
    spec: {
      accessModes: claim.spec.accessModes,
      capacity: { storage: claim.spec.resources?.requests?.storage },
      claimRef: {
        apiVersion: "v1",
        kind: claim.kind,
        namespace,
        name: claimName,
        uid,
        resourceVersion,
      },
      hostPath: { path: `${dir}/${name}`, type: "DirectoryOrCreate" },
      persistentVolumeReclaimPolicy: storage.reclaimPolicy ?? "Delete",
      storageClassName: storage.metadata.name,
      volumeMode: "Filesystem",
    },
  };
  return volume;
}

async function makeClass(client: ObjectClient, signal: AbortSignal | undefined): Promise<void> {
  const object = {
    apiVersion: STORAGE_CLASSES.apiVersion,
    kind: STORAGE_CLASSES.kind,
    metadata: {
      name: LOCAL_CLASS,
      annotations: { "storageclass.kubernetes.io/is-default-class": "true" },
    },
    provisioner: LOCAL_PATH,
    reclaimPolicy: "Delete",
    volumeBindingMode: "Immediate",
  };
  try {
    await client.write({ verb: "create", kind: STORAGE_CLASSES, object }, { signal });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}
