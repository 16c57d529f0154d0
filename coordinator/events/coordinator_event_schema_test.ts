import { strictEqual } from "node:assert/strict";
import { coordinatorEventSchema } from "./coordinator_event_schema.ts";
import type { CoordinatorEvent } from "./events.ts";

const kind = "Coordinator";
const CONCERNED = { workload: "w", namespace: "team", app: "shop" } as const;
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
  { kind, type: "groupRestarted", ...CONCERNED, pods: ["w-1"] },
  { kind, type: "quarantined", ...CONCERNED, pod: "w-1", reason: "it failed" },
  { kind, type: "stoppedBySupervision", ...CONCERNED, reason: "6 failures", replicas: 3 },
  {
    kind,
    type: "escalated",
    ...CONCERNED,
    app: undefined,
    strategy: "oneForOne",
    pods: ["w-1"],
    failures: [{ pod: "w-1", time: "T", exitCode: 3, reason: undefined }],
    maxRestarts: 0,
    within: 60_000,
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
