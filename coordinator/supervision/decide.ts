import type { Observation, WorkerView, WorkloadView } from "./observation.ts";
import type { Failure, Memory, Victim } from "./state.ts";
import type { Moment } from "./supervise.ts";

/** How many failures are remembered, whatever the intensity is. */
const REMEMBERED = 20;

/** A failure to decide about. */
export interface Case {
  /** What is remembered, to be changed. */
  readonly draft: Map<string, Memory>;
  readonly seen: Observation;
  /** Whose worker has failed. */
  readonly workload: WorkloadView;
  readonly pod: WorkerView;
  /** How often, since it was last looked at. */
  readonly failures: number;
  /** Pods that have failed at this moment, and so have restarted by themselves. */
  readonly restarted: ReadonlySet<string>;
  readonly moment: Moment;
}

/** Decides what follows from a worker's failure that was noted, and marks it as pending. */
export function decide(found: Case): void {
  const { workload: { name, policy }, moment } = found;
  const memory = found.draft.get(name)!;
  if (memory.stopped !== undefined || memory.stopping !== undefined) return;
  if (memory.escalation !== undefined) return;
  for (const { restart } of found.draft.values()) {
    // it has restarted by itself
    if (restart) restart.victims = restart.victims.filter(({ uid }) => uid !== found.pod.uid);
  }
  if (isPoison(memory, found)) {
    quarantine(memory, found);
    return planRestart(memory, found, false); // another worker takes its place
  }
  const isExceeded = inWindow(found).length > policy.maxRestarts;
  if (isExceeded && policy.onFailure === "escalate") return escalate(memory, moment);
  if (isExceeded && policy.onFailure === "stop") {
    if (found.workload.replicas === undefined) return escalate(memory, moment); // a DaemonSet
    return stop(memory, found);
  }
  planRestart(memory, found, isExceeded);
}

/** Adds failures to those in the window. */
export function note({ draft, workload: { name: of, policy }, pod, failures, moment }: Case): void {
  const memory = draft.get(of)!;
  const { now, time } = moment;
  const { name, uid, exitCode, reason } = pod;
  const failure: Failure = {
    pod: name,
    uid,
    at: now,
    time,
    ...(exitCode !== undefined && { exitCode }),
    ...(reason !== undefined && { reason }),
  };
  const most = Math.max(policy.maxRestarts + 1, REMEMBERED);
  memory.failures = [
    ...memory.failures.filter(({ at }) => now - at <= policy.within),
    ...Array.from({ length: Math.min(failures, most) }, () => failure),
  ].slice(-most);
}

/** The failures in the window: of the workload, or of its group if that is restarted. */
function inWindow({ draft, seen, workload: { name, policy }, moment: { now } }: Case): Failure[] {
  const counted = policy.strategy === "oneForOne" ? [name] : seen.map((one) => one.name);
  return counted.flatMap((one) => draft.get(one)!.failures)
    .filter(({ at }) => now - at <= policy.within);
}

/**
 * Whether it is this one pod, and not what runs in it: others run fine, and without it the intensity
 * is kept. Where a StatefulSet's pod stands no other can, so there is nothing to be won.
 */
function isPoison(memory: Memory, found: Case): boolean {
  const { workload: { kind, policy, pods }, pod } = found;
  if (kind !== "Deployment" && kind !== "DaemonSet") return false;
  const { maxRestarts, quarantineAfter = maxRestarts } = policy;
  const all = inWindow(found);
  const others = all.filter(({ uid }) => uid !== pod.uid).length;
  if (others > maxRestarts) return false;
  const inRow = memory.pods.get(pod.uid)?.streak ?? 0;
  if (all.length - others <= maxRestarts && inRow <= quarantineAfter) return false;
  return pods.some(({ uid, ready, terminating }) =>
    uid !== pod.uid && ready && !terminating && !memory.failures.some((one) => one.uid === uid)
  );
}

function quarantine(memory: Memory, { pod: { name, uid, exitCode, reason }, moment }: Case): void {
  const streak = memory.pods.get(uid)?.streak ?? 0;
  const how = [reason, exitCode === undefined ? undefined : `exit code ${exitCode}`];
  memory.quarantined.push({
    pod: name,
    uid,
    time: moment.time,
    reason: `it failed ${streak} times in a row (${how.filter(Boolean).join(", ")})`,
    phase: "pending",
  });
  // one failure of it still counts: pods cannot be quarantined without end
  const last = memory.failures.filter((failure) => failure.uid === uid).slice(-1);
  memory.failures = [...memory.failures.filter((failure) => failure.uid !== uid), ...last];
}

function escalate(memory: Memory, { now, time }: Moment): void {
  memory.restart = undefined;
  memory.escalation = { at: now, time, told: false };
}

function stop(memory: Memory, found: Case): void {
  const { policy } = found.workload;
  memory.restart = undefined;
  memory.stopping = {
    workloads: affected(found).filter(({ replicas }) => replicas !== undefined)
      .map(({ name }) => name),
    reason: `${inWindow(found).length} failures within ${policy.within / 1000} s, ` +
      `of which ${policy.maxRestarts} are borne; the last one of pod "${found.pod.name}"`,
  };
}

/** The workloads that a failure concerns: its own first. */
function affected({ seen, workload }: Case): WorkloadView[] {
  const others = seen.filter((one) => one !== workload);
  switch (workload.policy.strategy) {
    case "oneForOne":
      return [workload];
    case "oneForAll":
      return [workload, ...others];
    case "restForOne":
      return [workload, ...seen.slice(seen.indexOf(workload) + 1)];
  }
}

/** Has other workers restarted: at once, or, after the intensity was exceeded, when it has waited. */
function planRestart(memory: Memory, found: Case, isExceeded: boolean): void {
  const { workload: { policy }, pod, moment: { now } } = found;
  const planned = new Set(
    [...found.draft.values()].flatMap(({ restart }) =>
      restart?.victims.map(({ uid }) => uid) ?? []
    ),
  );
  const victims = victimsOf(found).filter(({ uid }) => !planned.has(uid));
  if (victims.length === 0) return;
  if (memory.restart !== undefined) {
    memory.restart.victims.push(...victims);
    return;
  }
  if (isExceeded || memory.waits > 0) memory.waits++;
  const { min, max } = policy.backoff;
  const wait = memory.waits === 0 ? 0 : Math.min(max, min * 2 ** (memory.waits - 1));
  memory.restart = { cause: pod.name, victims, due: now + wait };
}

/** The workers that are restarted with one that failed, those of later workloads first. */
function victimsOf(found: Case): Victim[] {
  const { workload, restarted, draft } = found;
  const { strategy } = workload.policy;
  if (strategy === "oneForOne") return [];
  return affected(found).filter((one) => strategy === "oneForAll" || one !== workload)
    .filter(({ name }) => draft.get(name)?.stopped === undefined)
    .reverse()
    .flatMap(({ name, pods }) =>
      pods.filter(({ uid, terminating }) => !restarted.has(uid) && !terminating)
        .map((one) => ({ workload: name, name: one.name, uid: one.uid }))
    );
}
