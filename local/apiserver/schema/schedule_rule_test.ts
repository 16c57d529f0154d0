import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { cronSchedule, timeZone } from "./schedule_rule.ts";

const RIGHT = [
  "* * * * *",
  "? * ? * MON-fri",
  "5/15 * * JAN *",
  "0,30 1-5/2 1,15 * 0",
  "*-5 * * * *",
  "1,,2 * * * *",
  "@hourly",
  "@every 1h30m",
];

Deno.test("cronSchedule() takes what Kubernetes takes", () => {
  for (const schedule of RIGHT) deepStrictEqual(cronSchedule(schedule), [], schedule);
});

/** The texts of 1.20 but for their first letter, which newer parsers write small. */
const WRONG: Record<string, string> = {
  "x": "expected exactly 5 fields, found 1: [x]",
  "* * * *": "expected exactly 5 fields, found 4: [* * * *]",
  "60 * * * *": "end of range (60) above maximum (59): 60",
  "*/0 * * * *": "step of range should be a positive number: */0",
  "5-1 * * * *": "beginning of range (5) beyond end of range (1): 5-1",
  "* * * * 7": "end of range (7) above maximum (6): 7",
  "a * * * *": 'failed to parse int from a: strconv.Atoi: parsing "a": invalid syntax',
  "1-2-3 * * * *": "too many hyphens: 1-2-3",
  "1/2/3 * * * *": "too many slashes: 1/2/3",
  "* * 0 * *": "beginning of range (0) below minimum (1): 0",
  "-1 * * * *": 'failed to parse int from : strconv.Atoi: parsing "": invalid syntax',
  "* * * * foo": 'failed to parse int from foo: strconv.Atoi: parsing "foo": invalid syntax',
  "@foo": "unrecognized descriptor: @foo",
};

Deno.test("cronSchedule() says what is wrong in the words of Kubernetes", () => {
  for (const [schedule, problem] of Object.entries(WRONG)) {
    deepStrictEqual(cronSchedule(schedule), [problem]);
  }
  strictEqual(cronSchedule("@every 1x").length, 1);
});

Deno.test("timeZone() takes names of the time zone database only", () => {
  for (const zone of ["Europe/Berlin", "Etc/UTC", "America/Argentina/Ushuaia"]) {
    deepStrictEqual(timeZone(zone), [], zone);
  }
  deepStrictEqual(timeZone("Europe/Nowhere"), ["unknown time zone Europe/Nowhere"]);
  deepStrictEqual(timeZone("../etc/passwd"), ["unknown timezone ../etc/passwd"]);
  for (const zone of ["", "Local", "+01:00", "-05"]) strictEqual(timeZone(zone).length, 1, zone);
});
