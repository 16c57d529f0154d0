/**
 * The pods of a stateful set: their names, what they are made of, and which one a pod is.
 *
 * @module
 */
import {
  availableIn,
  controlledBy,
  type ControllerRevision,
  type Draft,
  isDeleting,
  type Labels,
  type Pod,
  type PodVolume,
  type StatefulSet,
} from "../objects/mod.ts";
import { claimName } from "./stateful_claims.ts";
import { REVISION_LABEL, templateOf } from "./controller_revisions.ts";

/** The label that holds a pod's name. */
const POD_NAME = "statefulset.kubernetes.io/pod-name";
/** The label that holds a pod's ordinal. */
const POD_INDEX = "apps.kubernetes.io/pod-index";

/** The name of the pod with an ordinal. */
export function podName(set: StatefulSet, ordinal: number): string {
  return `${set.metadata.name}-${ordinal}`;
}

/** The ordinal of a pod of the set; `undefined` if its name is none of the set's. */
export function ordinalOf(set: StatefulSet, { metadata: { name } }: Pod): number | undefined {
  const prefix = `${set.metadata.name}-`;
  const rest = name.startsWith(prefix) ? name.slice(prefix.length) : "";
  return /^(0|[1-9]\d*)$/.test(rest) ? Number(rest) : undefined;
}

/** The first ordinal and the one after the last. */
export function ordinalRange({ spec }: StatefulSet): { start: number; end: number } {
  const start = spec.ordinals?.start ?? 0;
  return { start, end: start + (spec.replicas ?? 1) };
}

/** The pod with an ordinal, made from a revision. */
export function statefulPod(
  set: StatefulSet,
  ordinal: number,
  revision: ControllerRevision,
): Draft & { readonly spec: unknown } {
  const template = templateOf(revision);
  const name = podName(set, ordinal);
  const { labels, annotations, finalizers } = template.metadata ?? {};
  const claims: PodVolume[] = (set.spec.volumeClaimTemplates ?? []).map((one) => ({
    name: one.metadata.name,
    persistentVolumeClaim: { claimName: claimName(set, one, ordinal) },
  }));
  const names = new Set(claims.map((volume) => volume.name));
  const others = (template.spec.volumes ?? []).filter((volume) => !names.has(volume.name));
  const volumes = [...claims, ...others];
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      generateName: `${set.metadata.name}-`,
      namespace: set.metadata.namespace,
      labels: {
        ...labels,
        ...identityLabels(set, ordinal),
        [REVISION_LABEL]: revision.metadata.name,
      },
      annotations,
      finalizers,
      ownerReferences: [controlledBy(set)],
    },
    spec: {
      ...template.spec,
      ...(volumes.length > 0 && { volumes }),
      hostname: name,
      subdomain: set.spec.serviceName,
    },
  };
}

/** The labels by which a pod's identity is told, whatever template it is of. */
export function identityLabels(set: StatefulSet, ordinal: number): Labels {
  return { [POD_NAME]: podName(set, ordinal), [POD_INDEX]: String(ordinal) };
}

/** The name of the revision that a pod is of. */
export function podRevision({ metadata: { labels } }: Pod): string | undefined {
  return labels?.[REVISION_LABEL];
}

/**
 * In how many ms the set may go on to the next pod: 0 when this one has been ready for long
 * enough, `undefined` when it is not ready or on its way out.
 */
export function settledIn(
  pod: Pod,
  { spec: { minReadySeconds = 0 } }: StatefulSet,
  now: number,
): number | undefined {
  if (isDeleting(pod) || pod.status?.phase !== "Running") return undefined;
  return availableIn(pod, minReadySeconds, now);
}
