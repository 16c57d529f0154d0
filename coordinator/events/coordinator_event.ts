import type {
  Escalation,
  GroupRestart,
  Quarantine,
  StoppedBySupervision,
} from "../supervision/escalation.ts";

/** State of a coordinator's connection to the API server. */
export type ConnectionState = "connected" | "synced" | "stale" | "disconnected";

/** What all events of the coordinator itself have. */
export interface CoordinatorEventFields {
  /** Tells the events of {@linkcode CoordinatorEvents} apart. */
  readonly kind: "Coordinator";
}

/** The coordinator's life and its connection, as far as there is nothing more to say. */
export interface CoordinatorLifeEvent extends CoordinatorEventFields {
  /** What happened. */
  readonly type: "started" | "stopping" | "stopped" | "connected" | "synced";
}

/** It has heard nothing for longer than an API server is silent. */
export interface CoordinatorStaleEvent extends CoordinatorEventFields {
  /** What happened. */
  readonly type: "stale";
  /** What went wrong last. */
  readonly error?: Error;
}

/** It cannot reach the API server, and tries again. */
export interface CoordinatorDisconnectedEvent extends CoordinatorEventFields {
  /** What happened. */
  readonly type: "disconnected";
  /** What went wrong last. */
  readonly error?: Error;
}

/** It leads from now on. */
export interface CoordinatorLeadingEvent extends CoordinatorEventFields {
  /** What happened. */
  readonly type: "leading";
  /** The term's fencing token, which only grows; none without an election. */
  readonly token: number | undefined;
}

/** Another one leads, or nobody does yet. */
export interface CoordinatorFollowingEvent extends CoordinatorEventFields {
  /** What happened. */
  readonly type: "following";
  /** Who leads, if that is known. */
  readonly leader: string | undefined;
}

/** It led and does not any more. */
export interface CoordinatorLostEvent extends CoordinatorEventFields {
  /** What happened. */
  readonly type: "lost";
  /** Why. */
  readonly reason: Error;
}

/** An object of a workload was changed by somebody else. */
export interface CoordinatorDriftedEvent extends CoordinatorEventFields {
  /** What happened. */
  readonly type: "drifted";
  /** The object. */
  readonly object: {
    /** Its kind, such as `Deployment`. */
    /** Which kind of object it is. */
    readonly kind: string;
    /** Its name. */
    readonly name: string;
    /** Its namespace. */
    readonly namespace: string;
  };
  /** Paths of the fields that differ, such as `spec.replicas`; none if it was deleted. */
  readonly fields: readonly string[];
  /** Whether it was brought back to what was applied. */
  readonly repaired: boolean;
}

/** Workers were restarted, as another one of their app had failed. */
export interface CoordinatorGroupRestartedEvent extends CoordinatorEventFields, GroupRestart {
  /** What happened. */
  readonly type: "groupRestarted";
}

/** A pod was taken out of its workload, as it failed again and again while others ran fine. */
export interface CoordinatorQuarantinedEvent extends CoordinatorEventFields, Quarantine {
  /** What happened. */
  readonly type: "quarantined";
}

/** A workload was scaled to zero, as its workers failed more often than is borne. */
export interface CoordinatorStoppedWorkloadEvent
  extends CoordinatorEventFields, StoppedBySupervision {
  /** What happened. */
  readonly type: "stoppedBySupervision";
}

/** A workload's workers fail more often than is borne; handlers of `onEscalation` hear it too. */
export interface CoordinatorEscalatedEvent extends CoordinatorEventFields, Escalation {
  /** What happened. */
  readonly type: "escalated";
}

/** Something happened to the coordinator itself or to its connection, told apart by `type`. */
export type CoordinatorEvent =
  | CoordinatorLifeEvent
  | CoordinatorStaleEvent
  | CoordinatorDisconnectedEvent
  | CoordinatorLeadingEvent
  | CoordinatorFollowingEvent
  | CoordinatorLostEvent
  | CoordinatorDriftedEvent
  | CoordinatorGroupRestartedEvent
  | CoordinatorQuarantinedEvent
  | CoordinatorStoppedWorkloadEvent
  | CoordinatorEscalatedEvent;

/** What can happen to a coordinator. */
export type CoordinatorEventType = CoordinatorEvent["type"];
