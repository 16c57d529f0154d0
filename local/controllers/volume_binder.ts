/**
 * The volume controller: binds claims to volumes, asks provisioners for volumes that are not
 * there, tells when a volume's claim is gone, and keeps claims that pods use and volumes that are
 * bound from being removed.
 *
 * It makes and removes no volumes: that is for a provisioner, such as
 * `local_path_provisioner.ts`.
 *
 * @module
 */
import { isNotFound, type Reconciler } from "../../kube/mod.ts";
import {
  isDeleting,
  isTerminal,
  type Item,
  type Kind,
  type Note,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  sameJson,
  STORAGE_CLASSES,
  VOLUME_CLAIMS,
  VOLUMES,
} from "../objects/mod.ts";
import { type Again, type ControllerContext, keyOf, nameOf, reconcilerOf } from "./context.ts";
import { findVolume, isFor } from "./volume_matching.ts";
import {
  BIND_COMPLETED,
  BOUND_BY_CONTROLLER,
  CLAIM_PROTECTION,
  FORMER_PROVISIONER,
  PROVISIONER,
  SELECTED_NODE,
  VOLUME_PROTECTION,
  WAIT_FOR_CONSUMER,
} from "./volume_names.ts";

const SOURCE = "persistentvolume-controller";

/** The provisioner of classes whose volumes a person makes. */
const NO_PROVISIONER = "kubernetes.io/no-provisioner";

/** Keys of volumes; those of claims have a namespace and no such start. */
const VOLUME_KEY = "//";

/** Starts binding. */
export function volumeBinder(context: ControllerContext): Reconciler {
  const { client, pods } = context;
  const claims = context.informers.of(VOLUME_CLAIMS);
  const volumes = context.informers.of(VOLUMES);
  const classes = context.informers.of(STORAGE_CLASSES);
  const reconciler = reconcilerOf(context, { name: "volume", reconcile, workers: 1 });

  claims.onChange(({ type, object }) => {
    if (type !== "deleted") reconciler.enqueue(keyOf(object));
    else if (object.spec.volumeName) reconciler.enqueue(VOLUME_KEY + object.spec.volumeName);
  });
  volumes.onChange(({ object }) => {
    reconciler.enqueue(VOLUME_KEY + object.metadata.name);
    for (const claim of claims.values()) {
      const concerns = claim.spec.volumeName ? isFor(object, claim) : !isDeleting(claim);
      if (concerns) reconciler.enqueue(keyOf(claim));
    }
  });
  classes.onChange(({ object }) => {
    for (const claim of claims.values()) {
      if (claim.spec.storageClassName === object.metadata.name) reconciler.enqueue(keyOf(claim));
    }
  });
  pods.onChange(({ object }) => {
    for (const name of claimsOf(object)) reconciler.enqueue(`${object.metadata.namespace}/${name}`);
  });
  return reconciler;

  async function reconcile(key: string, signal: AbortSignal): Promise<Again> {
    if (key.startsWith(VOLUME_KEY)) {
      const volume = volumes.get(key.slice(VOLUME_KEY.length));
      if (volume) await reconcileVolume(volume, signal);
      return;
    }
    const claim = claims.get(key);
    if (!claim) return;
    if (isDeleting(claim)) {
      if (!isUsed(claim)) await release(VOLUME_CLAIMS, claim, CLAIM_PROTECTION, signal);
      return;
    }
    const wanted = claim.spec.volumeName;
    if (wanted) await bindTo(claim, volumes.get(wanted), signal);
    else await findOne(claim, signal);
  }

  async function findOne(claim: PersistentVolumeClaim, signal: AbortSignal): Promise<void> {
    const { storageClassName } = claim.spec;
    const storage = storageClassName ? classes.get(storageClassName) : undefined;
    const isDelayed = storage?.volumeBindingMode === WAIT_FOR_CONSUMER;
    const consumer = isDelayed ? firstConsumer(claim) : undefined;
    const waits = isDelayed && !consumer;
    const volume = findVolume(claim, volumes.values(), { onlySetAside: waits });
    if (volume) return await bind(claim, volume, signal);
    if (waits) {
      const message = "waiting for first consumer to be created before binding";
      return tell(claim, { type: "Normal", reason: "WaitForFirstConsumer", message });
    }
    if (!storage) {
      const message = storageClassName
        ? `storageclass.storage.k8s.io "${storageClassName}" not found`
        : "no persistent volumes available for this claim and no storage class is set";
      const [type, reason] = storageClassName
        ? ["Warning", "ProvisioningFailed"] as const
        : ["Normal", "FailedBinding"] as const;
      return tell(claim, { type, reason, message });
    }
    const { provisioner } = storage;
    if (provisioner === NO_PROVISIONER) return;
    const annotations = {
      [PROVISIONER]: provisioner,
      [FORMER_PROVISIONER]: provisioner,
      ...(consumer && { [SELECTED_NODE]: consumer.spec.nodeName }),
    };
    if (claim.metadata.annotations?.[PROVISIONER] === provisioner) return;
    await patch(VOLUME_CLAIMS, claim, { metadata: { annotations } }, signal);
    const message = `Waiting for a volume to be created by the external provisioner ` +
      `'${provisioner}'`;
    tell(claim, { type: "Normal", reason: "ExternalProvisioning", message });
  }

  /** First the volume, then the claim: a volume is never promised to two. */
  async function bind(
    claim: PersistentVolumeClaim,
    volume: PersistentVolume,
    signal: AbortSignal,
  ): Promise<void> {
    const taken = await take(claim, volume, signal);
    const annotations = { [BIND_COMPLETED]: "yes", [BOUND_BY_CONTROLLER]: "yes" };
    const changes = { metadata: { annotations }, spec: { volumeName: taken.metadata.name } };
    await finish(await patch(VOLUME_CLAIMS, claim, changes, signal), taken, signal);
  }

  /** A claim that names its volume. */
  async function bindTo(
    claim: PersistentVolumeClaim,
    volume: PersistentVolume | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const wasBound = claim.metadata.annotations?.[BIND_COMPLETED] !== undefined;
    if (volume && (isFor(volume, claim) || !volume.spec.claimRef)) {
      const taken = await take(claim, volume, signal);
      const annotations = { [BIND_COMPLETED]: "yes" };
      const bound = wasBound ? claim : await patch(VOLUME_CLAIMS, claim, {
        metadata: { annotations },
      }, signal);
      return await finish(bound, taken, signal);
    }
    if (!wasBound || claim.status?.phase === "Lost") return;
    if (!volume && await exists(VOLUMES, claim.spec.volumeName ?? "", signal)) return;
    await setStatus(VOLUME_CLAIMS, claim, { phase: "Lost" }, signal);
    const message = "Bound claim has lost its PersistentVolume. Data on the volume is lost!";
    tell(claim, { type: "Warning", reason: "ClaimLost", message });
  }

  /** Makes the volume the claim's. */
  async function take(
    claim: PersistentVolumeClaim,
    volume: PersistentVolume,
    signal: AbortSignal,
  ): Promise<PersistentVolume> {
    const { claimRef } = volume.spec;
    if (claimRef?.uid === claim.metadata.uid) return volume;
    const { namespace, name, uid, resourceVersion } = claim.metadata;
    const reference = { apiVersion: "v1", kind: claim.kind, namespace, name, uid, resourceVersion };
    return await patch(VOLUMES, volume, {
      // who set it aside is the one to free it
      ...(!claimRef && { metadata: { annotations: { [BOUND_BY_CONTROLLER]: "yes" } } }),
      spec: { claimRef: reference },
    }, signal);
  }

  /** Both say that they are bound. */
  async function finish(
    claim: PersistentVolumeClaim,
    volume: PersistentVolume,
    signal: AbortSignal,
  ): Promise<void> {
    await setStatus(VOLUMES, volume, { phase: "Bound" }, signal);
    const { accessModes, capacity } = volume.spec;
    await setStatus(VOLUME_CLAIMS, claim, { phase: "Bound", accessModes, capacity }, signal);
  }

  async function reconcileVolume(volume: PersistentVolume, signal: AbortSignal): Promise<void> {
    const { claimRef } = volume.spec;
    const { phase } = volume.status ?? {};
    if (isDeleting(volume)) {
      if (phase !== "Bound") await release(VOLUMES, volume, VOLUME_PROTECTION, signal);
      if (phase !== "Bound" || !claimRef?.uid) return;
    }
    if (!claimRef?.uid) return await setStatus(VOLUMES, volume, { phase: "Available" }, signal);
    const { namespace, name = "", uid } = claimRef;
    const claim = claims.get(`${namespace}/${name}`);
    if (claim?.metadata.uid === uid) return reconciler.enqueue(keyOf(claim));
    if (phase === "Released" || phase === "Failed") return;
    // the cache may not know the claim yet: only the server can say that it is gone
    if (await exists(VOLUME_CLAIMS, `${namespace}/${name}`, signal, uid)) return;
    await setStatus(VOLUMES, volume, { phase: "Released" }, signal);
  }

  async function exists(
    kind: Kind,
    key: string,
    signal: AbortSignal,
    uid?: string,
  ): Promise<boolean> {
    try {
      const { metadata } = await client.get(kind, nameOf(key), { signal });
      return uid === undefined || metadata.uid === uid;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  async function patch<T extends Item>(
    kind: Kind<T>,
    { metadata }: T,
    changes: { metadata?: object; spec?: object },
    signal: AbortSignal,
  ): Promise<T> {
    const { namespace, name, uid, resourceVersion } = metadata;
    const body = { ...changes, metadata: { ...changes.metadata, uid, resourceVersion } };
    const write = { verb: "patch", kind, target: { namespace, name }, patch: body } as const;
    return await client.write(write, { signal }) as T;
  }

  async function setStatus<T extends PersistentVolume | PersistentVolumeClaim>(
    kind: Kind<T>,
    item: T,
    changes: NonNullable<T["status"]>,
    signal: AbortSignal,
  ): Promise<void> {
    const status = { ...item.status, ...changes };
    if (sameJson(status, item.status)) return;
    const object = { ...item, status };
    await client.write({ verb: "update", kind, object, subresource: "status" }, { signal });
  }

  async function release<T extends Item>(
    kind: Kind<T>,
    item: T,
    finalizer: string,
    signal: AbortSignal,
  ): Promise<void> {
    const { finalizers = [] } = item.metadata;
    if (!finalizers.includes(finalizer)) return;
    const rest = finalizers.filter((one) => one !== finalizer);
    await patch(kind, item, { metadata: { finalizers: rest.length > 0 ? rest : null } }, signal);
  }

  function tell(about: Item, note: Pick<Note, "type" | "reason" | "message">): void {
    context.events.record({ about, source: SOURCE, ...note });
  }

  function* usersOf({ metadata }: PersistentVolumeClaim): Iterable<Pod> {
    for (const pod of pods.values()) {
      const isNear = pod.metadata.namespace === metadata.namespace && !isTerminal(pod);
      if (isNear && claimsOf(pod).includes(metadata.name)) yield pod;
    }
  }

  function isUsed(claim: PersistentVolumeClaim): boolean {
    for (const _ of usersOf(claim)) return true;
    return false;
  }

  /** A pod that uses the claim and has a node. */
  function firstConsumer(claim: PersistentVolumeClaim): Pod | undefined {
    for (const pod of usersOf(claim)) if (pod.spec.nodeName) return pod;
    return undefined;
  }
}

/** The names of the claims that a pod uses. */
function claimsOf({ spec }: Pod): string[] {
  return (spec.volumes ?? []).flatMap(({ persistentVolumeClaim: claim }) =>
    claim ? [claim.claimName] : []
  );
}
