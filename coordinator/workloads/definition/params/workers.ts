import { z } from "zod";
import { count, duration } from "./schemas.ts";

/** How many workers run, by what there is to do. */
export interface WorkersParams {
  /** How many at least; with 0 there are none while there is nothing to do. @default 0 */
  min?: number;
  /** How many at most. */
  max: number;
  /** How many tasks one worker is to have, those that wait included. @default 16 */
  perWorker?: number;
  /**
   * Milliseconds for which fewer must have been enough before workers are taken away.
   * @default 30_000
   */
  idleFor?: number;
}

/** Workers that were checked and have their defaults. */
export type CheckedWorkers = Required<WorkersParams>;

/** See {@linkcode WorkersParams}. */
export const workers: z.ZodType<CheckedWorkers, WorkersParams> = z.strictObject({
  min: count().default(0),
  max: count(1),
  perWorker: count(1).default(16), // as many as a worker runs at once unless it is told
  idleFor: duration().default(30_000),
}).describe("{ min?, max, perWorker?, idleFor? }");
