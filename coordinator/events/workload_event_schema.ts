import type { DaemonSet, Deployment, StatefulSet } from "@cloudydeno/kubernetes-apis/apps/v1";
import type { CronJob, Job } from "@cloudydeno/kubernetes-apis/batch/v1";
import { z } from "zod";
import { instance } from "../../runtime/mod.ts";
import type { EventSchema } from "./event_schema.ts";
import type { WorkloadEvent } from "./events.ts";
import { count, known, objectFields } from "./schema_parts.ts";

const { source: _, ...fields } = objectFields("an object");

const state = z.object({
  type: z.enum(["created", "progressing", "ready", "degraded", "stalled", "succeeded", "deleted"]),
  ...fields,
  namespace: z.string(),
  workload: z.string(),
  replicas: count,
  readyReplicas: count,
  availableReplicas: count,
  updatedReplicas: count,
  ready: z.boolean(),
  complete: z.boolean(),
  stalled: z.boolean(),
});

/** A schema of what a handler of workloads' events hears: told apart by `kind`, then `type`. */
export const workloadEventSchema: EventSchema<WorkloadEvent> = z.discriminatedUnion("kind", [
  state.extend({
    kind: z.literal("Deployment"),
    source: instance<Deployment>("a Deployment"),
  }),
  state.extend({
    kind: z.literal("StatefulSet"),
    source: instance<StatefulSet>("a StatefulSet"),
  }),
  state.extend({
    kind: z.literal("DaemonSet"),
    source: instance<DaemonSet>("a DaemonSet"),
  }),
  state.extend({
    kind: z.literal("Job"),
    succeeded: count,
    failed: count,
    active: count,
    completed: known(z.date()),
    source: instance<Job>("a Job"),
  }),
  state.extend({
    kind: z.literal("CronJob"),
    lastSchedule: known(z.date()),
    active: count,
    suspended: z.boolean(),
    source: instance<CronJob>("a CronJob"),
  }),
]);
