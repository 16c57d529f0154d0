/**
 * The pods of a daemon set: which nodes are to have one, and what it is made of.
 *
 * @module
 */
import {
  controlledBy,
  type ControllerRevision,
  type DaemonSet,
  type Draft,
  isTolerated,
  type Node,
  NOT_READY_TAINT,
  type Pod,
  type PodSpec,
  selectsNode,
  type Toleration,
  UNREACHABLE_TAINT,
  UNSCHEDULABLE_TAINT,
} from "../objects/mod.ts";
import { REVISION_LABEL } from "./controller_revisions.ts";

/** A generated name has 63 characters at most, the last 5 of them random. */
const NAME_PREFIX_LENGTH = 58;

const NODE_NAME_FIELD = "metadata.name";

/** What a daemon's pod tolerates by itself: it belongs to its node in bad times too. */
const TOLERATIONS: readonly Toleration[] = [
  { key: NOT_READY_TAINT, operator: "Exists", effect: "NoExecute" },
  { key: UNREACHABLE_TAINT, operator: "Exists", effect: "NoExecute" },
  { key: "node.kubernetes.io/disk-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/memory-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/pid-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: UNSCHEDULABLE_TAINT, operator: "Exists", effect: "NoSchedule" },
];

const NETWORK_TOLERATION: Toleration = {
  key: "node.kubernetes.io/network-unavailable",
  operator: "Exists",
  effect: "NoSchedule",
};

/** Whether a daemon set wants a pod on a node, and whether one that is there may stay. */
export interface Wanted {
  readonly run: boolean;
  readonly stay: boolean;
}

/** Decides about a node by its name, labels and taints. */
export function wantedOn(set: DaemonSet, { metadata, spec }: Node): Wanted {
  const template = set.spec.template.spec;
  const { name, labels = {} } = metadata;
  if (template.nodeName && template.nodeName !== name) return { run: false, stay: false };
  const required = template.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const isSelected =
    Object.entries(template.nodeSelector ?? {}).every(([key, value]) => labels[key] === value) &&
    (!required || selectsNode(required.nodeSelectorTerms, { name, labels }));
  if (!isSelected) return { run: false, stay: false };
  const tolerations = tolerationsOf(template);
  const refused = (spec?.taints ?? []).filter((taint) =>
    taint.effect !== "PreferNoSchedule" && !isTolerated(taint, tolerations)
  );
  return {
    run: refused.length === 0,
    stay: refused.every(({ effect }) => effect !== "NoExecute"),
  };
}

/** The pod that a daemon set makes for a node; the server completes its name. */
export function daemonPod(
  set: DaemonSet,
  node: string,
  revision: ControllerRevision,
): Draft & { readonly spec: unknown } {
  const { metadata: { labels, annotations, finalizers } = {}, spec } = set.spec.template;
  const hash = revision.metadata.labels?.[REVISION_LABEL] ?? "";
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      generateName: `${set.metadata.name}-`.slice(0, NAME_PREFIX_LENGTH),
      namespace: set.metadata.namespace,
      labels: { ...labels, [REVISION_LABEL]: hash },
      annotations,
      finalizers,
      ownerReferences: [controlledBy(set)],
    },
    spec: { ...spec, affinity: affinityTo(node, spec), tolerations: tolerationsOf(spec) },
  };
}

/** The node that a pod is on or is meant for. */
export function nodeOf({ spec }: Pod): string | undefined {
  if (spec.nodeName) return spec.nodeName;
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  for (const { matchFields = [] } of required?.nodeSelectorTerms ?? []) {
    for (const { key, operator, values = [] } of matchFields) {
      if (key === NODE_NAME_FIELD && operator === "In" && values.length === 1) return values[0];
    }
  }
  return undefined;
}

function tolerationsOf(spec: PodSpec): readonly Toleration[] {
  const own = spec.tolerations ?? [];
  const usual = spec.hostNetwork ? [...TOLERATIONS, NETWORK_TOLERATION] : TOLERATIONS;
  const missing = usual.filter(({ key, effect }) =>
    !own.some((one) =>
      one.key === key && one.effect === effect && one.operator === "Exists" &&
      one.tolerationSeconds === undefined
    )
  );
  return [...own, ...missing];
}

/** The template's affinity, bound to one node: a scheduler does the rest. */
function affinityTo(node: string, { affinity = {} }: PodSpec): PodSpec["affinity"] {
  const here = [{ key: NODE_NAME_FIELD, operator: "In", values: [node] }];
  const terms = affinity.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
    ?.nodeSelectorTerms ?? [{}];
  const nodeSelectorTerms = terms.map((term) => ({ ...term, matchFields: here }));
  return {
    ...affinity,
    nodeAffinity: {
      ...affinity.nodeAffinity,
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms },
    },
  };
}
