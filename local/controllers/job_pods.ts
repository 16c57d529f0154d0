/**
 * The pods of a Job: how they are made, and what can be told of one.
 *
 * @module
 */
import {
  type Condition,
  conditionOf,
  type Container,
  controlledBy,
  type Draft,
  isDeleting,
  type Job,
  type Labels,
  type Pod,
} from "../objects/mod.ts";

/** Keeps a pod that has ended until it is counted. */
export const TRACKED = "batch.kubernetes.io/job-tracking";
const INDEX = "batch.kubernetes.io/job-completion-index";
const INDEX_FAILURES = "batch.kubernetes.io/job-index-failure-count";
const INDEX_VARIABLE = "JOB_COMPLETION_INDEX";

/** A generated name has 63 characters at most, the last 5 of them random. */
const NAME_PREFIX_LENGTH = 58;

/** Which of a Job's pods, when they are not all alike. */
export interface PodPlace {
  readonly index: number;
  /** How many pods of this index have failed, if that is counted by index. */
  readonly failures?: number;
}

/** The pod that a Job makes; the server completes its name. */
export function jobPod(job: Job, place?: PodPlace): Draft & { readonly spec: unknown } {
  const { metadata: { labels, annotations, finalizers = [] } = {}, spec } = job.spec.template;
  const { name, namespace } = job.metadata;
  const index = place && String(place.index);
  const own: Labels = index === undefined ? {} : { [INDEX]: index };
  const failures: Labels = place?.failures === undefined
    ? {}
    : { [INDEX_FAILURES]: String(place.failures) };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      generateName: index === undefined
        ? `${name}-`.slice(0, NAME_PREFIX_LENGTH)
        : `${name.slice(0, NAME_PREFIX_LENGTH - index.length - 2)}-${index}-`,
      namespace,
      labels: { ...labels, ...own },
      annotations: { ...annotations, ...own, ...failures },
      finalizers: [...finalizers, TRACKED],
      ownerReferences: [controlledBy(job)],
    },
    spec: index === undefined ? spec : {
      ...spec,
      hostname: `${name}-${index}`,
      ...(spec.initContainers && { initContainers: spec.initContainers.map(withIndex) }),
      containers: spec.containers.map(withIndex),
    },
  };
}

function withIndex(container: Container): Container {
  const { env = [] } = container;
  if (env.some((variable) => variable.name === INDEX_VARIABLE)) return container;
  const fieldRef = { fieldPath: `metadata.labels['${INDEX}']` };
  const variable = { name: INDEX_VARIABLE, valueFrom: { fieldRef } };
  return { ...container, env: [...env, variable] };
}

/** The pod's completion index, if it has one. */
export function indexOf(pod: Pod): number | undefined {
  return wholeNumber(pod.metadata.annotations?.[INDEX]);
}

/** How many pods of its index had failed when the pod was made. */
export function failuresBefore(pod: Pod): number {
  return wholeNumber(pod.metadata.annotations?.[INDEX_FAILURES]) ?? 0;
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** Whether the pod still waits to be counted. */
export function isTracked({ metadata }: Pod): boolean {
  return metadata.finalizers?.includes(TRACKED) ?? false;
}

/**
 * Whether the pod counts as failed. One that is being deleted does, as its node may never tell how
 * it ends, unless the Job wants replacements only for pods that have ended.
 */
export function isFailed(pod: Pod, job: Job): boolean {
  const phase = pod.status?.phase;
  if (phase === "Failed") return true;
  return isDeleting(pod) && phase !== "Succeeded" && job.spec.podReplacementPolicy !== "Failed";
}

/** When the pod ended, in ms since 1970, as well as it is known. */
export function endOf(pod: Pod): number {
  const { containerStatuses = [], conditions } = pod.status ?? {};
  const ends = containerStatuses
    .map(({ state }) => timeOf(state?.terminated?.finishedAt))
    .filter((time) => !Number.isNaN(time));
  if (ends.length > 0) return Math.max(...ends);
  const grace = (pod.metadata.deletionGracePeriodSeconds ?? 0) * 1000;
  if (isDeleting(pod)) return timeOf(pod.metadata.deletionTimestamp) - grace;
  return timeOf(readyChange(conditions) ?? pod.metadata.creationTimestamp);
}

function readyChange(conditions: readonly Condition[] | undefined): string | undefined {
  return conditionOf(conditions, "Ready")?.lastTransitionTime;
}

function timeOf(text: string | undefined): number {
  return text === undefined ? NaN : Date.parse(text);
}

/** The finalizers of a pod that has been counted. */
export function untracked({ metadata }: Pod): readonly string[] {
  return (metadata.finalizers ?? []).filter((name) => name !== TRACKED);
}
