import type { Pod } from "@cloudydeno/kubernetes-apis/core/v1";
import type { MergePatch } from "../../kube/mod.ts";
import type { Head } from "../heads.ts";
import type { Mandate } from "../leadership/mandate.ts";
import type { Supervised } from "./policy.ts";

/** Which workload. */
export interface WorkloadName {
  readonly name: string;
  readonly namespace: string;
}

/** What a supervisor needs of the cluster and of what is declared. */
export interface SupervisedCluster {
  /** All workloads with supervision, in the order in which they were declared. */
  supervised(): readonly Supervised[];
  /** The coordinator's pods in a namespace; resolves once all are known. */
  pods(namespace: string, signal: AbortSignal): Promise<readonly Pod[]>;
  /** A workload's head as it was last seen; none while it is not there. */
  head(workload: WorkloadName): Head | undefined;
  /** The same, as the server has it. */
  read(workload: WorkloadName, signal: AbortSignal): Promise<Head | undefined>;
  /**
   * Changes a head as `decide` says, fenced; resolves with what is stored, or with nothing if there is
   * no such head. Rejects with what `decide` throws, and `NotLeadingError` once deposed.
   */
  amend(
    workload: WorkloadName,
    mandate: Mandate,
    decide: (live: Head) => MergePatch,
  ): Promise<Head | undefined>;
}
