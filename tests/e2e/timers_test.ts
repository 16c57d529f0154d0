// The leader is killed again and again while timers run. TROUPE_TIMER_KILLS says how often (default 5).
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { startCast } from "../support/cast.ts";
import type { ReplicaLine } from "../support/replica.ts";
import type { Replica } from "../support/replicas.ts";
import { until } from "../support/until.ts";

type DueLine = Extract<ReplicaLine, { line: "due" }>;

const KILLS = Number(Deno.env.get("TROUPE_TIMER_KILLS") ?? 5);
const LEASE = 1_000;
const INTERVAL = 300;
/** For what takes as long as an election may take on a busy machine. */
const PATIENCE = { timeout: 120_000 };

/** Timers of each policy, by their names. */
const TIMERS = {
  latest: { interval: `${INTERVAL}ms`, options: {} },
  all: { interval: `${INTERVAL}ms`, options: { missed: "all" } },
  again: { interval: `${INTERVAL}ms`, options: { missed: "all", interrupted: "again" } },
} as const;

function linesOf(replica: Replica, name: string): DueLine[] {
  return replica.lines().filter((l): l is DueLine => l.line === "due" && l.name === name);
}

Deno.test(`a timer of ${INTERVAL} ms fires once for each due time while its leader is killed ${KILLS} times`, async () => {
  await using cast = await startCast({
    workers: 0,
    leaseDuration: LEASE,
    runtime: "simulated",
    replica: { runs: [], timers: { ...TIMERS } },
  });
  const everyone: Replica[] = [];
  const add = () => everyone.push(cast.add());
  for (let i = 0; i < 2; i++) add();
  let token = 0;
  let killed = 0;
  for (let kill = 1; kill <= KILLS; kill++) {
    const leader = await cast.leader(token);
    // some due times of its own, and then at any moment
    await until(
      `due times in a term after ${token}`,
      () => Object.keys(TIMERS).every((name) => linesOf(leader, name).length > 2),
      PATIENCE,
    ).catch(() => {}); // it may have lost its lease on a busy machine
    token = cast.token();
    const [last] = cast.replicas.filter((replica) => replica.token() === token);
    await last!.stop("SIGKILL");
    killed++;
    cast.drop(last!);
    add();
  }
  const last = await cast.leader(token);
  await until("due times in the last term", () => linesOf(last, "all").length > 5, PATIENCE);
  await Promise.all(everyone.map((replica) => replica.stop()));

  // terms that ended otherwise than by a kill may interrupt too
  const terms = new Set(
    everyone.flatMap((r) => r.lines().flatMap((l) => l.line === "leading" ? [l.token] : [])),
  );
  ok(terms.size > killed);
  for (const name of Object.keys(TIMERS)) {
    const lines = everyone.flatMap((replica) => linesOf(replica, name))
      .toSorted((a, b) => a.due - b.due || a.token - b.token);
    const firsts = lines.filter(({ again }) => !again).map(({ due }) => due);
    strictEqual(new Set(firsts).size, firsts.length, `"${name}" fired a due time twice`);
    const [first, end] = [lines[0]!.due, lines.at(-1)!.due];
    ok(lines.every(({ due }) => (due - first) % INTERVAL === 0), "the grid was shifted");
    const called = new Set(lines.map(({ due }) => due));
    const left: number[] = [];
    for (let due = first; due <= end; due += INTERVAL) if (!called.has(due)) left.push(due);
    if (name === "again") deepStrictEqual(left, []); // but a repetition of what was interrupted
    else strictEqual(firsts.length, lines.length);
    // one due time for each term may have been taken and not called
    if (name === "all") ok(left.length < terms.size, `${left.length} were left out`);
    if (name === "again") ok(lines.length - called.size < terms.size);
    if (name === "latest") {
      const told = lines.reduce((sum, { missed }) => sum + missed, 0);
      ok(left.length - told < terms.size, `${left.length} were left out, ${told} of them told`);
    }
    console.log(
      `"${name}": ${called.size} due times, ${left.length} left out, ${lines.length} calls`,
    );
  }
});
