import { z } from "zod";
import { dnsLabel } from "../../../../runtime/mod.ts";
import { count, duration, flag } from "./schemas.ts";

/** What a coordinator does about workers that fail. */
export interface SupervisionParams {
  /**
   * What is restarted when a worker fails: it alone, the workers of all workloads of the app too, or
   * those of the workloads that come after its own.
   * @default "oneForOne"
   */
  strategy?: "oneForOne" | "oneForAll" | "restForOne";
  /** Name of the app: workloads of one app form a group. @default the workload alone */
  app?: string;
  /** Names of workloads of the app that this one comes after. @default those declared before it */
  after?: string[];
  /** How many failures are borne in the window `within`. @default 5 */
  maxRestarts?: number;
  /** The window, in milliseconds. @default 60_000 */
  within?: number;
  /**
   * How long restarts of other workers wait once more is needed than is borne, doubling from `min` to
   * `max`, in milliseconds. The worker that failed is restarted by Kubernetes, which waits as it likes.
   */
  backoff?: {
    /** The first wait. @default 1000 */
    min?: number;
    /** The longest wait. @default 60_000 */
    max?: number;
  };
  /**
   * What if there are more: go on and wait longer each time, scale the workload to zero, or tell the
   * handlers of `Coordinator.onEscalation`.
   * @default "restart"
   */
  onFailure?: "restart" | "stop" | "escalate";
  /**
   * How many crashes in a row one pod may have, while others of its workload run fine, before it is
   * taken out of the workload. Pods with identity never are.
   * @default maxRestarts
   */
  quarantineAfter?: number;
  /**
   * Whether a worker with identity is removed by force, to run elsewhere, when its node is lost. Two of
   * its name may then run at the same time.
   * @default false
   */
  replaceOnNodeLoss?: boolean;
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
  /** See {@linkcode SupervisionParams.quarantineAfter}. */
  quarantineAfter?: number;
  /** See {@linkcode SupervisionParams.replaceOnNodeLoss}. */
  replaceOnNodeLoss?: boolean;
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
  quarantineAfter: count().optional(),
  replaceOnNodeLoss: flag.optional(),
}).describe("an object of supervision's options");

/** A schema for supervision; fills in the defaults. */
export const supervision: z.ZodType<CheckedSupervision> = schema;
