// Leaders that die, are deposed and cannot write, and clocks that jump, at random by a seed.
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { seededRandom } from "../../testing/mod.ts";
import { type Replica, Stage } from "./testdata/stage.ts";

const SEEDS = 25;
const STEPS = 60;
const INTERVAL = 700;

/** Timers of each policy, by their names. */
const POLICIES = {
  "all again": { missed: "all", interrupted: "again" },
  "all skip": { missed: "all", interrupted: "skip" },
  "latest skip": { missed: "latest", interrupted: "skip" },
  "skip again": { missed: "skip", interrupted: "again" },
} as const;

for (let seed = 1; seed <= SEEDS; seed++) {
  Deno.test(`Timers call for no due time twice and leave none out, with faults of seed ${seed}`, async () => {
    using stage = new Stage("2026-03-01T12:00:00Z");
    const random = seededRandom(seed);
    const together: string[] = [];
    let isCalm = false;
    const begin = (): Replica => {
      const replica = stage.replica();
      for (const [name, policy] of Object.entries(POLICIES)) {
        replica.every(`${INTERVAL}ms`, { name, ...policy });
      }
      const atWork = new Set<string>();
      replica.handler = async ({ name }) => {
        if (atWork.has(name)) together.push(name);
        atWork.add(name);
        if (!isCalm && random() < 0.3) {
          await new Promise((resolve) => setTimeout(resolve, random() * 1500));
        }
        atWork.delete(name);
      };
      return replica;
    };
    stage.outcome = () => random() < 0.8 ? "ok" : random() < 0.5 ? "refused" : "lost answer";
    let leader = begin();
    leader.lead();
    let next = begin();
    /** Changes of leader, each of which may interrupt one call of each timer. */
    let changes = 0;
    for (let step = 0; step < STEPS; step++) {
      await stage.pass(Math.floor(random() * 2000));
      const dice = random();
      if (dice < 0.3) {
        changes++;
        // at rest, or right between a write and the calls that follow from it
        const isDead = random() < 0.7;
        const old = leader;
        const fall = (): void => isDead ? old.kill() : old.depose();
        if (random() < 0.5) {
          stage.onStored = fall;
          await stage.pass(1000);
          stage.onStored = () => {};
        }
        fall();
        leader = next;
        next = isDead ? begin() : old;
        leader.lead();
      } else if (dice < 0.35) stage.skew += Math.round(random() * 20_000);
      else if (dice < 0.4) stage.skew -= Math.round(random() * 20_000);
    }
    stage.outcome = () => "ok";
    isCalm = true; // so that nothing lags behind
    await stage.pass(200_000);

    deepStrictEqual(together, []); // no two handlers of one timer
    const since = Object.values(stage.stored!.timers)[0]!.since;
    for (const [name, policy] of Object.entries(POLICIES)) {
      const calls = stage.calls.filter((call) => call.name === name);
      const dues = calls.map(({ due }) => due.getTime());
      ok(dues.every((due) => (due - since) % INTERVAL === 0), "the grid was shifted");
      deepStrictEqual(dues, dues.toSorted((a, b) => a - b)); // none after a later one
      const firsts = calls.filter(({ again }) => !again);
      strictEqual(new Set(firsts.map(({ due }) => due.getTime())).size, firsts.length, name);
      if (policy.interrupted === "skip") strictEqual(firsts.length, calls.length);
      const called = new Set(dues);
      const missing = [];
      for (let due = since + INTERVAL; due <= dues.at(-1)!; due += INTERVAL) {
        if (!called.has(due)) missing.push(due);
      }
      if (name === "all again") {
        const givenUp = stage.errors.filter(({ message }) => message.startsWith("Cannot end"));
        ok(missing.length <= givenUp.length, `${missing.length} were left out`);
        ok(calls.length - called.size <= changes, "a call was repeated that was not interrupted");
      }
      if (name === "all skip") ok(missing.length <= changes, `${missing.length} were left out`);
      // it did not stop
      ok(stage.now() - dues.at(-1)! < 2 * INTERVAL + 1500, `${name} has stopped`);
    }
    const closed = Promise.all([leader, next].map(({ timers }) => timers.close()));
    await stage.pass(3000); // for what is at work
    await closed;
  });
}
