import type { Node, Pod } from "@cloudydeno/kubernetes-apis/core/v1";
import type { Head } from "../heads.ts";
import type { NodeState, PodState, WorkloadState } from "./events.ts";
import type { StateFeed } from "./state_feed.ts";

/** Where the events of a coordinator come from. */
export interface EventFeeds {
  /** Changes of pods. */
  readonly pods: StateFeed<Pod, PodState>;
  /** Changes of workloads, of all kinds. */
  readonly workloads: StateFeed<Head, WorkloadState>;
  /** Changes of nodes. */
  readonly nodes: StateFeed<Node, NodeState>;
}
