import { ok, strictEqual } from "node:assert/strict";
import { seededRandom } from "../../testing/mod.ts";
import { measured, spreadAfterExpiry, spreadAfterRelease } from "./spread.ts";

/** The average, over many draws, of when the first of so many comes, and how many do within a round trip. */
function play(candidates: number, roundTrip: number): { first: number; together: number } {
  const random = seededRandom(candidates);
  const sums = { first: 0, together: 0 };
  const draws = 50;
  for (let i = 0; i < draws; i++) {
    const waits = Array.from({ length: candidates }, () => spreadAfterRelease(roundTrip, random()));
    const first = Math.min(...waits);
    sums.first += first / draws;
    sums.together += waits.filter((it) => it < first + roundTrip).length / draws;
  }
  return sums;
}

Deno.test("spreadAfterRelease() lets some 55 of 100 to 1,000 write within a round trip", () => {
  for (const candidates of [100, 300, 1_000]) {
    for (const roundTrip of [10, 20, 50]) {
      const { together } = play(candidates, roundTrip);
      ok(together > 5 && together < 150, `${together} of ${candidates}`);
    }
  }
});

Deno.test("spreadAfterRelease() lets the first of few wait for less than 20 ms or two round trips", () => {
  for (const candidates of [1, 2, 3, 5]) {
    ok(play(candidates, 3).first < 20);
    ok(play(candidates, 20).first < 35);
  }
});

Deno.test("spreadAfterRelease() is bounded when the measured round trip is not to be believed", () => {
  strictEqual(spreadAfterRelease(0, 0), 0);
  strictEqual(spreadAfterRelease(60_000, 0), 0);
  ok(spreadAfterRelease(60_000, 0.999999) <= 100);
  ok(spreadAfterExpiry(60_000, 0.999999) <= 400);
});

Deno.test("measured() believes no slow first answer, which had to wait for the connection", () => {
  strictEqual(measured(undefined, 3), 3);
  strictEqual(measured(undefined, 80), 10);
  strictEqual(measured(10, 80), 80);
});
