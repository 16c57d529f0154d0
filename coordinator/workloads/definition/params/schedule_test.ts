import { strictEqual } from "node:assert/strict";
import { z } from "zod";
import { scheduleShape } from "./schedule.ts";

const schema = z.strictObject(scheduleShape);

const SCHEDULES: readonly [schedule: string, right: boolean][] = [
  ["0 3 * * *", true],
  ["*/5 * * * *", true],
  ["5/15 * * * *", true],
  ["0 9-17/2 * JAN,jul MON-FRI", true],
  ["? 0 ? * ?", true],
  ["0 0 29 2 *", true],
  ["@daily", true],
  ["@every 5m", false],
  ["@reboot", false],
  ["* * * *", false],
  ["0 0 3 * * *", false],
  ["60 * * * *", false],
  ["* 24 * * *", false],
  ["* * 0 * *", false],
  ["* * * 13 *", false],
  ["* * * * 7", false],
  ["* * * * 1-7", false],
  ["0 0 L * *", false],
  ["0 0 * * 5#2", false],
  ["0 0 30 2 *", false],
  ["*/0 * * * *", false],
  ["5-1 * * * *", false],
  ["TZ=UTC 0 3 * * *", false],
  ["", false],
];

for (const [schedule, right] of SCHEDULES) {
  Deno.test(`schedule ${JSON.stringify(schedule)} is ${right ? "taken" : "refused"}`, () => {
    strictEqual(schema.safeParse({ schedule }).success, right);
  });
}

const ZONES: readonly [timeZone: string, right: boolean][] = [
  ["Europe/Berlin", true],
  ["America/Argentina/Buenos_Aires", true],
  ["Asia/Kolkata", true],
  ["Asia/Calcutta", true],
  ["Etc/GMT+5", true],
  ["UTC", true],
  ["europe/berlin", false],
  ["Europe/berlin", false],
  ["+01:00", false],
  ["Local", false],
  ["Europe/Atlantis", false],
  ["", false],
];

for (const [timeZone, right] of ZONES) {
  Deno.test(`time zone ${JSON.stringify(timeZone)} is ${right ? "taken" : "refused"}`, () => {
    strictEqual(schema.safeParse({ timeZone }).success, right);
  });
}
