/**
 * The shapes of stateful sets, daemon sets and their revisions; see `types.ts`.
 *
 * @module
 */
import type { Condition, IntOrPercent, Item, Labels, LabelSelector, PodTemplate } from "./types.ts";
import type { PersistentVolumeClaimSpec } from "./volume_types.ts";

/** What a stateful set makes a pod's claim from. */
export interface ClaimTemplate {
  readonly metadata: {
    readonly name: string;
    readonly labels?: Labels;
    readonly annotations?: Labels;
  };
  readonly spec: PersistentVolumeClaimSpec;
}

/** What becomes of claims: `Retain` or `Delete`. */
export interface ClaimRetention {
  readonly whenDeleted?: string;
  readonly whenScaled?: string;
}

/** A stateful set. */
export interface StatefulSet extends Item {
  readonly spec: {
    readonly replicas?: number;
    readonly serviceName?: string;
    readonly minReadySeconds?: number;
    readonly revisionHistoryLimit?: number;
    readonly podManagementPolicy?: string;
    readonly selector: LabelSelector;
    readonly template: PodTemplate;
    readonly volumeClaimTemplates?: readonly ClaimTemplate[];
    readonly persistentVolumeClaimRetentionPolicy?: ClaimRetention;
    readonly ordinals?: { readonly start?: number };
    readonly updateStrategy?: {
      readonly type?: string;
      readonly rollingUpdate?: { readonly partition?: number } | null;
    };
  };
  readonly status?: StatefulSetStatus;
}

/** `status` of a stateful set. */
export interface StatefulSetStatus {
  readonly observedGeneration?: number;
  readonly replicas: number;
  readonly readyReplicas?: number;
  readonly availableReplicas?: number;
  /** Pods of {@linkcode StatefulSetStatus.currentRevision}. */
  readonly currentReplicas?: number;
  /** Pods of {@linkcode StatefulSetStatus.updateRevision}. */
  readonly updatedReplicas?: number;
  readonly currentRevision?: string;
  readonly updateRevision?: string;
  readonly collisionCount?: number;
  readonly conditions?: readonly Condition[];
}

/** A daemon set. */
export interface DaemonSet extends Item {
  readonly spec: {
    readonly minReadySeconds?: number;
    readonly revisionHistoryLimit?: number;
    readonly selector: LabelSelector;
    readonly template: PodTemplate;
    readonly updateStrategy?: {
      readonly type?: string;
      readonly rollingUpdate?: {
        readonly maxSurge?: IntOrPercent;
        readonly maxUnavailable?: IntOrPercent;
      } | null;
    };
  };
  readonly status?: DaemonSetStatus;
}

/** `status` of a daemon set. */
export interface DaemonSetStatus {
  readonly observedGeneration?: number;
  readonly currentNumberScheduled: number;
  readonly desiredNumberScheduled: number;
  readonly numberMisscheduled: number;
  readonly numberReady: number;
  readonly numberAvailable?: number;
  readonly numberUnavailable?: number;
  readonly updatedNumberScheduled?: number;
  readonly collisionCount?: number;
  readonly conditions?: readonly Condition[];
}

/** A state that a set's template had. */
export interface ControllerRevision extends Item {
  /** A patch that gives the set this state back. */
  readonly data?: { readonly spec?: { readonly template?: PodTemplate } };
  readonly revision: number;
}
