// Processes use locks, registers and counters while they are killed and paused, their clocks drift and jump, the
// network fails, and the servers are killed and paused; what they were told must be linearizable.
// TROUPE_HISTORY_SECONDS says for how long (default 20), TROUPE_HISTORY_SEEDS how often (default 2), and
// TROUPE_HISTORY_SEED which seed is the first (default 1).
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { WEATHERS } from "../support/history/history_faults.ts";
import { type HistoryOutcome, playHistory } from "../support/history/history_scene.ts";

const SECONDS = Number(Deno.env.get("TROUPE_HISTORY_SECONDS") ?? 20);
const SEEDS = Number(Deno.env.get("TROUPE_HISTORY_SEEDS") ?? 2);
const FIRST_SEED = Number(Deno.env.get("TROUPE_HISTORY_SEED") ?? 1);

/** Seconds within which the broken lock is found out. */
const BROKEN_SECONDS = 8;

function told({ operations, lost, faults, struck, jumps }: HistoryOutcome): string {
  return JSON.stringify({ operations, lost, faults, struck, jumps });
}

/** The explanations of what cannot be, and what could not be checked. */
function violations({ verdicts }: HistoryOutcome): string[] {
  return Object.entries(verdicts).flatMap(([name, result]) => {
    if (result.verdict === "ok") return [];
    return [result.verdict === "illegal" ? result.explanation : `${name}: not checked in time`];
  });
}

for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
  Deno.test(`primitives are linearizable under ${SECONDS} s of faults (seed ${seed})`, async () => {
    const outcome = await playHistory({
      seed,
      duration: SECONDS * 1_000,
      lock: "mutex",
      all: true,
    });
    console.log(told(outcome));
    const found = violations(outcome);
    strictEqual(found.length, 0, found.join("\n"));
    const { operations, faults, serverFaults, struck, jumps } = outcome;
    // a run that has exercised nothing shows nothing
    for (const [name, { all, unknown }] of Object.entries(operations)) {
      ok(all - unknown > SECONDS / 5, `${all - unknown} operations of "${name}"`);
    }
    for (const kind of ["kill", "long pause", "short pause", ...WEATHERS]) {
      ok((faults[kind] ?? 0) > 0, `no fault of kind "${kind}"`);
    }
    const all = Object.values(struck).reduce((sum, count) => sum + count, 0);
    ok(all > SECONDS / 2, `${all} requests were struck`);
    ok(serverFaults === undefined || serverFaults > 0, "no server was struck");
    ok(jumps > 0, "no calendar has jumped");
  });
}

Deno.test("a lock that compares calendars and has no fence is found out", async () => {
  const outcome = await playHistory({
    seed: FIRST_SEED,
    duration: BROKEN_SECONDS * 1_000,
    lock: "broken",
    all: false,
  });
  console.log(told(outcome));
  const { lock, fenced } = outcome.verdicts;
  deepStrictEqual([lock?.verdict, fenced?.verdict], ["illegal", "illegal"]);
  for (const result of [lock, fenced]) {
    if (result?.verdict !== "illegal") continue;
    console.log(result.explanation);
    ok(result.conflict.length >= 2, result.explanation);
    match(result.explanation, /no order of \d+ operations/);
  }
});
