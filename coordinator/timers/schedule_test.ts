import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { seededRandom } from "../../testing/mod.ts";
import { atSchedule, cronSchedule, everySchedule, OLDEST, type Schedule } from "./schedule.ts";

const START = Date.parse("2026-03-01T00:00:00Z");

/** All due times, as `next` tells them. */
function enumerated(schedule: Schedule, after: number, until: number): number[] {
  const found: number[] = [];
  for (let at = schedule.next(after, START); at !== undefined && at <= until;) {
    found.push(at);
    at = schedule.next(at, START);
  }
  return found;
}

const SCHEDULES: [name: string, schedule: Schedule, span: number][] = [
  ["everySchedule()", everySchedule(700), 100_000],
  ["atSchedule()", atSchedule(new Date(START + 50_000)), 100_000],
  ["cronSchedule() often", cronSchedule("*/7 * * * *", "UTC"), 20 * 3_600_000],
  ["cronSchedule() in bursts", cronSchedule("* 2 * * 0", "Europe/Berlin"), 40 * 24 * 3_600_000],
];

for (const [name, schedule, span] of SCHEDULES) {
  Deno.test(`${name} has the same times forwards and backwards`, () => {
    const random = seededRandom(5);
    for (let i = 0; i < 40; i++) {
      const after = START + Math.floor((random() - 0.1) * span);
      const until = after + Math.floor(random() * span * 0.5);
      const all = enumerated(schedule, after, until);
      for (const limit of [1, 3, 10_000]) {
        deepStrictEqual(
          schedule.between({ after, until, limit }, START),
          all.slice(-limit),
        );
      }
    }
  });
}

Deno.test("everySchedule() counts from the start, which is not due itself", () => {
  const schedule = everySchedule(1000);
  strictEqual(schedule.text, "every 1s");
  strictEqual(schedule.next(START - 5000, START), START + 1000);
  strictEqual(schedule.next(START, START), START + 1000);
  strictEqual(schedule.next(START + 1000, START), START + 2000);
  strictEqual(schedule.next(START + 2999, START), START + 3000);
});

Deno.test("atSchedule() is due once, and up to a week late when it is new", () => {
  const schedule = atSchedule(new Date(START));
  const due = (since: number) => schedule.next(schedule.start(since), since);
  strictEqual(due(START - 1), START);
  strictEqual(due(START + OLDEST - 1), START);
  strictEqual(due(START + OLDEST), undefined);
  strictEqual(schedule.next(START, START), undefined);
});

Deno.test("cronSchedule() finds the last time of a rare schedule", () => {
  const schedule = cronSchedule("0 0 29 2 *", "UTC");
  const range = { after: Date.parse("2020-01-01T00:00Z"), until: START, limit: 1 };
  deepStrictEqual(schedule.between(range, 0), [Date.parse("2024-02-29T00:00Z")]);
});
