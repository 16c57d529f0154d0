/** Something happened to a worker. */
export interface WorkerEvent {
  /** Tells a worker's events from a coordinator's. */
  readonly kind: "Worker";
  /**
   * What happened: `starting` before it listens, `started` once it listens, `stopping` when it
   * takes no more requests and finishes those it has, `stopped` when it has ended.
   */
  readonly type: "starting" | "started" | "stopping" | "stopped";
  /** The worker's name. */
  readonly name: string;
  /** The worker's namespace. */
  readonly namespace: string;
  /** Address it listens at; once started. */
  readonly hostname: string | undefined;
  /** Port it listens at; once started. */
  readonly port: number | undefined;
}
