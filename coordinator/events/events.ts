import type { Deployment } from "@cloudydeno/kubernetes-apis/apps/v1";
import type { Pod } from "@cloudydeno/kubernetes-apis/core/v1";

/** What happened to an object. */
export type ChangeType = "added" | "modified" | "deleted";

/** Where a pod is in its life, as Kubernetes names it. */
export type PodPhase = "Pending" | "Running" | "Succeeded" | "Failed" | "Unknown";

/** A pod as a coordinator sees it. */
export interface PodState {
  /** The pod's name. */
  readonly name: string;
  /** The pod's namespace. */
  readonly namespace: string;
  /** Identifies this pod, also when another one gets its name. */
  readonly uid: string;
  /** Name of the workload that it belongs to. */
  readonly workload: string;
  /** Name of the node it was placed on, once it was. */
  readonly node: string | undefined;
  /** Address of that node. */
  readonly hostIP: string | undefined;
  /** Address of the pod, once it has one. */
  readonly podIP: string | undefined;
  /** Port that the workload was given, if it was given one. */
  readonly port: number | undefined;
  /** Where the pod is in its life. */
  readonly phase: PodPhase;
  /**
   * Whether it can be talked to: its phase is `Running`, it is not being stopped, every container
   * runs, and each container with a readiness probe (a worker with a `port` has one) is ready.
   */
  readonly running: boolean;
  /** Whether Kubernetes counts it as ready, by its `Ready` condition. */
  readonly ready: boolean;
  /** Why it is not running, in one word, such as `ImagePullBackOff`. */
  readonly reason: string | undefined;
  /** The same for people. */
  readonly message: string | undefined;
  /** How often its containers were restarted. */
  readonly restarts: number;
  /** Exit code of the container that ended last, if one has ended. */
  readonly exitCode: number | undefined;
  /** All labels. */
  readonly labels: Readonly<Record<string, string>>;
  /** The object this was read from. */
  readonly source: Pod;
}

/** A deployment (the Kubernetes object behind a workload) as a coordinator sees it. */
export interface DeploymentState {
  /** The deployment's name. */
  readonly name: string;
  /** The deployment's namespace. */
  readonly namespace: string;
  /** Identifies this deployment, also when another one gets its name. */
  readonly uid: string;
  /** Name of the workload that it runs. */
  readonly workload: string;
  /** How many pods are wanted. */
  readonly replicas: number;
  /** How many pods are ready. */
  readonly readyReplicas: number;
  /** How many pods are ready for long enough to be counted on. */
  readonly availableReplicas: number;
  /** How many pods are as last applied. */
  readonly updatedReplicas: number;
  /** Whether all that was last applied runs and is available, and nothing older is left. */
  readonly ready: boolean;
  /** Why it is not ready, in one word, such as `ProgressDeadlineExceeded`. */
  readonly reason: string | undefined;
  /** The same for people. */
  readonly message: string | undefined;
  /** All labels. */
  readonly labels: Readonly<Record<string, string>>;
  /** The object this was read from. */
  readonly source: Deployment;
}

/** What an event says beside the object's state. */
export interface Happened {
  /** What happened; a deletion carries the last known state. */
  readonly type: ChangeType;
  /** Whether this is present state told again, after a start or a reconnect. */
  readonly replayed: boolean;
}

/** Something happened to a pod. */
export interface PodEvent extends PodState, Happened {
  /** Tells the events of {@linkcode CoordinatorEvents} apart. */
  readonly kind: "Pod";
}

/** Something happened to a deployment. */
export interface DeploymentEvent extends DeploymentState, Happened {
  /** Tells the events of {@linkcode CoordinatorEvents} apart. */
  readonly kind: "Deployment";
}

/** State of a coordinator's connection to the API server. */
export type ConnectionState = "connected" | "synced" | "stale" | "disconnected";

/** Something happened to the coordinator itself or to its connection. */
export interface CoordinatorEvent {
  /** Tells the events of {@linkcode CoordinatorEvents} apart. */
  readonly kind: "Coordinator";
  /** What happened. */
  readonly type: "started" | ConnectionState | "stopping" | "stopped";
  /** Why, for `stale` and `disconnected`. */
  readonly error?: Error;
}

/** Every event of a coordinator, told apart by `kind`. */
export type CoordinatorEvents = CoordinatorEvent | PodEvent | DeploymentEvent;
