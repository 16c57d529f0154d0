import { strictEqual } from "node:assert/strict";
import { humanDuration } from "./human_duration.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const CASES: [number, string][] = [
  [-2 * SECOND, "<invalid>"],
  [-SECOND, "0s"],
  [0, "0s"],
  [999, "0s"],
  [119 * SECOND, "119s"],
  [2 * MINUTE, "2m"],
  [9 * MINUTE + 59 * SECOND, "9m59s"],
  [10 * MINUTE + 59 * SECOND, "10m"],
  [179 * MINUTE, "179m"],
  [3 * HOUR, "3h"],
  [7 * HOUR + 59 * MINUTE, "7h59m"],
  [8 * HOUR + 59 * MINUTE, "8h"],
  [47 * HOUR, "47h"],
  [48 * HOUR, "2d"],
  [2 * DAY + 5 * HOUR, "2d5h"],
  [8 * DAY + 5 * HOUR, "8d"],
  [729 * DAY, "729d"],
  [730 * DAY, "2y"],
  [731 * DAY, "2y1d"],
  [8 * 365 * DAY + DAY, "8y"],
];

for (const [milliseconds, expected] of CASES) {
  Deno.test(`humanDuration() is ${expected} when given ${milliseconds} ms`, () => {
    strictEqual(humanDuration(milliseconds), expected);
  });
}
