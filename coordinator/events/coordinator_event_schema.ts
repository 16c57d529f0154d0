import { z } from "zod";
import type { EventSchema } from "./event_schema.ts";
import type { CoordinatorEvent } from "./events.ts";
import { count, known } from "./schema_parts.ts";

const kind = z.literal("Coordinator");
const error = z.instanceof(Error);

/** Whose workers supervision has done something about. */
const concerned = { workload: z.string(), namespace: z.string(), app: known(z.string()) };

const failure = z.object({
  pod: z.string(),
  time: z.string(),
  exitCode: known(z.int()),
  reason: known(z.string()),
});

/** A schema of what a handler of the coordinator's own events hears. */
export const coordinatorEventSchema: EventSchema<CoordinatorEvent> = z.discriminatedUnion("type", [
  z.object({ kind, type: z.enum(["started", "stopping", "stopped", "connected", "synced"]) }),
  z.object({ kind, type: z.enum(["stale", "disconnected"]), error: error.optional() }),
  z.object({ kind, type: z.literal("leading"), token: known(z.int().min(0)) }),
  z.object({ kind, type: z.literal("following"), leader: known(z.string()) }),
  z.object({ kind, type: z.literal("lost"), reason: error }),
  z.object({
    kind,
    type: z.literal("drifted"),
    object: z.object({ kind: z.string(), name: z.string(), namespace: z.string() }),
    fields: z.array(z.string()),
    repaired: z.boolean(),
  }),
  z.object({ kind, type: z.literal("groupRestarted"), ...concerned, pods: z.array(z.string()) }),
  z.object({
    kind,
    type: z.literal("quarantined"),
    ...concerned,
    pod: z.string(),
    reason: z.string(),
  }),
  z.object({
    kind,
    type: z.literal("stoppedBySupervision"),
    ...concerned,
    reason: z.string(),
    replicas: count,
  }),
  z.object({
    kind,
    type: z.literal("escalated"),
    ...concerned,
    strategy: z.enum(["oneForOne", "oneForAll", "restForOne"]),
    pods: z.array(z.string()),
    failures: z.array(failure),
    maxRestarts: count,
    within: z.number(),
  }),
]);
