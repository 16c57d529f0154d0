import { deepStrictEqual, match, ok, strictEqual, throws } from "node:assert/strict";
import { ApiServer } from "../local/apiserver/mod.ts";
import type { TimerEvent } from "./mod.ts";
import { Heard } from "./testdata/heard.ts";
import { Sandbox } from "./testdata/sandbox.ts";
import { until } from "./testdata/until.ts";

const ELECTION = { election: { leaseDuration: 60_000 } };
const RECORD = "troupe-boss-timers";

interface Stored {
  timers: Record<string, { since: number; last?: number; by?: string; open?: number }>;
}

async function stored(sandbox: Sandbox): Promise<Stored> {
  const { data } = await sandbox.core.getConfigMap(RECORD);
  return JSON.parse(data!["value.json"]!);
}

Deno.test("Coordinator.every() calls its handler from start() on, and the record outlives a restart", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  const called = new Heard<TimerEvent>();
  let since: number | undefined;
  for (let life = 0; life < 2; life++) {
    await using coordinator = await sandbox.coordinator();
    const before = called.items.length;
    coordinator.every("100ms", called.add, { name: "t" });
    void coordinator.start();
    coordinator.at(new Date(Date.now()), called.add, { name: `at ${life}` });
    await until(() => called.items.length >= before + 4);
    await coordinator.stop();
    const { timers } = await stored(sandbox);
    strictEqual(since ??= timers.t!.since, timers.t!.since);
    throws(() => coordinator.every("1m", () => {}), /the coordinator is stopped/);
  }
  const dues = called.items.filter(({ name }) => name === "t").map(({ due }) => due.getTime());
  strictEqual(new Set(dues).size, dues.length);
  ok(dues.every((due) => (due - since!) % 100 === 0));
  deepStrictEqual(
    called.items.filter(({ name }) => name !== "t").map(({ name }) => name),
    ["at 0", "at 1"],
  );
  const { metadata } = await sandbox.core.getConfigMap(RECORD);
  deepStrictEqual({ ...metadata!.labels }, {
    "app.kubernetes.io/managed-by": "troupe",
    "app.kubernetes.io/name": "boss",
    "troupe.dev/coordinator": "boss",
  });
});

Deno.test("Coordinator sends nothing of timers while there are none", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  const coordinator = await sandbox.coordinator();
  const leading = Promise.withResolvers<void>();
  coordinator.onLeading(() => leading.resolve());
  void coordinator.start();
  await leading.promise;
  await coordinator.stop();
  deepStrictEqual(sandbox.requests.filter((line) => line.includes("configmaps")), []);
});

Deno.test("Coordinator hands a due time that a deposed leader has taken and not called to the next one", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  const options = { name: "t", interrupted: "again", missed: "all" } as const;
  const called = new Heard<TimerEvent & { by: string }>();
  const first = await sandbox.coordinator({
    election: { ...ELECTION.election, identity: "first" },
  });
  const errors = new Heard<Error>();
  first.onError(errors.add);
  let held: Promise<void> | undefined;
  const arrived = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  // the write that takes a due time is answered when the next one leads
  sandbox.intercept = async (line, forward) => {
    const response = await forward();
    if (held === undefined && line.startsWith("PATCH") && line.includes(RECORD)) {
      held = release.promise;
      arrived.resolve();
      await held;
    }
    return response;
  };
  first.every("200ms", (e) => called.add({ ...e, by: "first" }), options);
  const lost = Promise.withResolvers<void>();
  first.onCoordinatorEvent((e) => e.type === "lost" && lost.resolve());
  void first.start();
  await arrived.promise;
  const taken = (await stored(sandbox)).timers.t!;
  ok(taken.last !== undefined && taken.open === 1);
  await sandbox.holdLease("somebody");
  await lost.promise;
  release.resolve();
  await sandbox.holdLease("second");
  strictEqual(called.items.length, 0);
  await first.stop(); // it does not stand again

  await sandbox.holdLease("");
  await using second = await sandbox.coordinator(ELECTION);
  second.every("200ms", (e) => called.add({ ...e, by: "second" }), options);
  void second.start();
  const again = await called.until(({ by }) => by === "second");
  strictEqual(again.due.getTime(), taken.last);
  ok(again.again);
  ok(again.token !== undefined);
  await until(() => called.items.length >= 4);
  const dues = called.items.map(({ due }) => due.getTime());
  deepStrictEqual(dues.slice(0, 4), [0, 200, 400, 600].map((ms) => taken.last! + ms));
});

const FAILURES: [name: string, answer: (line: string) => Response | undefined, told: RegExp][] = [
  ["403", (line) => status(line, 403, "Forbidden"), /verbs: \["patch"\]/],
  ["500", (line) => status(line, 500, "InternalError"), /InternalError/],
  ["409", (line) => status(line, 409, "Conflict"), /Conflict|409/],
];

function status(line: string, code: number, reason: string): Response | undefined {
  if (!line.startsWith("PATCH")) return undefined;
  const message = code === 403
    ? `configmaps "${RECORD}" is forbidden: User "u" cannot patch resource "configmaps" in API ` +
      `group "" in the namespace "team"`
    : reason;
  const body = { kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message };
  return Response.json(body, { status: code });
}

for (const [name, answer, told] of FAILURES) {
  Deno.test(`Coordinator takes due times again after writes of timers were answered ${name}`, async () => {
    await using sandbox = await Sandbox.start(ApiServer);
    await using coordinator = await sandbox.coordinator(ELECTION);
    const called = new Heard<TimerEvent>();
    const errors = new Heard<Error>();
    coordinator.onError(errors.add);
    let failures = 0;
    const isFailing = () => name === "409" ? ++failures <= 3 : errors.items.length === 0;
    sandbox.intercept = (line, forward) => {
      const failed = line.includes(RECORD) && isFailing() ? answer(line) : undefined;
      return failed === undefined ? forward() : Promise.resolve(failed);
    };
    coordinator.every("100ms", called.add, { missed: "all" });
    void coordinator.start();
    if (name !== "409") match((await errors.until(() => true)).message, told);
    await until(() => called.items.length >= 5);
    const dues = called.items.map(({ due }) => due.getTime());
    deepStrictEqual(dues, dues.map((_, i) => dues[0]! + i * 100));
    if (name === "409") deepStrictEqual(errors.items, []); // it has read again
  });
}

Deno.test("Coordinator goes on when a write of timers was stored and its answer lost", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator(ELECTION);
  const called = new Heard<TimerEvent>();
  const errors = new Heard<Error>();
  coordinator.onError(errors.add);
  sandbox.intercept = async (line, forward) => {
    const response = await forward();
    if (errors.items.length > 0 || !line.includes(RECORD)) return response;
    const failed = status(line, 504, "Timeout");
    if (failed !== undefined) await response.body?.cancel();
    return failed ?? response;
  };
  coordinator.every("100ms", called.add, { missed: "all" });
  void coordinator.start();
  await until(() => called.items.length >= 5);
  const { timers } = await stored(sandbox);
  const { since } = timers["every 100ms"]!;
  const dues: number[] = called.items.map((call: TimerEvent) => call.due.getTime());
  deepStrictEqual(dues, dues.map((_, i) => since + (i + 1) * 100));
});

Deno.test("Coordinator names object and field when somebody has edited the record, and goes on when it is mended", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  const called = new Heard<TimerEvent>();
  {
    await using coordinator = await sandbox.coordinator();
    coordinator.every("100ms", called.add);
    void coordinator.start();
    await called.until(() => true);
  }
  const good = (await sandbox.core.getConfigMap(RECORD)).data!;
  const bad = { "value.json": '{"timers":{"every 100ms":{"since":"noon"}}}' };
  await sandbox.core.patchConfigMap(RECORD, "json-merge", { data: bad });
  await using coordinator = await sandbox.coordinator();
  const errors = new Heard<Error>();
  coordinator.onError(errors.add);
  const before = called.items.length;
  coordinator.every("100ms", called.add);
  void coordinator.start();
  const { name, message } = await errors.until(() => true);
  strictEqual(name, "RecordError");
  match(message, /ConfigMap "troupe-boss-timers".*"timers.every 100ms.since" given "noon"/);
  await sandbox.core.patchConfigMap(RECORD, "json-merge", { data: good });
  await until(() => called.items.length > before);
});

Deno.test("Coordinator.stop() lets handlers of timers end, also when one of them calls it", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator(ELECTION);
  const stopping = Promise.withResolvers<void>();
  let ended = false;
  coordinator.every("100ms", async ({ signal }) => {
    await coordinator.run({ name: "w", image: "w:1", replicas: 0 });
    await coordinator.stop(); // at once: it would wait for itself
    stopping.resolve();
    await new Promise((resolve) => setTimeout(resolve, 50));
    strictEqual(signal.aborted, false);
    await coordinator.workload("w").scale(3); // it still leads
    ended = true;
  });
  const errors = new Heard<Error>();
  coordinator.onError(errors.add);
  const started = coordinator.start();
  await stopping.promise;
  await started;
  strictEqual(ended, true);
  deepStrictEqual(errors.items, []);
  strictEqual((await sandbox.apps.getDeployment("w")).spec!.replicas, 3);
});
