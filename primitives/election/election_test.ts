import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { LeadershipLostError } from "./term.ts";
import { Scene } from "./testdata/scene.ts";

Deno.test("Election leads, with the version of its write as token, when there is no Lease", async () => {
  await using scene = new Scene();
  const a = scene.start("a", { election: { labels: { app: "x" } } });
  await scene.until(() => a.election.term !== undefined);
  deepStrictEqual(a.told, ["following undefined", "leading 101"]);
  const { term } = a.election;
  strictEqual(term!.holder, "a");
  strictEqual(term!.signal.aborted, false);
  ok(term!.remainingMs() > 5_900 && term!.remainingMs() <= 6_000);
  strictEqual(a.election.leader, "a");
  const { metadata, spec } = scene.server.lease!;
  deepStrictEqual(metadata!.labels, { app: "x" });
  strictEqual(spec!.holderIdentity, "a");
  strictEqual(spec!.leaseDurationSeconds, 8);
  strictEqual(spec!.leaseTransitions, 0);
  ok(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/.test(spec!.renewTime!), spec!.renewTime!);
});

Deno.test("Election writes once per renewInterval while it leads, and not at all while it follows", async () => {
  await using scene = new Scene();
  const { server } = scene;
  const a = scene.start("a");
  await scene.until(() => a.election.term !== undefined);
  const others = ["b", "c", "d"].map((name) => scene.start(name));
  await scene.pass(1_000);
  server.calls.length = 0;
  await scene.pass(60_000);
  strictEqual(server.count("PUT"), 30);
  strictEqual(server.count("PUT", "a"), 30);
  strictEqual(server.calls.length, 30); // nor do they read
  for (const it of others) deepStrictEqual(it.told.slice(-1), ["following a"]);
});

Deno.test("Election.close() releases the Lease, and a follower leads at once with a higher token", async () => {
  await using scene = new Scene();
  const { server } = scene;
  const a = scene.start("a");
  await scene.until(() => a.election.term !== undefined);
  const followers = ["b", "c"].map((name, i) => scene.start(name, { random: () => 0.4 + i / 2 }));
  await scene.pass(3_000);
  const { term } = a.election;
  await scene.settle(a.election.close());
  strictEqual(server.lease!.spec!.holderIdentity, "");
  strictEqual(server.lease!.metadata!.uid, "uid-1");
  strictEqual(
    (term!.signal.reason as Error).message,
    'Cannot lead "ns/boss": it was released',
  );
  ok(term!.signal.reason instanceof LeadershipLostError);
  strictEqual(term!.signal.reason.token, term!.token);
  const ms = await scene.until(() => followers[0]!.election.term !== undefined);
  ok(ms < 100, `${ms} ms`);
  await scene.until(() => followers[1]!.election.leader === "b");
  deepStrictEqual(a.told.slice(2), [`lost ${term!.token}`]);
  ok(followers[0]!.election.term!.token > term!.token);
  strictEqual(server.lease!.spec!.leaseTransitions, 1);
  strictEqual(server.count("PUT", "c"), 0);
});

Deno.test("Election.close() leads on and renews until settled, or until its grace has passed", async () => {
  await using scene = new Scene();
  for (const [name, grace] of [["a", 60_000], ["b", 20_000]] as const) {
    const { election } = scene.start(name);
    await scene.until(() => election.term !== undefined);
    const term = election.term!;
    const work = Promise.withResolvers<void>();
    const closed = election.close({ settled: work.promise, grace });
    await scene.pass(19_000);
    strictEqual(term.signal.aborted, false);
    strictEqual(election.term, term);
    if (name === "a") work.reject(new Error("handlers may fail"));
    else await scene.pass(1_001);
    await scene.settle(closed);
    strictEqual(term.signal.aborted, true);
    strictEqual(scene.server.lease!.spec!.holderIdentity, "");
  }
});

Deno.test("Election.close() ends at once when called again without anything to wait for", async () => {
  await using scene = new Scene();
  const { election } = scene.start("a");
  await scene.until(() => election.term !== undefined);
  const first = election.close({ settled: new Promise(() => {}) });
  await scene.pass(100);
  const start = scene.time.now;
  await scene.settle(Promise.all([first, election.close()]));
  ok(scene.time.now - start < 100);
});

Deno.test("Election.close() gives back what a claim that was under way has taken", async () => {
  await using scene = new Scene();
  const a = scene.start("a", { latency: () => 100 });
  await scene.until(() => scene.server.lease !== undefined);
  strictEqual(a.election.term, undefined);
  await scene.settle(a.election.close());
  strictEqual(scene.server.lease!.spec!.holderIdentity, "");
  deepStrictEqual(a.told, ["following undefined"]);
});

Deno.test("Election.close() resolves within two requests' time when the server is silent", async () => {
  await using scene = new Scene();
  const { election } = scene.start("a");
  await scene.until(() => election.term !== undefined);
  scene.server.fault = () => "lose request";
  await scene.pass(2_500); // a renewal is under way
  const start = scene.time.now;
  await scene.settle(election.close());
  ok(scene.time.now - start <= 4_000, `${scene.time.now - start} ms`);
});

Deno.test("Election takes over within the lease duration and a second when the leader was killed", async () => {
  await using scene = new Scene();
  const a = scene.start("a", { latency: () => 20 });
  await scene.until(() => a.election.term !== undefined);
  const b = scene.start("b", { latency: () => 20 });
  await scene.pass(10_000);
  a.pause(); // for ever
  const ms = await scene.until(() => b.election.term !== undefined);
  ok(ms > 5_000 && ms < 9_000, `${ms} ms`);
  deepStrictEqual(b.told.slice(0, 2), ["following a", "following undefined"]);
});

Deno.test("Election honors the duration that the holder wrote, not its own", async () => {
  await using scene = new Scene();
  const a = scene.start("a", { election: { leaseDuration: 20_000 } });
  await scene.until(() => a.election.term !== undefined);
  const b = scene.start("b", { election: { leaseDuration: 2_000 } });
  await scene.pass(1_000);
  a.pause();
  const ms = await scene.until(() => b.election.term !== undefined);
  ok(ms > 18_000 && ms < 21_000, `${ms} ms`);
});

Deno.test("Election waits for a holder that it never saw renew, however old its renewTime is", async () => {
  await using scene = new Scene();
  const { server } = scene;
  const spec = {
    holderIdentity: "ghost",
    leaseDurationSeconds: 8,
    leaseTransitions: 41,
    acquireTime: "2001-01-01T00:00:00.000000Z",
    renewTime: "2001-01-01T00:00:00.000000Z",
  };
  server.store("ADDED", {
    metadata: { name: "boss", namespace: "ns", uid: server.newUid() },
    spec,
  });
  const a = scene.start("a");
  await scene.pass(7_900);
  // an edit of something else is no sign of life
  server.store("MODIFIED", {
    ...server.lease,
    metadata: { ...server.lease!.metadata, labels: {} },
  });
  deepStrictEqual(a.told, ["following ghost"]);
  await scene.pass(500);
  strictEqual(a.told.at(-1), "leading 103");
  strictEqual(server.lease!.spec!.leaseTransitions, 42);
});

Deno.test("Election counts time by the monotonic clock when the calendar jumps", async () => {
  await using scene = new Scene();
  const a = scene.start("a");
  await scene.until(() => a.election.term !== undefined);
  const b = scene.start("b");
  await scene.pass(5_000);
  for (const jump of [3_600_000, -7_200_000, 400_000_000_000]) {
    a.dateOffset += jump;
    b.dateOffset -= jump;
    await scene.pass(10_000);
    strictEqual(a.told.length, 2);
    deepStrictEqual(b.told, ["following a"]);
  }
  // a calendar that stands still: renewals must be seen as such all the same
  scene.processes.forEach((it) => it.clock.date = () => new Date(0));
  await scene.pass(20_000);
  deepStrictEqual(b.told, ["following a"]);
});

Deno.test("Election.resign() lets another candidate lead, and claims again when it has rested", async () => {
  await using scene = new Scene();
  const a = scene.start("a");
  await scene.until(() => a.election.term !== undefined);
  const b = scene.start("b");
  await scene.pass(3_000);
  const { term } = a.election;
  const work = Promise.withResolvers<void>();
  a.election.resign({ settled: work.promise, pause: 1_000 });
  strictEqual(term!.signal.aborted, true);
  strictEqual((term!.signal.reason as Error).message, 'Cannot lead "ns/boss": it was given up');
  const ms = await scene.until(() => b.election.term !== undefined);
  ok(ms < 100, `${ms} ms`);
  await scene.until(() => a.election.leader === "b");
  await scene.settle(b.election.close());
  await scene.pass(100_000); // nobody leads
  strictEqual(a.election.term, undefined);
  work.reject(new Error("work may fail"));
  const rest = await scene.until(() => a.election.term !== undefined);
  ok(rest >= 1_000 && rest < 1_100, `${rest} ms`);
  deepStrictEqual(a.told.map((it) => it.split(" ")[0]), [
    ...["following", "leading", "lost", "following", "following", "following", "leading"],
  ]);
  strictEqual(scene.server.count("GET", "a"), 1);
});

Deno.test("Election.resign() gives back what a claim that was under way has taken", async () => {
  await using scene = new Scene();
  const a = scene.start("a", { latency: () => 100 });
  await scene.until(() => scene.server.lease !== undefined);
  a.election.resign({ pause: 5_000 });
  await scene.pass(1_000);
  strictEqual(scene.server.lease!.spec!.holderIdentity, "");
  deepStrictEqual(a.told, ["following undefined"]);
  await scene.until(() => a.election.term !== undefined);
});

Deno.test("Election.resign() ends when it is closed while it rests, and when the server is silent", async () => {
  await using scene = new Scene();
  const a = scene.start("a");
  await scene.until(() => a.election.term !== undefined);
  scene.server.fault = ({ method }) => method === "PUT" ? "lose request" : undefined;
  a.election.resign({ pause: 10_000 });
  await scene.pass(5_000);
  strictEqual(a.told.at(-1), "following undefined");
  scene.server.fault = () => undefined;
  await scene.until(() => a.election.term !== undefined); // it was its own still
  a.election.resign({ settled: new Promise(() => {}) });
  await scene.settle(a.election.close());
  strictEqual(scene.server.lease!.spec!.holderIdentity, "");
});
