import type { Node } from "@cloudydeno/kubernetes-apis/core/v1";
import type { Happened } from "./happened.ts";

/** What a node can be short of. */
export type NodePressure = "memory" | "disk" | "pid";

/** A node as a coordinator sees it. */
export interface NodeState {
  /** The node's name. */
  readonly name: string;
  /** Always empty: nodes are in no namespace. */
  readonly namespace: "";
  /** Identifies this node, also when another one gets its name. */
  readonly uid: string;
  /** Whether it answers and can run pods. */
  readonly ready: boolean;
  /** Whether it takes no new pods, as somebody wants it so. */
  readonly cordoned: boolean;
  /** What it is short of. */
  readonly pressures: readonly NodePressure[];
  /** Why it is not ready, in one word, such as `NodeStatusUnknown`. */
  readonly reason: string | undefined;
  /** The same for people. */
  readonly message: string | undefined;
  /** All labels. */
  readonly labels: Readonly<Record<string, string>>;
  /** The object this was read from. */
  readonly source: Node;
}

/** What can happen to a node. */
export type NodeEventType =
  /** It answers and can run pods. */
  | "ready"
  /** It does not answer, or says that it cannot run pods. */
  | "lost"
  /** It takes no new pods from now on. */
  | "cordoned"
  /** It takes new pods again. */
  | "uncordoned"
  /** It is short of what `pressures` names, and may evict pods. */
  | "pressured"
  /** It is no longer a part of the cluster; this is the last state that was known. */
  | "gone";

/** Something happened to a node. */
export interface NodeEvent extends NodeState, Happened {
  /** Tells the events of {@linkcode CoordinatorEvents} apart. */
  readonly kind: "Node";
  /** What happened. */
  readonly type: NodeEventType;
}
