import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { seededRandom } from "../../testing/mod.ts";
import { cronTimes } from "./cron_times.ts";
import { ZonedTimes } from "./zoned_times.ts";

const HOUR = 3_600_000;

function times(expression: string, zone: string, from: string, count: number): string[] {
  const next = cronTimes(expression, zone);
  const found: string[] = [];
  let time: number | undefined = Date.parse(from);
  while (found.length < count && (time = next(time)) !== undefined) {
    found.push(new Date(time).toISOString().slice(5, 16));
  }
  return found;
}

// Berlin skips 02:00 to 03:00 on March 29, 2026, and repeats it on October 25.
const [SPRING, AUTUMN] = ["2026-03-28T12:00:00Z", "2026-10-24T12:00:00Z"];

const DST: [expression: string, from: string, due: string[]][] = [
  // times of the day: once a day
  ["30 2 * * *", SPRING, ["03-29T01:00", "03-30T00:30", "03-31T00:30"]],
  ["30 2 * * *", AUTUMN, ["10-25T00:30", "10-26T01:30", "10-27T01:30"]],
  ["15,45 2 * * *", SPRING, ["03-29T01:00", "03-30T00:15", "03-30T00:45"]],
  ["15,45 2 * * *", AUTUMN, ["10-25T00:15", "10-25T00:45", "10-26T01:15"]],
  ["0 1-4 * * *", SPRING, ["03-29T00:00", "03-29T01:00", "03-29T02:00", "03-29T23:00"]],
  ["0 1-4 * * *", AUTUMN, ["10-24T23:00", "10-25T00:00", "10-25T02:00", "10-25T03:00"]],
  ["0 3 * * *", SPRING, ["03-29T01:00", "03-30T01:00"]],
  ["@daily", AUTUMN, ["10-24T22:00", "10-25T23:00"]],
  ["30 2 29 3 *", "2025-12-01T00:00:00Z", ["03-29T01:00", "03-29T00:30"]],
  // hours that pass
  ["30 * * * *", "2026-03-28T23:45:00Z", ["03-29T00:30", "03-29T01:30", "03-29T02:30"]],
  ["30 * * * *", "2026-10-24T23:45:00Z", ["10-25T00:30", "10-25T01:30", "10-25T02:30"]],
  ["@hourly", "2026-10-24T23:45:00Z", ["10-25T00:00", "10-25T01:00", "10-25T02:00"]],
  ["*/20 * * * *", "2026-10-25T00:30:00Z", ["10-25T00:40", "10-25T01:00", "10-25T01:20"]],
];

for (const [expression, from, due] of DST) {
  Deno.test(`cronTimes() of "${expression}" in Berlin after ${from}`, () => {
    deepStrictEqual(times(expression, "Europe/Berlin", from, due.length), due);
  });
}

Deno.test("cronTimes() knows zones with changes of half an hour and at midnight", () => {
  // Lord Howe repeats 01:30 to 02:00 on April 5, 2026 and skips 02:00 to 02:30 on October 4
  deepStrictEqual(times("45 1 * * *", "Australia/Lord_Howe", "2026-04-04T00:00:00Z", 2), [
    "04-04T14:45",
    "04-05T15:15",
  ]);
  deepStrictEqual(times("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z", 2), [
    "10-03T15:30",
    "10-04T15:15",
  ]);
  // Beirut skips 00:00 to 01:00 on March 29, 2026
  deepStrictEqual(times("@daily", "Asia/Beirut", "2026-03-28T12:00:00Z", 2), [
    "03-28T22:00",
    "03-29T21:00",
  ]);
});

Deno.test("cronTimes() are the same times wherever they are begun, and grow", () => {
  const random = seededRandom(11);
  const expressions = ["30 2 * * *", "15,45 1-3 * * *", "*/20 * * * *", "5 */2 * * *", "0 2 * * 0"];
  for (const zone of ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"]) {
    for (const expression of expressions) {
      const next = cronTimes(expression, zone);
      for (const change of ["2026-03-08T07:00Z", SPRING, "2026-04-04T15:00Z", AUTUMN]) {
        const [from, to] = [Date.parse(change) - 12 * HOUR, Date.parse(change) + 36 * HOUR];
        const all: number[] = [];
        for (let at = next(from); at! <= to; at = next(at!)) {
          ok(at! > (all.at(-1) ?? 0));
          all.push(at!);
        }
        for (let i = 0; i < 60; i++) {
          const start = from + Math.floor(random() * (to - from));
          const expected = all.find((at) => at > start);
          if (expected !== undefined) strictEqual(next(start), expected, `${expression} ${zone}`);
        }
      }
    }
  }
});

Deno.test("cronTimes() of times of a day come once on each day of a year", () => {
  const zone = new ZonedTimes("America/New_York");
  for (const expression of ["30 2 * * *", "0 0 * * *", "30 1 * * *"]) {
    const next = cronTimes(expression, "America/New_York");
    const days = new Set<number>();
    let at = Date.parse("2025-12-31T23:00:00Z");
    for (let i = 0; i < 365; i++) {
      at = next(at)!;
      days.add(Math.floor(zone.localAt(at) / (24 * HOUR)));
    }
    strictEqual(days.size, 365);
  }
});
