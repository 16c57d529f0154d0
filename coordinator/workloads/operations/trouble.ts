/**
 * What keeps a rollout from its end, and will not pass by itself.
 *
 * Pure functions of what is seen. Only pods of what was last applied count: that workers of before
 * fail is often the reason for the rollout. What may still heal (a registry that is slow, a node that
 * is about to come) counts only when it lasts.
 *
 * @module
 */
import type { PodState } from "../../events/events.ts";
import { headState } from "../../events/head_state.ts";
import { containerStatuses } from "../../events/pod_failure.ts";
import type { Head } from "../../heads.ts";
import { isHeldUp } from "./paused.ts";
import { isOfTemplate } from "./template.ts";

/** Why a rollout does not get on. */
export interface Trouble {
  /** In one word; see `RolloutError`. */
  readonly reason: string;
  /** As the rest of a sentence about the workload. */
  readonly why: string;
  /** The pods that show it. */
  readonly pods: readonly PodState[];
  /** Milliseconds for which it must last to be believed. */
  readonly patience: number;
  /** Whether nothing can come of it any more, however long one waits. */
  readonly final?: boolean;
  /** Whether it is only guessed: events about the head must confirm it. */
  readonly guessed?: boolean;
}

/** Crashes of one container that are taken for a loop; Kubernetes takes some 10 s for three. */
export const CRASHES = 3;

/** How long an image must be missing after the first refusal: a registry may be out of breath. */
export const IMAGE_PATIENCE = 3_000;

/** How long what others may mend must last: no room, a missing Secret, a quota; in milliseconds. */
export const PATIENCE = 10_000;

/** The first word in Kubernetes' reasons that says that an image can never be had. */
const HOPELESS_IMAGES = ["InvalidImageName", "ErrImageNeverPull"];

/** The most telling trouble, if there is any. */
export function findTrouble(head: Head, pods: readonly PodState[]): Trouble | undefined {
  const present = pods.filter((pod) =>
    !pod.ready && !pod.terminating && isOfTemplate(pod.source, head)
  );
  const cause = failedJob(head, pods) ?? crashLoop(head, present) ?? image(present) ??
    badConfig(present) ?? unschedulable(present) ?? refused(head);
  return tooSlow(head, cause) ?? cause ?? paused(head) ?? missing(head, pods);
}

function failedJob(head: Head, pods: readonly PodState[]): Trouble | undefined {
  if (head.kind !== "Job") return undefined;
  const failed = head.status?.conditions?.find((c) => c.type === "Failed" && c.status === "True");
  if (failed === undefined) return undefined;
  const reason = failed.reason || "JobFailed";
  const culprits = pods.filter(({ phase, exitCode }) => phase === "Failed" || Boolean(exitCode));
  const why = `it failed with ${reason}${failed.message ? `: ${failed.message}` : ""}`;
  return { reason, why: why + endOf(culprits[0]), pods: culprits, patience: 0, final: true };
}

function endOf(pod: PodState | undefined): string {
  if (pod?.exitCode === undefined) return "";
  return `; pod "${pod.name}" ended with ${howEnded(pod)}`;
}

function howEnded({ exitCode, signal }: PodState): string {
  return signal === undefined ? `exit code ${exitCode}` : `signal ${signal}`;
}

function crashLoop(head: Head, pods: readonly PodState[]): Trouble | undefined {
  if (head.kind === "Job") return undefined; // it counts itself how often it tries
  const crashing = pods.filter((pod) =>
    containerStatuses(pod.source).some(({ state, restartCount }) =>
      restartCount + 1 >= CRASHES && state?.running == null
    )
  );
  const [first] = crashing;
  if (first === undefined) return undefined;
  const reason = isOutOfMemory(first) ? "OOMKilled" : "CrashLoopBackOff";
  const how = reason === "OOMKilled" ? "is killed for its memory" : "crashes";
  const last = first.exitCode === undefined ? "" : `, the last time with ${howEnded(first)}`;
  return {
    reason,
    why: `pod "${first.name}" ${how} again and again${last}`,
    pods: crashing,
    patience: 0,
  };
}

function isOutOfMemory({ source }: PodState): boolean {
  return containerStatuses(source).some(({ state, lastState }) =>
    (state?.terminated ?? lastState?.terminated)?.reason === "OOMKilled"
  );
}

function image(pods: readonly PodState[]): Trouble | undefined {
  const waiting = pods.filter(({ failure }) => failure === "ImagePullBackOff");
  const [first] = waiting;
  if (first === undefined) return undefined;
  const images = first.source.spec?.containers.map(({ image }) => `"${image}"`).join(", ");
  const hopeless = HOPELESS_IMAGES.includes(first.reason ?? "");
  return {
    reason: "ImagePullBackOff",
    why: `pod "${first.name}" cannot get its image ${images}${because(first)}`,
    pods: waiting,
    patience: hopeless ? 0 : IMAGE_PATIENCE,
  };
}

function because({ reason, message }: PodState): string {
  return `: ${[reason, message].filter(Boolean).join(", ")}`;
}

function badConfig(pods: readonly PodState[]): Trouble | undefined {
  const waiting = pods.filter(({ failure }) => failure === "ConfigError");
  const [first] = waiting;
  if (first === undefined) return undefined;
  const why = `pod "${first.name}" cannot be started${because(first)}`;
  return { reason: "ConfigError", why, pods: waiting, patience: PATIENCE };
}

function unschedulable(pods: readonly PodState[]): Trouble | undefined {
  const waiting = pods.filter(({ node, source }) =>
    node === undefined &&
    source.status?.conditions?.some((c) =>
      c.type === "PodScheduled" && c.status === "False" && c.reason === "Unschedulable"
    )
  );
  const [first] = waiting;
  if (first === undefined) return undefined;
  const why = `pod "${first.name}" fits on no node${first.message ? `: ${first.message}` : ""}`;
  return { reason: "Unschedulable", why, pods: waiting, patience: PATIENCE };
}

/** Only a Deployment says itself that its pods are refused. */
function refused(head: Head): Trouble | undefined {
  if (head.kind !== "Deployment") return undefined;
  const failure = head.status?.conditions?.find((c) =>
    c.type === "ReplicaFailure" && c.status === "True"
  );
  if (failure === undefined) return undefined;
  return refusal(failure.message ?? failure.reason ?? "");
}

/** Pods cannot be created, for the reason that a message tells. */
export function refusal(message: string): Trouble {
  const reason = /exceeded quota/i.test(message)
    ? "QuotaExceeded"
    : /forbidden/i.test(message)
    ? "Forbidden"
    : "FailedCreate";
  const why = `its pods cannot be created${message ? `: ${message.trim()}` : ""}`;
  return { reason, why, pods: [], patience: PATIENCE };
}

function tooSlow(head: Head, cause: Trouble | undefined): Trouble | undefined {
  const { reason, message } = headState(head);
  if (reason !== "ProgressDeadlineExceeded") return undefined;
  const why = cause?.why ?? message;
  return {
    reason,
    why: `it did not get on within its deadline${why ? `: ${why}` : ""}`,
    pods: cause?.pods ?? [],
    patience: 0,
  };
}

function paused(head: Head): Trouble | undefined {
  if (!isHeldUp(head)) return undefined;
  return { reason: "Paused", why: "it is paused until resume() is called", pods: [], patience: 0 };
}

/** Other kinds than a Deployment tell only by events why pods are missing. */
function missing(head: Head, pods: readonly PodState[]): Trouble | undefined {
  if (head.kind === "Deployment" || head.kind === "CronJob") return undefined;
  const there = pods.filter(({ terminating }) => !terminating).length;
  if (there >= headState(head).replicas) return undefined;
  return { ...refusal(""), guessed: true };
}
