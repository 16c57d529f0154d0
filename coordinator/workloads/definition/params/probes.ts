import { z } from "zod";
import { portNumber, variant } from "../../../../runtime/mod.ts";
import { count, duration } from "./schemas.ts";

/** How a node asks whether a worker is well: by connecting to its port unless told otherwise. */
export interface ProbeParams {
  /** Path that is asked by HTTP, such as `/readyz`. */
  http?: string;
  /** Command that is run in the worker's container, and says yes by ending with 0. */
  command?: string[];
  /** Port that is asked or connected to. @default the workload's `port` */
  port?: number;
  /** Milliseconds from one time to the next. @default 2000 */
  every?: number;
  /** Milliseconds that an answer may take. @default 1000 */
  timeout?: number;
  /** How often in a row it must fail to count. @default 3 */
  failures?: number;
  /** Milliseconds from the worker's start to the first time. @default 0 */
  delay?: number;
}

/** When a worker counts as ready, and when it is killed. */
export interface ProbesParams {
  /**
   * Whether it can work: else it is unready, and Services leave it out.
   * @default with a `port`, once it listens there; `false` asks nothing
   */
  readiness?: ProbeParams | false;
  /**
   * Whether it lives: else it is killed and started again.
   * @default none: a worker whose event loop is busy is not to be killed blindly
   */
  liveness?: ProbeParams;
  /** Whether it has started: until then the others wait, and after `failures` it is killed. @default none */
  startup?: ProbeParams;
}

const KEYS = "{ http?, command?, port?, every?, timeout?, failures?, delay? }";

const probe: z.ZodType<ProbeParams> = z.strictObject({
  http: z.string().regex(/^\/\S*$/).describe('a path beginning with "/"').optional(),
  command: z.array(z.string()).min(1).describe("a list of strings, not empty").optional(),
  port: portNumber.optional(),
  every: duration(1000).optional(),
  timeout: duration(1000).optional(),
  failures: count(1).optional(),
  delay: duration().optional(),
}).describe(KEYS);

/** A schema for probes. */
export const probes: z.ZodType<ProbesParams> = z.strictObject({
  readiness: variant<ProbeParams | false>((input) =>
    typeof input === "object" ? probe : z.literal(false).describe(`false or ${KEYS}`)
  ).optional(),
  liveness: probe.optional(),
  startup: probe.optional(),
}).describe("{ readiness?, liveness?, startup? }");
