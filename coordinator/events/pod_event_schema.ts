import type { Pod } from "@cloudydeno/kubernetes-apis/core/v1";
import { z } from "zod";
import type { EventSchema } from "./event_schema.ts";
import type { PodEvent } from "./events.ts";
import { count, known, objectFields } from "./schema_parts.ts";

const failure = z.enum([
  "CrashLoopBackOff",
  "ImagePullBackOff",
  "OOMKilled",
  "Evicted",
  "Preempted",
  "NodeLost",
  "DeadlineExceeded",
  "ConfigError",
  "Rejected",
]);

const state = z.object({
  kind: z.literal("Pod"),
  ...objectFields<Pod>("a Pod"),
  namespace: z.string(),
  workload: z.string(),
  node: known(z.string()),
  hostIP: known(z.string()),
  podIP: known(z.string()),
  port: known(z.int().min(1).max(65535)),
  phase: z.enum(["Pending", "Running", "Succeeded", "Failed", "Unknown"]),
  running: z.boolean(),
  ready: z.boolean(),
  terminating: z.boolean(),
  failure: known(failure),
  restarts: count,
  exitCode: known(z.int()),
  signal: known(z.int().min(1)),
});

/** A schema of what a handler of pods' events hears. */
export const podEventSchema: EventSchema<PodEvent> = z.discriminatedUnion("type", [
  state.extend({ type: z.literal("pending") }),
  state.extend({ type: z.literal("scheduled"), node: z.string() }),
  state.extend({ type: z.literal("starting") }),
  state.extend({ type: z.literal("running") }),
  state.extend({ type: z.literal("ready"), ready: z.literal(true) }),
  state.extend({ type: z.literal("unready") }),
  state.extend({
    type: z.literal("failing"),
    failure,
    reason: failure,
    problem: z.string(),
    container: known(z.string()),
  }),
  state.extend({ type: z.literal("restarted"), container: z.string(), times: z.int().min(1) }),
  state.extend({ type: z.literal("succeeded") }),
  state.extend({ type: z.literal("failed") }),
  state.extend({ type: z.literal("terminating") }),
  state.extend({ type: z.literal("deleted") }),
]);
