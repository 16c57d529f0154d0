/**
 * What supervision remembers of the workloads of a group. Times named `at`, `due` or `last` are of the
 * leader's monotonic clock, in milliseconds; those named `time` are texts for people.
 */

/** A worker's failure. */
export interface Failure {
  readonly pod: string;
  readonly uid: string;
  readonly at: number;
  readonly time: string;
  readonly exitCode?: number;
  readonly reason?: string;
}

/** Which pod of which workload. */
export interface Victim {
  readonly workload: string;
  readonly name: string;
  readonly uid: string;
}

/** What is remembered of a pod that has ever ended. */
export interface PodMemory {
  /** How many ends were heard of. */
  ends: number;
  /** Failures in a row; see `CALM_POD`. */
  streak: number;
  /** When it failed last. */
  last: number;
  /** Whether its disruption was counted. */
  disrupted: boolean;
}

/** A restart of other workers that was decided and not yet done. */
export interface PendingRestart {
  /** Pod that failed. */
  readonly cause: string;
  /** Pods to delete. */
  victims: Victim[];
  /** When. */
  readonly due: number;
}

/** A pod that was taken out of its workload, or is about to be. */
export interface Quarantined {
  readonly pod: string;
  readonly uid: string;
  readonly time: string;
  readonly reason: string;
  /** `pending` until it is out; `kept` for inspection; `discarded` when it is to be deleted. */
  phase: "pending" | "kept" | "discarded";
}

/** What is remembered of one workload, and stands in its head's annotation. */
export interface Memory {
  /** Pods that have ended at least once, by uid. */
  pods: Map<string, PodMemory>;
  /** Failures in the window, the latest last. */
  failures: Failure[];
  /** How often workers were disrupted from outside. */
  disruptions: number;
  /** How many restarts in a row had to wait. */
  waits: number;
  /** When workers were last restarted because one of this workload failed. */
  restarted: number | undefined;
  restart: PendingRestart | undefined;
  /** Workloads to scale to zero, and why. */
  stopping: { workloads: string[]; readonly reason: string } | undefined;
  /** Since when, why, and how many workers it had. */
  stopped:
    | { readonly time: string; readonly reason: string; readonly replicas: number }
    | undefined;
  /** What was told to the handlers, or is to be; nothing is done until the window is over. */
  escalation: { readonly at: number; readonly time: string; told: boolean } | undefined;
  quarantined: Quarantined[];
  /** Pods of a lost node to remove by force. */
  lost: Victim[];
  /** Since when pods are terminating, by uid; each leader begins anew. */
  terminating: Map<string, number>;
}

/** What is remembered of a group, by name of the workload. */
export type GroupState = ReadonlyMap<string, Memory>;

/** Nothing to remember. */
export function freshMemory(): Memory {
  return {
    pods: new Map(),
    failures: [],
    disruptions: 0,
    waits: 0,
    restarted: undefined,
    restart: undefined,
    stopping: undefined,
    stopped: undefined,
    escalation: undefined,
    quarantined: [],
    lost: [],
    terminating: new Map(),
  };
}

/** A copy to work on. */
export function draftOf(state: GroupState): Map<string, Memory> {
  return structuredClone(new Map(state));
}
