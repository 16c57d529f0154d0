import type { Node } from "@cloudydeno/kubernetes-apis/core/v1";
import type { StateOptions } from "./head_fields.ts";
import type { NodePressure, NodeState } from "./node_event.ts";

/** Taints that the node controller puts on a node that does not answer. */
const LOST_TAINTS = new Set([
  "node.kubernetes.io/unreachable",
  "node.kubernetes.io/not-ready",
]);

/** Conditions that say what a node is short of. */
const PRESSURES: readonly (readonly [condition: string, pressure: NodePressure])[] = [
  ["MemoryPressure", "memory"],
  ["DiskPressure", "disk"],
  ["PIDPressure", "pid"],
];

/** Reads a node's state from the object; `deleted` says that the object is gone. */
export function nodeState(node: Node, options: StateOptions = {}): NodeState {
  const { metadata, spec, status } = node;
  const condition = (type: string) => status?.conditions?.find((c) => c.type === type);
  const answers = condition("Ready");
  const lost = spec?.taints?.find(({ key }) => LOST_TAINTS.has(key));
  const ready = !options.deleted && answers?.status === "True" && lost === undefined;
  return {
    name: metadata?.name ?? "",
    namespace: "",
    uid: metadata?.uid ?? "",
    ready,
    cordoned: spec?.unschedulable === true,
    pressures: PRESSURES.filter(([type]) => condition(type)?.status === "True")
      .map(([, pressure]) => pressure),
    reason: ready ? undefined : reasonOf(answers, lost),
    message: ready || answers?.status === "True" ? undefined : answers?.message || undefined,
    labels: metadata?.labels ?? {},
    source: node,
  };
}

function reasonOf(
  answers: { status: string; reason?: string | null } | undefined,
  lost: { key: string } | undefined,
): string | undefined {
  if (answers !== undefined && answers.status !== "True" && answers.reason) return answers.reason;
  return lost?.key.split("/")[1];
}
