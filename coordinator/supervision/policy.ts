/** What is restarted when a worker fails; see the module's text of `supervise.ts`. */
export type SupervisionStrategy = "oneForOne" | "oneForAll" | "restForOne";

/** What a coordinator does about failures of one workload's workers, with all defaults filled in. */
export interface SupervisionPolicy {
  /** What is restarted when one of its workers fails. */
  readonly strategy: SupervisionStrategy;
  /** Workloads of one app form a group; without one a workload is alone. */
  readonly app?: string;
  /** Names of workloads of the app that it comes after; else those declared before it. */
  readonly after?: readonly string[];
  /** How many failures are borne in the window. */
  readonly maxRestarts: number;
  /** The window, in milliseconds. */
  readonly within: number;
  /** How long restarts of a group wait once the intensity was exceeded, in milliseconds. */
  readonly backoff: { readonly min: number; readonly max: number };
  /** What happens when the intensity is exceeded. */
  readonly onFailure: "restart" | "stop" | "escalate";
  /**
   * How many crashes in a row one pod may have while others of its workload run fine.
   * @default maxRestarts
   */
  readonly quarantineAfter?: number;
  /**
   * Milliseconds after which a pod of a StatefulSet that does not end, as its node is lost, is
   * removed by force.
   * @default it never is
   */
  readonly replaceAfter?: number;
}

/** A workload that is supervised. */
export interface Supervised {
  /** Its name. */
  readonly name: string;
  /** Its namespace. */
  readonly namespace: string;
  /** What is done about its failures. */
  readonly policy: SupervisionPolicy;
}
