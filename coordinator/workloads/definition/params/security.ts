import { z } from "zod";
import { count, flag } from "./schemas.ts";

/**
 * What a worker may do beyond the `restricted` Pod Security Standard, which it meets by default.
 * All but `user`, `group` and `fsGroup` above 0 weakens it: such pods are refused in namespaces
 * that enforce the standard.
 */
export interface SecurityParams {
  /** User that the worker runs as; 0 is root, which weakens. @default 65532 */
  user?: number;
  /** Group that the worker runs as. @default the user, or 65532 */
  group?: number;
  /** Group that owns the files of its disks. @default 65532 if there is `storage` */
  fsGroup?: number;
  /** Whether it may write to the image's files, not just to `/tmp` and volumes. @default false */
  writableRoot?: boolean;
  /** Linux capabilities that it gets, such as `NET_ADMIN`. @default none */
  capabilities?: string[];
  /** Whether it may gain more rights than it started with. @default false */
  privilegeEscalation?: boolean;
  /** Whether it may do anything on its node. @default false */
  privileged?: boolean;
  /** Which system calls it may make. @default "RuntimeDefault" */
  seccomp?: "RuntimeDefault" | "Unconfined";
}

/** A schema for security overrides. */
export const security: z.ZodType<SecurityParams> = z.strictObject({
  user: count().optional(),
  group: count().optional(),
  fsGroup: count().optional(),
  writableRoot: flag.optional(),
  capabilities: z.array(z.string().regex(/^[A-Z][A-Z_]*$/))
    .describe('a list of capabilities, such as "NET_ADMIN"').optional(),
  privilegeEscalation: flag.optional(),
  privileged: flag.optional(),
  seccomp: z.enum(["RuntimeDefault", "Unconfined"])
    .describe('"RuntimeDefault" or "Unconfined"').optional(),
}).describe("an object of security overrides");
