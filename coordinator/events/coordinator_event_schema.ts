import { z } from "zod";
import type { EventSchema } from "./event_schema.ts";
import type { CoordinatorEvent } from "./events.ts";
import { known } from "./schema_parts.ts";

const kind = z.literal("Coordinator");
const error = z.instanceof(Error);

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
]);
