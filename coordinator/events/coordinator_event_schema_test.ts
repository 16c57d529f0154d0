import { strictEqual } from "node:assert/strict";
import { coordinatorEventSchema } from "./coordinator_event_schema.ts";
import type { CoordinatorEvent } from "./events.ts";

const kind = "Coordinator";
const EVENTS: readonly CoordinatorEvent[] = [
  { kind, type: "started" },
  { kind, type: "connected" },
  { kind, type: "synced" },
  { kind, type: "stale" },
  { kind, type: "disconnected", error: new Error("refused") },
  { kind, type: "leading", token: 7 },
  { kind, type: "leading", token: undefined },
  { kind, type: "following", leader: "boss-1" },
  { kind, type: "following", leader: undefined },
  { kind, type: "lost", reason: new Error("too slow") },
  {
    kind,
    type: "drifted",
    object: { kind: "Deployment", name: "w", namespace: "team" },
    fields: ["spec.replicas"],
    repaired: true,
  },
  { kind, type: "stopping" },
  { kind, type: "stopped" },
];

Deno.test("coordinatorEventSchema takes every event", () => {
  for (const event of EVENTS) coordinatorEventSchema.parse(event);
});

Deno.test("coordinatorEventSchema refuses an event without the fields of its type", () => {
  for (const event of [{ kind, type: "lost" }, { kind, type: "drifted" }, { kind, type: "x" }]) {
    strictEqual(coordinatorEventSchema.safeParse(event).success, false, event.type);
  }
});
