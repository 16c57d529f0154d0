import type {
  PodSpec,
  Toleration,
  TopologySpreadConstraint,
} from "@cloudydeno/kubernetes-apis/core/v1";
import { type Ownership, selectorLabels } from "../../labels.ts";
import { nodeLossTolerations } from "../../supervision/node_loss.ts";
import type { CheckedRunParams } from "../run_params.ts";
import type { SpreadParams, TolerationParams } from "./params/placement.ts";
import { seconds } from "./params/schemas.ts";

/** Labels of nodes by what users call them. */
const TOPOLOGY: Readonly<Record<string, string>> = {
  node: "kubernetes.io/hostname",
  zone: "topology.kubernetes.io/zone",
};

/** Where the pods of a workload run. */
export function placementOf(params: CheckedRunParams, owner: Ownership): Partial<PodSpec> {
  const { everyNode, priorityClass } = params;
  const every = typeof everyNode === "object" ? everyNode : {};
  const nodeSelector = every.selector ?? params.nodeSelector;
  const given = (every.tolerations ?? params.tolerations ?? []).map(tolerationOf);
  const lost = everyNode ? [] : nodeLossTolerations(params.nodeLossTimeout);
  const tolerations = [
    ...given,
    ...lost.filter((toleration) => !given.some((other) => isCovered(toleration, other))),
  ];
  const spread = [params.spread ?? []].flat();
  return {
    ...(nodeSelector && { nodeSelector: { ...nodeSelector } }),
    ...(tolerations.length > 0 && { tolerations }),
    ...(spread.length > 0 && {
      topologySpreadConstraints: spread.map((one) => spreadOf(one, owner)),
    }),
    ...(priorityClass !== undefined && { priorityClassName: priorityClass }),
  };
}

/** Whether the user has said how long a worker stays on such a node. */
function isCovered({ key, effect }: Toleration, by: Toleration): boolean {
  return (by.key === undefined || by.key === key) &&
    (by.effect === undefined || by.effect === effect) && by.value === undefined;
}

function tolerationOf({ key, value, effect, stay }: TolerationParams): Toleration {
  return {
    ...(key !== undefined && { key }),
    operator: value === undefined ? "Exists" : "Equal",
    ...(value !== undefined && { value }),
    ...(effect !== undefined && { effect }),
    ...(stay !== undefined && { tolerationSeconds: seconds(stay) }),
  };
}

function spreadOf(
  { by, required, skew }: SpreadParams,
  owner: Ownership,
): TopologySpreadConstraint {
  return {
    maxSkew: skew ?? 1,
    topologyKey: TOPOLOGY[by] ?? by,
    whenUnsatisfiable: required ? "DoNotSchedule" : "ScheduleAnyway",
    labelSelector: { matchLabels: selectorLabels(owner) },
  };
}
