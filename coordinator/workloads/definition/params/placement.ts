import { z } from "zod";
import { dnsName, variant } from "../../../../runtime/mod.ts";
import { anyLabels, isLabelValue, isQualifiedName } from "./names.ts";
import { count, duration } from "./schemas.ts";

/** A taint of nodes that workers may run on all the same. */
export interface TolerationParams {
  /** The taint's key. @default any */
  key?: string;
  /** The taint's value. @default any */
  value?: string;
  /** What the taint does. @default any */
  effect?: "NoSchedule" | "PreferNoSchedule" | "NoExecute";
  /** Milliseconds that a worker stays on a node that gets the taint `NoExecute`. @default for ever */
  stay?: number;
}

/** How workers are spread over the cluster. */
export interface SpreadParams {
  /** Over what: nodes, zones, or the values of any label of nodes. */
  by: string;
  /** Whether a worker that would be too many waits, rather than go there all the same. @default false */
  required?: boolean;
  /** By how many workers two may differ. @default 1 */
  skew?: number;
}

/** Where workers run. */
export interface PlacementParams {
  /** Labels that a node must have. @default any node */
  nodeSelector?: Record<string, string>;
  /** Taints of nodes that do not keep workers away. @default none */
  tolerations?: TolerationParams[];
  /** How they are spread. @default the scheduler's own: softly over nodes and zones */
  spread?: SpreadParams | SpreadParams[];
  /**
   * Milliseconds that a worker stays on a node that is lost or not ready, from when the cluster has
   * noticed; then it is replaced elsewhere. Tolerations of those taints go before it.
   * @default 10_000
   */
  nodeLossTimeout?: number;
  /** Name of the PriorityClass, which says whose pods give way. @default the cluster's */
  priorityClass?: string;
}

/** Which nodes a worker runs on, one on each. */
export interface EveryNodeParams {
  /** Labels that a node must have. @default every node */
  selector?: Record<string, string>;
  /** Taints of nodes that do not keep workers away. @default none */
  tolerations?: TolerationParams[];
}

const labelKey = z.string().refine(isQualifiedName, "the key of a label");

const tolerations: z.ZodType<TolerationParams[]> = z.array(
  z.strictObject({
    key: labelKey.optional(),
    value: z.string().refine(isLabelValue, "the value of a label").optional(),
    effect: z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"])
      .describe('"NoSchedule", "PreferNoSchedule" or "NoExecute"').optional(),
    stay: duration().optional(),
  }),
).describe("a list of { key?, value?, effect?, stay? }");

const spread: z.ZodType<SpreadParams> = z.strictObject({
  by: labelKey.describe('"node", "zone" or the key of a label'),
  required: z.boolean().describe("true or false").optional(),
  skew: count(1).optional(),
}).describe("{ by, required?, skew? }");

/** Fields of placement. */
export const placementShape = {
  nodeSelector: anyLabels.optional(),
  tolerations: tolerations.optional(),
  spread: variant<SpreadParams | SpreadParams[]>((input) =>
    Array.isArray(input) ? z.array(spread) : spread
  ).optional(),
  nodeLossTimeout: duration().optional(),
  priorityClass: dnsName.optional(),
};

/** A schema for the nodes that each get a worker. */
export const everyNode: z.ZodType<boolean | EveryNodeParams> = variant<boolean | EveryNodeParams>(
  (input) =>
    typeof input === "object" && input !== null
      ? z.strictObject({ selector: anyLabels.optional(), tolerations: tolerations.optional() })
      : z.boolean().describe("true, false or { selector?, tolerations? }"),
);
