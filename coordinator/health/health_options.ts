import { z } from "zod";

/** Where a coordinator answers probes and Prometheus. */
export interface HealthOptions {
  /** Port to listen at; 0 takes a free one. */
  port: number;
  /**
   * Address to listen at.
   *
   * @default "0.0.0.0"
   */
  hostname?: string;
  /**
   * Whether to serve the flight recorder at `/debug/recorder`: it has names of objects in it, but no
   * secrets.
   *
   * @default false
   */
  debug?: boolean;
}

/** Schema of {@linkcode HealthOptions}. */
export const healthOptions: z.ZodType<HealthOptions, HealthOptions> = z.strictObject({
  port: z.int().min(0).max(65535),
  hostname: z.string().min(1).optional(),
  debug: z.boolean().optional(),
}).describe("{ port, hostname, debug }, port an integer from 0 to 65535");
