/**
 * What follows when workers fail: a pure step from what is remembered and what is seen.
 *
 * The manner is that of Erlang/OTP (`stdlib`, module `supervisor`): strategies, and an intensity of
 * `maxRestarts` failures that are borne `within` a sliding window, its ends included. On Kubernetes the
 * kubelet restarts the worker that failed by itself, so what is decided here is what happens to others
 * (`oneForAll`, `restForOne`), and when to do something else than to go on.
 *
 * A step decides, and marks what it decided as pending in the state; `settle` marks it as done. The
 * actions that it returns are all that is pending and due, so after a crash in between a later step,
 * of another leader, returns them again.
 *
 * @module
 */
import type { Action } from "./actions.ts";
import { decide, note } from "./decide.ts";
import type { Observation, WorkerView, WorkloadView } from "./observation.ts";
import { draftOf, freshMemory, type GroupState, type Memory } from "./state.ts";

/**
 * Milliseconds without failure after which a pod's crashes count anew: as long as the kubelet's
 * `MaxContainerBackOff` of 5 minutes twice, after which it too forgets them.
 */
export const CALM_POD = 600_000;

/** How many pods a restart deletes at once: as many as a record can name. */
export const MAX_VICTIMS = 1_000;

/** How many quarantined pods of a workload are kept for inspection. */
const KEPT = 3;

/** What a step leads to. */
export interface Supervision {
  readonly state: GroupState;
  readonly actions: readonly Action[];
  /** Milliseconds after which to look again, also if nothing is heard. */
  readonly after: number | undefined;
}

/** A moment: of the monotonic clock in milliseconds, and as a text for people. */
export interface Moment {
  readonly now: number;
  readonly time: string;
}

/** See the module's text. Workloads that are not observed are forgotten. */
export function supervise(state: GroupState, seen: Observation, moment: Moment): Supervision {
  const before = draftOf(state);
  const draft = new Map(seen.map(({ name }) => [name, before.get(name) ?? freshMemory()]));
  for (const workload of seen) {
    const memory = draft.get(workload.name)!;
    if (!before.has(workload.name)) {
      learn(memory, workload);
      continue;
    }
    resume(memory, workload);
    calmDown(memory, workload, moment.now);
    noteLost(memory, workload, moment.now);
  }
  const holders = seen.map((workload) => ({ workload, memory: draft.get(workload.name)! }));
  const failed = holders.flatMap(({ workload, memory }) =>
    workload.pods.map((pod) => ({ workload, pod, failures: hear(memory, pod, moment) }))
      .filter(({ failures }) => failures > 0)
  );
  const restarted = new Set(failed.map(({ pod }) => pod.uid)); // by the kubelet
  const cases = failed.map((one) => ({ ...one, draft, seen, restarted, moment }));
  cases.forEach(note);
  cases.forEach(decide);
  for (const { memory } of holders) {
    keepFew(memory);
    dropStops(memory, draft);
  }
  const actions = holders.flatMap(({ workload, memory }) => pending(workload, memory, moment.now));
  const times = holders.flatMap(({ workload, memory }) => deadlines(workload, memory));
  const next = Math.min(...times.filter((time) => time > moment.now));
  const after = Number.isFinite(next) ? next - moment.now : undefined;
  return { state: draft, actions, after };
}

/** Takes what has happened to a workload before it was supervised as it is. */
function learn(memory: Memory, { pods }: WorkloadView): void {
  for (const { uid, ends, disrupted } of pods) {
    if (ends > 0) memory.pods.set(uid, { ends, streak: 0, last: -Infinity, disrupted });
  }
}

/** Somebody has given workers to a workload that was stopped: it begins anew. */
function resume(memory: Memory, workload: WorkloadView): void {
  if (memory.stopped === undefined || (workload.replicas ?? 0) === 0) return;
  const { pods, disruptions, quarantined } = memory;
  for (const pod of pods.values()) pod.streak = 0;
  Object.assign(memory, freshMemory(), { pods, disruptions, quarantined });
}

/** When a workload is calm again if nothing more happens. */
function calmFrom({ failures, restarted, restart }: Memory, within: number): number {
  if (restart !== undefined) return Infinity;
  return Math.max(failures.at(-1)?.at ?? -Infinity, restarted ?? -Infinity) + within;
}

/** When the crashes in a row of all its pods count no more. */
function streaksEnd({ pods }: Memory): number {
  const lasts = [...pods.values()].filter(({ streak }) => streak > 0).map(({ last }) => last);
  return lasts.length === 0 ? -Infinity : Math.max(...lasts) + CALM_POD;
}

/** Forgets what is over, all at once: each time is a write to the head. */
function calmDown(memory: Memory, { policy, pods }: WorkloadView, now: number): void {
  const { escalation } = memory;
  if (escalation?.told && now - escalation.at > policy.within) {
    memory.escalation = undefined;
    memory.failures = [];
  }
  const isUneasy = memory.failures.length > 0 || memory.waits > 0 || memory.restarted !== undefined;
  if (isUneasy && now > calmFrom(memory, policy.within)) {
    memory.failures = [];
    memory.waits = 0;
    memory.restarted = undefined;
    forgetGone(memory, pods, now - policy.within);
  }
  if (now > streaksEnd(memory)) {
    for (const pod of memory.pods.values()) pod.streak = 0;
  }
}

/** Forgets pods that are no more and have not failed since. */
function forgetGone(memory: Memory, pods: readonly WorkerView[], since: number): void {
  const present = new Set(pods.map(({ uid }) => uid));
  for (const [uid, { last }] of memory.pods) {
    if (!present.has(uid) && last < since) memory.pods.delete(uid);
  }
}

/** Notes what a pod has gone through; tells how many new failures it has. */
function hear(memory: Memory, pod: WorkerView, { now }: Moment): number {
  const known = memory.pods.get(pod.uid);
  const remember = (change: Partial<typeof known>): void => {
    const blank = { ends: pod.ends, streak: 0, last: -Infinity, disrupted: false };
    memory.pods.set(pod.uid, { ...blank, ...known, ...change });
  };
  if (pod.disrupted && known?.disrupted !== true) {
    memory.disruptions++;
    remember({ disrupted: true, ends: pod.ends });
    return 0;
  }
  const failures = pod.ends - (known?.ends ?? 0);
  const isOut = memory.quarantined.some(({ uid }) => uid === pod.uid);
  if (pod.terminating || isOut || failures <= 0) return 0;
  if (pod.disrupted) {
    memory.disruptions++;
    remember({ ends: pod.ends });
    return 0;
  }
  const streak = known !== undefined && now - known.last <= CALM_POD ? known.streak : 0;
  remember({ ends: pod.ends, streak: streak + failures, last: now, disrupted: false });
  return failures;
}

/** Notes pods of a StatefulSet that nobody ends, and that no other may replace while they are there. */
function noteLost(memory: Memory, workload: WorkloadView, now: number): void {
  const { replaceAfter } = workload.policy;
  if (replaceAfter === undefined || workload.kind !== "StatefulSet") return;
  const ending = workload.pods.filter(({ terminating, ready }) => terminating && !ready);
  const since = memory.terminating;
  memory.terminating = new Map(ending.map(({ uid }) => [uid, since.get(uid) ?? now]));
  for (const { uid, name, grace } of ending) {
    const isOverdue = now - memory.terminating.get(uid)! >= grace + replaceAfter;
    if (!isOverdue || memory.lost.some((victim) => victim.uid === uid)) continue;
    memory.lost.push({ workload: workload.name, name, uid });
  }
}

/** Of the quarantined pods the latest are kept. */
function keepFew({ quarantined }: Memory): void {
  const kept = quarantined.filter(({ phase }) => phase !== "discarded");
  for (const entry of kept.slice(0, Math.max(0, kept.length - KEPT))) {
    if (entry.phase === "kept") entry.phase = "discarded";
  }
}

/** What is there no more need not be stopped. */
function dropStops(memory: Memory, present: ReadonlyMap<string, Memory>): void {
  if (memory.stopping === undefined) return;
  memory.stopping.workloads = memory.stopping.workloads.filter((name) => present.has(name));
  if (memory.stopping.workloads.length === 0) memory.stopping = undefined;
}

/** All that was decided and is due. */
function pending({ name: holder }: WorkloadView, memory: Memory, now: number): Action[] {
  const { quarantined, restart, stopping, escalation, lost, failures } = memory;
  const actions: Action[] = [];
  for (const entry of quarantined) {
    if (entry.phase === "pending") actions.push({ type: "quarantine", holder, entry });
    if (entry.phase === "discarded") actions.push({ type: "discard", holder, entry });
  }
  for (const victim of lost) actions.push({ type: "replace", holder, victim });
  for (const workload of stopping?.workloads ?? []) {
    actions.push({ type: "stop", holder, workload, reason: stopping!.reason });
  }
  if (restart !== undefined && restart.due <= now) {
    actions.push({ type: "restart", holder, victims: restart.victims.slice(0, MAX_VICTIMS) });
  }
  if (escalation?.told === false) actions.push({ type: "escalate", holder, failures });
  return actions;
}

/** When something changes though nothing happens. */
function deadlines({ policy, pods }: WorkloadView, memory: Memory): number[] {
  const { restart, escalation, terminating } = memory;
  const later = 1; // what ends with a moment is over after it
  const graces = new Map(pods.map(({ uid, grace }) => [uid, grace]));
  return [
    restart?.due ?? Infinity,
    escalation === undefined ? Infinity : escalation.at + policy.within + later,
    calmFrom(memory, policy.within) + later,
    streaksEnd(memory) + later,
    ...[...terminating].map(([uid, since]) =>
      since + (graces.get(uid) ?? 0) + (policy.replaceAfter ?? Infinity)
    ),
  ];
}
