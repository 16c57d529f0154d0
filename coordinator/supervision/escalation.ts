import type { SupervisionStrategy } from "./policy.ts";

/** A worker's failure, for people. */
export interface WorkerFailure {
  /** Name of the pod. */
  readonly pod: string;
  /** When it was noticed, by the clock of the coordinator that led then. */
  readonly time: string;
  /** Exit code of the container that ended. */
  readonly exitCode: number | undefined;
  /** Why it ended, such as `OOMKilled`. */
  readonly reason: string | undefined;
}

/** Whose workers supervision did something about. */
export interface SupervisionFact {
  /** The workload whose worker failed. */
  readonly workload: string;
  /** Its namespace. */
  readonly namespace: string;
  /** The app of its group, if it has one. */
  readonly app: string | undefined;
}

/** A workload's workers fail more often than is borne. */
export interface Escalation extends SupervisionFact {
  /** How the workload is supervised. */
  readonly strategy: SupervisionStrategy;
  /** The pods that failed. */
  readonly pods: readonly string[];
  /** The failures of the workload in the window. */
  readonly failures: readonly WorkerFailure[];
  /** How many are borne. */
  readonly maxRestarts: number;
  /** The window, in milliseconds: nothing more is done about the workload until it is over. */
  readonly within: number;
}

/** A pod was taken out of its workload, as it failed again and again while others ran fine. */
export interface Quarantine extends SupervisionFact {
  /** Name of the pod, which is kept for inspection. */
  readonly pod: string;
  /** Why, as a part of a sentence. */
  readonly reason: string;
}

/** A workload was scaled to zero, as its workers failed more often than is borne. */
export interface StoppedBySupervision extends SupervisionFact {
  /** Why, as a part of a sentence. */
  readonly reason: string;
  /** How many workers it had. */
  readonly replicas: number;
}

/** Workers were restarted, as another one had failed. */
export interface GroupRestart extends SupervisionFact {
  /** The pods that were deleted, to be replaced. */
  readonly pods: readonly string[];
}

/** Hears what supervision does. */
export interface SupervisionListener {
  /** Rejects or throws at will: it is told once in a window. */
  escalated(escalation: Escalation): void;
  quarantined(fact: Quarantine): void;
  stopped(fact: StoppedBySupervision): void;
  restarted(fact: GroupRestart): void;
}
