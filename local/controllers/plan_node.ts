/**
 * What to do about a node: a pure function of what is seen and of how long it has been silent.
 *
 * @module
 */
import {
  type Condition,
  conditionOf,
  type Node,
  NODES,
  NOT_READY_TAINT,
  sameJson,
  type Step,
  type Taint,
  timestamp,
  UNREACHABLE_TAINT,
  UNSCHEDULABLE_TAINT,
} from "../objects/mod.ts";

/** What a decision about a node is made from. */
export interface NodeView {
  readonly node: Node;
  /** For how many ms the node has not been heard of, by the local monotonic clock. */
  readonly silentMs: number;
  /** After so many ms of silence a node's state is unknown. */
  readonly graceMs: number;
  /** Wall clock, in ms. */
  readonly now: number;
}

/** The writes, the node as it will be, and in how many ms to look again. */
export interface NodePlan {
  readonly steps: readonly Step[];
  readonly node: Node;
  readonly after?: number;
}

/** Conditions that a node agent reports, and that nobody knows once it is silent. */
const REPORTED = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

/** The taints that keep new pods away while a condition is true. */
const PRESSURE_TAINTS: Readonly<Record<string, string>> = {
  MemoryPressure: "node.kubernetes.io/memory-pressure",
  DiskPressure: "node.kubernetes.io/disk-pressure",
  PIDPressure: "node.kubernetes.io/pid-pressure",
  NetworkUnavailable: "node.kubernetes.io/network-unavailable",
};

/** Taints that only this controller sets and removes. */
const MANAGED: ReadonlySet<string> = new Set([
  NOT_READY_TAINT,
  UNREACHABLE_TAINT,
  UNSCHEDULABLE_TAINT,
  ...Object.values(PRESSURE_TAINTS),
]);

/** Decides what to write about a node. */
export function planNode({ node, silentMs, graceMs, now }: NodeView): NodePlan {
  const isSilent = silentMs >= graceMs;
  const conditions = isSilent ? unknownConditions(node, now) : node.status?.conditions ?? [];
  const seen: Node = { ...node, status: { ...node.status, conditions } };
  const taints = taintsOf(seen, now);
  const planned: Node = { ...seen, spec: { ...node.spec, taints } };
  const steps: Step[] = [];
  if (!sameJson(conditions, node.status?.conditions)) {
    steps.push({
      write: { verb: "update", kind: NODES, object: seen, subresource: "status" },
      note: {
        about: node,
        type: "Normal",
        reason: "NodeNotReady",
        source: "node-controller",
        message: `Node ${node.metadata.name} status is now: NodeNotReady`,
      },
    });
  }
  if (!sameJson(taints, node.spec?.taints)) {
    // the rest of the spec comes from the stored object: only the list of taints is replaced
    const patch = { metadata: { uid: node.metadata.uid }, spec: { taints } };
    const target = { name: node.metadata.name };
    steps.push({ write: { verb: "patch", kind: NODES, target, patch } });
  }
  return { steps, node: planned, after: isSilent ? undefined : graceMs - silentMs };
}

function unknownConditions(node: Node, now: number): readonly Condition[] {
  const present = node.status?.conditions ?? [];
  const at = timestamp(now);
  const known = present.map((condition): Condition => {
    if (!REPORTED.includes(condition.type) || condition.status === "Unknown") return condition;
    return {
      ...condition,
      status: "Unknown",
      reason: "NodeStatusUnknown",
      message: "Kubelet stopped posting node status.",
      lastTransitionTime: at,
    };
  });
  const missing = REPORTED.filter((type) => !conditionOf(present, type));
  return [
    ...known,
    ...missing.map((type) => ({
      type,
      status: "Unknown",
      reason: "NodeStatusNeverUpdated",
      message: "Kubelet never posted node status.",
      lastHeartbeatTime: node.metadata.creationTimestamp ?? at,
      lastTransitionTime: at,
    })),
  ];
}

/** The node's own taints, and those that its conditions ask for. */
function taintsOf(node: Node, now: number): Taint[] {
  const present = node.spec?.taints ?? [];
  const wanted = wantedTaints(node);
  const kept = present.filter((taint) =>
    !MANAGED.has(taint.key) || wanted.some((one) => isSame(one, taint))
  );
  const added = wanted.filter((taint) => !present.some((one) => isSame(one, taint)));
  return [...kept, ...added.map((taint) => ({ ...taint, timeAdded: timestamp(now) }))];
}

function wantedTaints(node: Node): Taint[] {
  const taints: Taint[] = [];
  const conditions = node.status?.conditions;
  const ready = conditionOf(conditions, "Ready")?.status;
  if (ready === "Unknown") {
    taints.push({ key: UNREACHABLE_TAINT, effect: "NoSchedule" });
    taints.push({ key: UNREACHABLE_TAINT, effect: "NoExecute" });
  } else if (ready === "False") {
    taints.push({ key: NOT_READY_TAINT, effect: "NoSchedule" });
    taints.push({ key: NOT_READY_TAINT, effect: "NoExecute" });
  } else if (ready === undefined) {
    taints.push({ key: NOT_READY_TAINT, effect: "NoSchedule" });
  }
  for (const [type, key] of Object.entries(PRESSURE_TAINTS)) {
    if (conditionOf(conditions, type)?.status === "True") {
      taints.push({ key, effect: "NoSchedule" });
    }
  }
  if (node.spec?.unschedulable) taints.push({ key: UNSCHEDULABLE_TAINT, effect: "NoSchedule" });
  return taints;
}

function isSame(a: Taint, b: Taint): boolean {
  return a.key === b.key && a.effect === b.effect;
}
