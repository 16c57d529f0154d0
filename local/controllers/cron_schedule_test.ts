import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { cronSchedule } from "./cron_schedule.ts";

function times(schedule: string, from: string, count: number, zone?: string): string[] {
  const parsed = cronSchedule(schedule, zone);
  const found: string[] = [];
  let time: number | undefined = Date.parse(from);
  while (found.length < count && (time = parsed.next(time)) !== undefined) {
    found.push(new Date(time).toISOString().slice(5, 16));
  }
  return found;
}

Deno.test("cronSchedule() knows fields, steps, lists, names and descriptors", () => {
  const from = "2026-01-01T00:00:00.500Z";
  deepStrictEqual(times("*/20 * * * *", from, 2), ["01-01T00:20", "01-01T00:40"]);
  deepStrictEqual(times("5,10-20/5 ? * * *", from, 5).slice(3), ["01-01T00:20", "01-01T01:05"]);
  deepStrictEqual(times("40/10 * * * *", from, 3), ["01-01T00:40", "01-01T00:50", "01-01T01:40"]);
  deepStrictEqual(times("0 9 * feb mon-TUE", from, 2), ["02-02T09:00", "02-03T09:00"]);
  deepStrictEqual(times("@hourly", from, 2), ["01-01T01:00", "01-01T02:00"]);
  deepStrictEqual(times("@weekly", from, 1), ["01-04T00:00"]);
  deepStrictEqual(times("@every 1h30m", from, 2), ["01-01T01:30", "01-01T03:00"]);
});

Deno.test("cronSchedule() takes either day when both are given, and both when one is any", () => {
  const from = "2026-01-01T00:00:00Z";
  deepStrictEqual(times("0 0 13 * 5", from, 3), ["01-02T00:00", "01-09T00:00", "01-13T00:00"]);
  deepStrictEqual(times("0 0 * * 5", from, 2), ["01-02T00:00", "01-09T00:00"]);
  deepStrictEqual(times("0 0 13 * *", from, 1), ["01-13T00:00"]);
});

Deno.test("cronSchedule() counts in a time zone, through changes of its clock", () => {
  const zone = "Europe/Berlin";
  deepStrictEqual(times("0 9 * * *", "2026-01-01T00:00:00Z", 1, zone), ["01-01T08:00"]);
  deepStrictEqual(times("0 9 * * *", "2026-07-01T00:00:00Z", 1, zone), ["07-01T07:00"]);
  // 02:30 is not there on March 29, and comes twice on October 25
  deepStrictEqual(times("30 2 * * *", "2026-03-28T00:00:00Z", 2, zone), [
    "03-28T01:30",
    "03-30T00:30",
  ]);
  deepStrictEqual(times("30 2 * * *", "2026-10-24T12:00:00Z", 3, zone), [
    "10-25T00:30",
    "10-25T01:30",
    "10-26T01:30",
  ]);
  deepStrictEqual(times("TZ=Asia/Tokyo 0 9 * * *", "2026-01-01T12:00:00Z", 1), ["01-02T00:00"]);
});

Deno.test("cronSchedule() has no time for a day that never comes", () => {
  strictEqual(cronSchedule("0 0 31 2 *").next(0), undefined);
});

Deno.test("cronSchedule() refuses what is no schedule or no zone", () => {
  throws(() => cronSchedule("* * *"), TypeError);
  throws(() => cronSchedule("x * * * *"), TypeError);
  throws(() => cronSchedule("* * * * *", "Europe/Nowhere"), RangeError);
});
