import type { Failure, Quarantined, Victim } from "./state.ts";

/** What to do; `holder` is the workload on whose head it is recorded. */
export type Action =
  /** Delete these pods, which their controllers then replace. */
  | { readonly type: "restart"; readonly holder: string; readonly victims: readonly Victim[] }
  /** Remove a pod by force, as nobody ends it. */
  | { readonly type: "replace"; readonly holder: string; readonly victim: Victim }
  /** Take a pod out of its workload, and stop it. */
  | { readonly type: "quarantine"; readonly holder: string; readonly entry: Quarantined }
  /** Delete a pod that was kept for inspection. */
  | { readonly type: "discard"; readonly holder: string; readonly entry: Quarantined }
  /** Scale a workload to zero. */
  | {
    readonly type: "stop";
    readonly holder: string;
    readonly workload: string;
    readonly reason: string;
  }
  /** Tell the handlers. */
  | { readonly type: "escalate"; readonly holder: string; readonly failures: readonly Failure[] };
