import { z } from "zod";
import { dnsLabel } from "../../../../runtime/mod.ts";
import { count, duration } from "./schemas.ts";

/** What a coordinator does about workers that fail. */
export interface SupervisionParams {
  /**
   * What is restarted when a worker fails: it alone, the workers of all workloads of the app, or
   * those of its own and of the workloads that come after it.
   * @default "oneForOne"
   */
  strategy?: "oneForOne" | "oneForAll" | "restForOne";
  /** Name of the app: workloads of one app form a group. @default the workload alone */
  app?: string;
  /** Names of workloads of the app that this one comes after. @default those declared before it */
  after?: string[];
  /** How many restarts are borne in the window `within`. @default 5 */
  maxRestarts?: number;
  /** The window, in milliseconds. @default 60_000 */
  within?: number;
  /** How long a restart waits, doubling from `min` to `max`, in milliseconds. */
  backoff?: {
    /** The first wait. @default 1000 */
    min?: number;
    /** The longest wait. @default 60_000 */
    max?: number;
  };
  /**
   * What if more restarts are needed: go on at the longest back-off, stop the workload, or tell the
   * handler of escalations.
   * @default "restart"
   */
  onFailure?: "restart" | "stop" | "escalate";
}

/** Supervision with its defaults. */
export interface CheckedSupervision {
  /** See {@linkcode SupervisionParams.strategy}. */
  strategy: "oneForOne" | "oneForAll" | "restForOne";
  /** See {@linkcode SupervisionParams.app}. */
  app?: string;
  /** See {@linkcode SupervisionParams.after}. */
  after?: string[];
  /** See {@linkcode SupervisionParams.maxRestarts}. */
  maxRestarts: number;
  /** See {@linkcode SupervisionParams.within}. */
  within: number;
  /** See {@linkcode SupervisionParams.backoff}. */
  backoff: { min: number; max: number };
  /** See {@linkcode SupervisionParams.onFailure}. */
  onFailure: "restart" | "stop" | "escalate";
}

/** Shortest and longest wait of a restart unless told, in milliseconds. */
const BACKOFF = { min: 1000, max: 60_000 };

const names = z.array(dnsLabel(63)).describe("a list of names of workloads");

const schema = z.strictObject({
  strategy: z.enum(["oneForOne", "oneForAll", "restForOne"])
    .describe('"oneForOne", "oneForAll" or "restForOne"').default("oneForOne"),
  app: dnsLabel(63).optional(),
  after: names.optional(),
  maxRestarts: count().default(5),
  within: duration(1).default(60_000),
  backoff: z.strictObject({
    min: duration().default(BACKOFF.min),
    max: duration().default(BACKOFF.max),
  }).refine(({ min, max }) => min <= max, '{ min, max } with "min" not above "max"')
    .describe("{ min?, max? }").default(BACKOFF),
  onFailure: z.enum(["restart", "stop", "escalate"])
    .describe('"restart", "stop" or "escalate"').default("restart"),
}).describe("an object of supervision's options");

/** A schema for supervision; fills in the defaults. */
export const supervision: z.ZodType<CheckedSupervision> = schema;
