import type { Node } from "@cloudydeno/kubernetes-apis/core/v1";
import { z } from "zod";
import type { EventSchema } from "./event_schema.ts";
import type { NodeEvent } from "./events.ts";
import { objectFields } from "./schema_parts.ts";

const state = z.object({
  kind: z.literal("Node"),
  ...objectFields<Node>("a Node"),
  namespace: z.literal(""),
  ready: z.boolean(),
  cordoned: z.boolean(),
  pressures: z.array(z.enum(["memory", "disk", "pid"])),
});

/** A schema of what a handler of nodes' events hears. */
export const nodeEventSchema: EventSchema<NodeEvent> = z.discriminatedUnion("type", [
  state.extend({ type: z.enum(["ready", "lost", "cordoned", "uncordoned", "gone"]) }),
  state.extend({ type: z.literal("pressured"), pressures: state.shape.pressures.min(1) }),
]);
