import { z } from "zod";
import { duration } from "./schemas.ts";

/** How many workers a rollout replaces at a time, each a number or a percentage of all. */
export interface StrategyParams {
  /** How many more may run meanwhile. @default "25%"; on every node, 0 */
  maxSurge?: number | `${number}%`;
  /** How many fewer may be available meanwhile. @default "25%"; on every node, 1 */
  maxUnavailable?: number | `${number}%`;
}

/** How a changed definition is rolled out. */
export interface RolloutParams {
  /** How many workers are replaced at a time. */
  strategy?: StrategyParams;
  /** Milliseconds without progress after which a rollout counts as failed. @default 600_000 */
  progressDeadline?: number;
}

const share = z.custom<number | `${number}%`>(
  (input) =>
    typeof input === "number"
      ? Number.isInteger(input) && input >= 0
      : typeof input === "string" && /^(\d|[1-9]\d|100)%$/.test(input),
  'an integer, 0 or more, or a percentage such as "25%"',
);

/** Fields of rollouts. */
export const rolloutShape = {
  strategy: z.strictObject({ maxSurge: share.optional(), maxUnavailable: share.optional() })
    .describe("{ maxSurge?, maxUnavailable? }").optional(),
  progressDeadline: duration(1000).optional(),
};
