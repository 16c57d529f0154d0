import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { controlledBy, type CronJob, type Job } from "../objects/mod.ts";
import { ago, cronJob, job, NOW } from "../objects/testdata/builders.ts";
import { planCronJob } from "./plan_cron_job.ts";

const MINUTE = 60_000;

function plan(cron: CronJob, { jobs = [] as Job[], now = NOW, gone = [] as string[] } = {}) {
  return planCronJob({ cronJob: cron, jobs, gone: new Set(gone), now });
}

function reference({ metadata: { name, namespace, uid } }: Job) {
  return { apiVersion: "batch/v1", kind: "Job", name, namespace, uid };
}

/** A Job of a CronJob, ended so many seconds ago if it has ended. */
function jobOf(cron: CronJob, name: string, type?: "Complete" | "Failed", seconds = 60): Job {
  const time = ago(seconds);
  const status = type && {
    startTime: time,
    conditions: [{ type, status: "True" }],
    ...(type === "Complete" && { completionTime: time }),
  };
  return job({}, { name, status, meta: { ownerReferences: [controlledBy(cron)] } });
}

function reasons(planned: { notes: readonly { reason: string }[] }): string[] {
  return planned.notes.map(({ reason }) => reason);
}

Deno.test("planCronJob() makes the Job of the last time that has come", () => {
  // NOW is 12:00; the last Job was that of 11:40
  const cron = cronJob({}, { status: { lastScheduleTime: ago(20 * 60) } });
  const { start, status, after } = plan(cron);
  strictEqual(start?.metadata.name, `tick-${NOW / MINUTE}`);
  deepStrictEqual(start?.metadata.annotations, {
    "batch.kubernetes.io/cronjob-scheduled-timestamp": "2026-01-01T12:00:00Z",
  });
  deepStrictEqual(start?.metadata.labels, { app: "tick" });
  strictEqual(start?.metadata.ownerReferences?.[0]?.uid, cron.metadata.uid);
  strictEqual(after, 10 * MINUTE + 100);
  const made = job({}, { name: "made" });
  strictEqual(status(made)?.lastScheduleTime, ago(0));
  deepStrictEqual(status(made)?.active?.map(({ name, uid }) => [name, uid]), [
    ["made", made.metadata.uid],
  ]);
});

Deno.test("planCronJob() makes no Job before its time, nor twice, nor when suspended", () => {
  const fresh = cronJob({}, { meta: { creationTimestamp: ago(0) } });
  strictEqual(plan(fresh, { now: NOW + MINUTE }).start, undefined);
  strictEqual(plan(fresh, { now: NOW + MINUTE }).after, 9 * MINUTE + 100);
  const done = cronJob({}, { status: { lastScheduleTime: ago(0) } });
  strictEqual(plan(done).start, undefined);
  const suspended = plan(cronJob({ suspend: true }));
  deepStrictEqual([suspended.start, suspended.after], [undefined, undefined]);
  const known = jobOf(done, `tick-${NOW / MINUTE}`);
  const lagging = cronJob({}, { status: { active: [reference(known)] } });
  strictEqual(plan(lagging, { jobs: [known] }).start, undefined);
});

Deno.test("planCronJob() makes only the last Job of those that were missed, and says when many were", () => {
  const few = plan(cronJob({}, { status: { lastScheduleTime: ago(7 * 600) } }));
  deepStrictEqual([few.start?.metadata.name, reasons(few)], [`tick-${NOW / MINUTE}`, []]);
  const many = plan(cronJob({}, { status: { lastScheduleTime: "2001-01-01T00:00:00Z" } }));
  strictEqual(many.start?.metadata.name, `tick-${NOW / MINUTE}`);
  deepStrictEqual(reasons(many), ["TooManyMissedTimes"]);
});

Deno.test("planCronJob() finds the last missed time also of a schedule that is not even", () => {
  // Monday and Tuesday; NOW is Thursday, the last Job was that of the Monday two weeks ago
  const cron = cronJob({ schedule: "0 9 * * 1,2" }, {
    status: { lastScheduleTime: "2025-12-15T09:00:00Z" },
  });
  strictEqual(plan(cron).status(job())?.lastScheduleTime, "2025-12-30T09:00:00Z");
});

Deno.test("planCronJob() is too late beyond the deadline", () => {
  const cron = cronJob({ schedule: "0 11 * * *", startingDeadlineSeconds: 7200 }, {
    status: { lastScheduleTime: "2025-12-30T11:00:00Z" },
  });
  ok(plan(cron).start);
  const late = plan({ ...cron, spec: { ...cron.spec, startingDeadlineSeconds: 600 } });
  strictEqual(late.start, undefined);
});

Deno.test("planCronJob() waits for the Job before, or replaces it, as the policy says", () => {
  for (
    const [concurrencyPolicy, starts, removed] of [
      ["Allow", true, 0],
      ["Forbid", false, 0],
      ["Replace", true, 1],
    ] as const
  ) {
    const cron = cronJob({ concurrencyPolicy });
    const running = jobOf(cron, "tick-1");
    const busy = { ...cron, status: { active: [reference(running)] } };
    const planned = plan(busy, { jobs: [running] });
    strictEqual(planned.start !== undefined, starts, concurrencyPolicy);
    strictEqual(planned.remove.length, removed, concurrencyPolicy);
    const made = starts ? job() : undefined;
    const active = planned.status(made)?.active ?? busy.status.active;
    strictEqual(active.length, concurrencyPolicy === "Allow" ? 2 : 1, concurrencyPolicy);
    deepStrictEqual(reasons(planned), starts ? [] : ["JobAlreadyActive"]);
  }
});

Deno.test("planCronJob() takes Jobs off the list that have ended or gone", () => {
  const cron = cronJob({ suspend: true });
  const done = jobOf(cron, "done", "Complete", 30);
  const lost = jobOf(cron, "lost");
  const listed = { ...cron, status: { active: [reference(done), reference(lost)] } };
  const planned = plan(listed, { jobs: [done], gone: [lost.metadata.uid] });
  deepStrictEqual(reasons(planned), ["SawCompletedJob", "MissingJob"]);
  deepStrictEqual(planned.status(), { active: [], lastSuccessfulTime: ago(30) });
  strictEqual(plan(cron, { jobs: [lost] }).notes[0]?.reason, "UnexpectedJob");
});

Deno.test("planCronJob() keeps as many ended Jobs as it is told, the youngest", () => {
  const cron = cronJob({ suspend: true, successfulJobsHistoryLimit: 1, failedJobsHistoryLimit: 0 });
  const jobs = [
    jobOf(cron, "old", "Complete", 300),
    jobOf(cron, "young", "Complete", 100),
    jobOf(cron, "failed", "Failed", 200),
    jobOf(cron, "running"),
  ];
  deepStrictEqual(plan(cron, { jobs }).remove.map(({ name }) => name), ["old", "failed"]);
});

Deno.test("planCronJob() writes the time of a Job in the zone of the schedule", () => {
  for (
    const [timeZone, time] of [
      ["Europe/Berlin", "2026-01-01T13:00:00+01:00"],
      ["America/St_Johns", "2026-01-01T08:30:00-03:30"],
      ["Etc/UTC", "2026-01-01T12:00:00Z"],
    ]
  ) {
    const { start } = plan(cronJob({ timeZone, schedule: "0/10 * * * *" }));
    const annotation = "batch.kubernetes.io/cronjob-scheduled-timestamp";
    strictEqual(start?.metadata.annotations?.[annotation], time);
  }
});

Deno.test("planCronJob() says what it cannot read, and leaves it", () => {
  deepStrictEqual(reasons(plan(cronJob({ schedule: "x" }))), ["UnparseableSchedule"]);
  deepStrictEqual(reasons(plan(cronJob({ timeZone: "Nowhere" }))), ["UnknownTimeZone"]);
});
