import { deepStrictEqual, match, ok, strictEqual, throws } from "node:assert/strict";
import type { Timer } from "./mod.ts";
import { Stage } from "./testdata/stage.ts";

const NOON = "2026-03-01T12:00:00Z";
const MINUTE = 60_000;

function nextOf(timer: Timer): string | undefined {
  return timer.next?.toISOString();
}

Deno.test("Timers call a handler at each due time, with one write for each and one to begin", async () => {
  using stage = new Stage(NOON);
  const replica = stage.replica();
  const timer: Timer = replica.every("10s");
  strictEqual(nextOf(timer), undefined);
  replica.lead();
  await stage.pass(0);
  strictEqual(nextOf(timer), "2026-03-01T12:00:10.000Z");
  await stage.pass(35_000);
  deepStrictEqual(stage.dues, ["12:00:10", "12:00:20", "12:00:30"]);
  strictEqual(stage.writes, 4);
  strictEqual(nextOf(timer), "2026-03-01T12:00:40.000Z");
  const { name, missed, again, lateBy, token } = stage.calls[0]!;
  deepStrictEqual({ name, missed, again, lateBy }, {
    name: "every 10s",
    missed: 0,
    again: false,
    lateBy: 0,
  });
  strictEqual(token, stage.term);
  await replica.timers.close();
});

Deno.test("Timers that are due at once share a write", async () => {
  using stage = new Stage(NOON);
  const replica = stage.replica();
  for (const name of ["a", "b", "c"]) replica.every("10s", { name });
  replica.cron("* * * * *");
  replica.lead();
  await stage.pass(MINUTE + 1000);
  strictEqual(stage.calls.length, 3 * 6 + 1);
  strictEqual(stage.writes, 1 + 6);
  await replica.timers.close();
});

Deno.test("Timers without any timer send nothing, and one that is set later works", async () => {
  using stage = new Stage(NOON);
  const replica = stage.replica();
  replica.lead();
  await stage.pass(MINUTE);
  strictEqual(stage.writes, 0);
  replica.every("10s");
  await stage.pass(10_000);
  deepStrictEqual(stage.dues, ["12:01:10"]);
  await replica.timers.close();
});

Deno.test("Timers of a follower call nothing, and keep the grid when it comes to lead", async () => {
  using stage = new Stage(NOON);
  const [first, second] = [stage.replica(), stage.replica()];
  for (const replica of [first, second]) replica.every("10s");
  first.lead();
  await stage.pass(12_000);
  first.kill();
  await stage.pass(5000);
  second.lead();
  await stage.pass(5000);
  deepStrictEqual(stage.calls.map((c) => c.replica), [first.id, second.id]);
  deepStrictEqual(stage.dues, ["12:00:10", "12:00:20"]);
  await second.timers.close();
});

const MISSED = [
  ["latest", ["12:00:10", "12:00:40", "12:00:50"], [0, 2, 0]],
  ["all", ["12:00:10", "12:00:20", "12:00:30", "12:00:40", "12:00:50"], [0, 0, 0, 0, 0]],
  ["skip", ["12:00:10", "12:00:50"], [0, 3]],
] as const;

/** What follows when the handler is at work from 12:01:00 to 12:01:35. */
const LATE = {
  latest: ["12:01:00", "12:01:30", "12:01:40"],
  all: ["12:01:00", "12:01:10", "12:01:20", "12:01:30", "12:01:40"],
  skip: ["12:01:00", "12:01:40"],
};

for (const [missed, dues, counts] of MISSED) {
  Deno.test(`Timers with missed: "${missed}" do so after nobody has led, and after a long handler`, async () => {
    using stage = new Stage(NOON);
    const [first, second] = [stage.replica(), stage.replica()];
    for (const replica of [first, second]) replica.every("10s", { missed });
    first.lead();
    await stage.pass(12_000);
    first.kill();
    await stage.pass(33_000);
    second.lead();
    await stage.pass(8000);
    deepStrictEqual(stage.dues, dues);
    deepStrictEqual(stage.calls.map((call) => call.missed), counts);

    const release = Promise.withResolvers<void>();
    let atWork = 0;
    second.handler = async () => {
      strictEqual(++atWork, 1);
      if (stage.calls.length === dues.length + 1) await release.promise;
      atWork--;
    };
    await stage.pass(42_000); // the one of 12:01:00 is at work
    strictEqual(stage.calls.length, dues.length + 1);
    release.resolve();
    await stage.pass(8000);
    deepStrictEqual(stage.dues.slice(dues.length), LATE[missed]);
    await second.timers.close();
  });
}

Deno.test('Timers with missed: "all" make up for the last 1,000', async () => {
  using stage = new Stage(NOON);
  const [first, second] = [stage.replica(), stage.replica()];
  for (const replica of [first, second]) replica.every("1s", { missed: "all" });
  first.lead();
  await stage.pass(500);
  first.kill();
  await stage.pass(1_500_000);
  second.lead();
  for (let i = 0; i < 200; i++) await stage.pass(0); // 1,000 writes, one after another
  strictEqual(stage.calls.length, 1000);
  strictEqual(stage.calls[0]!.missed, 500);
  strictEqual(stage.calls[1]!.missed, 0);
  strictEqual(stage.calls.at(-1)!.due.getTime(), Date.parse(NOON) + 1_500_000);
  await second.timers.close();
});

for (const interrupted of ["skip", "again"] as const) {
  Deno.test(`Timers with interrupted: "${interrupted}" do so when the leader dies in a handler`, async () => {
    using stage = new Stage(NOON);
    const [first, second] = [stage.replica(), stage.replica()];
    for (const replica of [first, second]) replica.every("10s", { interrupted });
    first.lead();
    first.handler = () => stage.calls.length === 2 && new Promise(() => {});
    await stage.pass(21_000);
    first.kill();
    second.lead();
    await stage.pass(10_000);
    const again = stage.calls.map((call) => call.again);
    if (interrupted === "skip") {
      deepStrictEqual(stage.dues, ["12:00:10", "12:00:20", "12:00:30"]);
      deepStrictEqual(again, [false, false, false]);
    } else {
      deepStrictEqual(stage.dues, ["12:00:10", "12:00:20", "12:00:20", "12:00:30"]);
      deepStrictEqual(again, [false, false, true, false]);
    }
    await second.timers.close();
  });

  Deno.test(`Timers with interrupted: "${interrupted}" do so when the leader is deposed before the call`, async () => {
    using stage = new Stage(NOON);
    const [first, second] = [stage.replica(), stage.replica()];
    for (const replica of [first, second]) replica.every("10s", { interrupted });
    first.lead();
    await stage.pass(9000);
    stage.onStored = () => first.depose(); // it has taken the due time, and is not to call
    await stage.pass(1000);
    stage.onStored = () => {};
    deepStrictEqual(stage.dues, []);
    second.lead();
    await stage.pass(10_000);
    deepStrictEqual(
      stage.calls.map(({ replica, again }) => [replica, again]),
      interrupted === "skip" ? [[second.id, false]] : [[second.id, true], [second.id, false]],
    );
    deepStrictEqual(stage.errors, []);
    await second.timers.close();
  });
}

Deno.test('Timers with interrupted: "again" give a due time up after three calls, and tell', async () => {
  using stage = new Stage(NOON);
  for (let i = 0; i < 5; i++) {
    const replica = stage.replica();
    replica.every("1h", { interrupted: "again" });
    replica.handler = () => new Promise(() => {});
    replica.lead();
    await stage.pass(i === 0 ? 3_600_000 : 1000);
    replica.kill();
  }
  strictEqual(stage.calls.length, 3);
  deepStrictEqual(stage.errors.map(({ message }) => message), [
    'Cannot end timer "every 1h" of 2026-03-01T13:00:00.000Z: it was interrupted 3 times',
  ]);
});

Deno.test("Timers do not call a handler in a new term while it is at work from the old one", async () => {
  using stage = new Stage(NOON);
  const replica = stage.replica();
  replica.every("10s", { interrupted: "again" });
  const release = Promise.withResolvers<void>();
  replica.handler = () => release.promise;
  replica.lead();
  await stage.pass(10_000);
  replica.depose();
  replica.lead();
  await stage.pass(15_000);
  deepStrictEqual(stage.dues, ["12:00:10"]);
  release.resolve(); // it has ended, though its term was over
  await stage.pass(6000);
  deepStrictEqual(stage.dues, ["12:00:10", "12:00:20", "12:00:30"]);
  ok(stage.calls.every(({ again }) => !again));
  await replica.timers.close();
});

Deno.test("Timers abort the signal of a handler when the term ends, and report no reason that is passed on", async () => {
  using stage = new Stage(NOON);
  const replica = stage.replica();
  replica.every("10s");
  const aborted = Promise.withResolvers<void>();
  replica.handler = async ({ signal }) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    aborted.resolve();
    signal.throwIfAborted();
  };
  replica.lead();
  await stage.pass(10_000);
  replica.depose();
  await aborted.promise;
  await replica.timers.close();
  deepStrictEqual(stage.errors, []);
});

Deno.test("Timers report what a handler throws, and go on", async () => {
  using stage = new Stage(NOON);
  const replica = stage.replica();
  replica.every("10s", { interrupted: "again" });
  replica.handler = () => {
    throw new Error("oops");
  };
  replica.lead();
  await stage.pass(20_000);
  strictEqual(stage.calls.length, 2);
  deepStrictEqual(stage.errors.map(({ message }) => message), ["oops", "oops"]);
  await replica.timers.close();
});

for (const outcome of ["refused", "lost answer"] as const) {
  Deno.test(`Timers call a handler once when a write is ${outcome}, as often as that is`, async () => {
    using stage = new Stage(NOON);
    const replica = stage.replica();
    replica.every("10m");
    replica.lead();
    await stage.pass(9 * MINUTE);
    let failures = 3;
    stage.outcome = () => failures-- > 0 ? outcome : "ok";
    await stage.pass(6 * MINUTE);
    deepStrictEqual(stage.dues, ["12:10:00"]);
    strictEqual(stage.errors.length, outcome === "refused" ? 3 : 1); // then it is found stored
    await replica.timers.close();
  });
}

Deno.test("Timers do nothing twice and do not stop when the clock jumps", async () => {
  using stage = new Stage(NOON);
  const replica = stage.replica();
  replica.every("10s");
  replica.lead();
  await stage.pass(21_000);
  stage.skew += 5 * MINUTE;
  await stage.pass(1000); // noticed within a second
  deepStrictEqual(stage.dues, ["12:00:10", "12:00:20", "12:05:20"]);
  strictEqual(stage.calls.at(-1)!.missed, 29);
  stage.skew -= 3 * MINUTE;
  await stage.pass(2 * MINUTE);
  strictEqual(stage.calls.length, 3); // these were
  await stage.pass(70_000);
  const dues = stage.dues.slice(3);
  deepStrictEqual(dues.slice(0, 1), ["12:05:30"]);
  strictEqual(new Set(stage.dues).size, stage.dues.length);
  deepStrictEqual(stage.errors, []);
  await replica.timers.close();
});

Deno.test("Timers begin anew, and tell, when the clock was wrong by hours", async () => {
  using stage = new Stage(NOON);
  const replica = stage.replica();
  stage.skew = 24 * 60 * MINUTE;
  replica.every("10s");
  replica.lead();
  await stage.pass(11_000);
  stage.skew = 0;
  await stage.pass(12_000);
  match(stage.errors[0]!.message, /^Cannot go on with timer "every 10s" at 2026-03-02T12:00:10/);
  strictEqual(stage.calls.length, 2);
  strictEqual(stage.calls[1]!.due.toISOString().slice(0, 10), "2026-03-01");
  await replica.timers.close();
});

Deno.test("Timers fire a date in more than 2^31 ms, once, and not again after a restart", async () => {
  using stage = new Stage(NOON);
  const date = "2026-04-30T12:00:00Z";
  const replica = stage.replica();
  const timer = replica.at(date);
  strictEqual(timer.next?.toISOString(), "2026-04-30T12:00:00.000Z");
  replica.lead();
  await stage.pass(0);
  stage.time.now = Date.parse(date) - 500; // without the sleeps of each second till then
  await stage.pass(2000);
  strictEqual(stage.calls.length, 1);
  strictEqual(timer.next, undefined);
  replica.kill();
  for (const days of [0, 3, 10]) {
    await stage.time.tickAsync(0);
    stage.time.now = Date.parse(date) + days * 24 * 60 * MINUTE + MINUTE;
    const restarted = stage.replica();
    restarted.at(date);
    restarted.lead();
    await stage.pass(2000);
    restarted.kill();
  }
  strictEqual(stage.calls.length, 1);
});

Deno.test("Timers begin a grid anew when the schedule changes", async () => {
  using stage = new Stage(NOON);
  const [first, second] = [stage.replica(), stage.replica()];
  first.every("10s", { name: "t" });
  second.every("15s", { name: "t" });
  first.lead();
  await stage.pass(11_000);
  first.kill();
  second.lead();
  await stage.pass(20_000);
  deepStrictEqual(stage.dues, ["12:00:10", "12:00:26"]);
  await second.timers.close();
});

Deno.test("Timers remember for a week what is declared no more, for a program that is rolled back", async () => {
  using stage = new Stage(NOON);
  async function led(name: string, ms = 1000): Promise<void> {
    const replica = stage.replica();
    replica.every("1h", { name });
    replica.lead();
    await stage.pass(ms);
    replica.kill();
  }
  await led("old");
  await stage.pass(10_000);
  await led("new");
  deepStrictEqual(Object.keys(stage.stored!.timers), ["new", "old"]);
  await led("old");
  strictEqual(stage.stored!.timers.old!.since, Date.parse(NOON));
  strictEqual(stage.stored!.timers.old!.gone, undefined);
  await led("new");
  stage.time.now += 8 * 24 * 60 * MINUTE;
  await led("new");
  deepStrictEqual(Object.keys(stage.stored!.timers), ["new"]);
});

Deno.test("Timer.cancel() ends it, also by a signal, and the record forgets it", async () => {
  using stage = new Stage(NOON);
  const replica = stage.replica();
  const end = new AbortController();
  replica.every("10s", { signal: end.signal });
  const other = replica.every("20s");
  replica.lead();
  await stage.pass(10_000);
  end.abort();
  await stage.pass(11_000);
  other.cancel();
  other.cancel();
  strictEqual(other.next, undefined);
  await stage.pass(MINUTE);
  deepStrictEqual(stage.dues, ["12:00:10", "12:00:20"]);
  deepStrictEqual(stage.stored!.timers, {});
  replica.every("20s"); // its name is free again
  replica.every("30s", { signal: AbortSignal.abort() });
  await stage.pass(31_000);
  strictEqual(stage.calls.length, 3);
  await replica.timers.close();
});

Deno.test("Timers.close() takes no due time any more, and waits for handlers and what they leave", async () => {
  using stage = new Stage(NOON);
  const replica = stage.replica();
  replica.every("10s", { interrupted: "again" });
  const release = Promise.withResolvers<void>();
  replica.handler = () => release.promise;
  replica.lead();
  await stage.pass(10_000);
  let closed = false;
  const closing = replica.timers.close().then(() => closed = true);
  await stage.pass(20_000);
  strictEqual(closed, false);
  strictEqual(stage.stored!.timers["every 10s"]!.open, 1);
  release.resolve();
  await closing;
  strictEqual(stage.stored!.timers["every 10s"]!.open, undefined);
  strictEqual(stage.calls.length, 1);
  throws(() => replica.every("1m"), /the coordinator is stopped/);
});

Deno.test("Timers.add() refuses a name that is taken, and more than 1,000 timers", () => {
  using stage = new Stage(NOON);
  const replica = stage.replica();
  replica.every("10m");
  throws(() => replica.every("600s"), {
    name: "TypeError",
    message:
      'Cannot set timer "every 10m": there is one of that name, give this one another "name"',
  });
  for (let i = 1; i < 1000; i++) replica.every("10m", { name: `t${i}` });
  throws(() => replica.every("10m", { name: "more" }), RangeError);
});

const BAD: [set: (stage: Stage) => void, told: RegExp][] = [
  [(s) => s.replica().every("10x"), /^Cannot set a timer every "10x": "interval" given .* "1h30m"/],
  [(s) => s.replica().every("50ms"), /"interval" given/],
  [(s) => s.replica().every(true as unknown as string), /"interval" given true, allowed is milli/],
  [(s) => s.replica().at("never"), /"date" given/],
  [(s) => s.replica().cron("61 * * * *"), /"expression" given .* a schedule that occurs/],
  [(s) => s.replica().cron("0 0 31 2 *"), /"expression" given/],
  [(s) => s.replica().cron("* * * * *", { timeZone: "Nowhere" }), /"timeZone" given "Nowhere"/],
  [(s) => s.replica().every("1m", { missed: "some" as "all" }), /"missed" given "some"/],
  [(s) => s.replica().every("1m", { name: "" }), /"name" given ""/],
  [(s) => s.replica().every("1m", { tz: 1 } as object), /"tz" is no known field/],
];

Deno.test("Timers name each bad parameter, what was given and what is allowed", () => {
  using stage = new Stage(NOON);
  for (const [set, told] of BAD) throws(() => set(stage), { name: "TypeError", message: told });
});
