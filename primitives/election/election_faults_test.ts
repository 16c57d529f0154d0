import { deepStrictEqual, match, ok, strictEqual, throws } from "node:assert/strict";
import { failure, type Fault, type ServedCall } from "./testdata/lease_server.ts";
import { Scene } from "./testdata/scene.ts";
import type { SimulatedProcess } from "./testdata/simulated_process.ts";

/** Starts `a`, which leads when this resolves. */
async function leader(scene: Scene): Promise<SimulatedProcess> {
  const a = scene.start("a");
  await scene.until(() => a.election.term !== undefined);
  return a;
}

/** A fault for the first `times` calls of that method. */
function first(times: number, method: string, fault: Fault) {
  return (call: ServedCall) =>
    !call.watch && call.method === method && times-- > 0 ? fault : undefined;
}

Deno.test("Election ends its term before the lease can expire when no renewal succeeds, and leads again when one can", async () => {
  await using scene = new Scene();
  const a = await leader(scene);
  const b = scene.start("b");
  await scene.pass(1_000);
  const { term } = a.election;
  scene.server.fault = (call) => call.client === "a" ? "lose request" : undefined;
  const ms = await scene.until(() => term!.signal.aborted);
  ok(ms > 3_000 && ms <= 6_000, `${ms} ms`);
  strictEqual(
    term!.signal.reason.message,
    'Cannot lead "ns/boss": the lease could not be renewed within 6 s',
  );
  strictEqual(b.election.term, undefined);
  match(a.errors[0]!.message, /^Cannot write Lease "ns\/boss": no answer within 1500 ms$/);
  await scene.until(() => b.election.term !== undefined);
  scene.server.fault = () => undefined;
  await scene.until(() => a.election.leader === "b");
  deepStrictEqual(a.told.slice(2), [`lost ${term!.token}`, "following undefined", "following b"]);
  await scene.settle(b.election.close());
  await scene.until(() => a.election.term !== undefined);
  ok(a.election.term!.token > b.events.flatMap((e) => e.type === "lost" ? e.term.token : [])[0]!);
});

Deno.test("Election leads again in a new term when nobody else has taken the lease that it lost", async () => {
  await using scene = new Scene();
  const a = await leader(scene);
  const { term } = a.election;
  scene.server.fault = (call) => call.method === "PUT" ? 500 : undefined;
  await scene.until(() => term!.signal.aborted);
  scene.server.fault = () => undefined;
  const ms = await scene.until(() => a.election.term !== undefined);
  ok(ms <= 2_100, `${ms} ms`);
  ok(a.election.term!.token > term!.token);
});

for (const fault of [429, 500, 503, "lose request", "lose answer"] as const) {
  Deno.test(`Election leads on when two renewals fail: ${fault}`, async () => {
    await using scene = new Scene();
    const a = await leader(scene);
    const b = scene.start("b");
    await scene.pass(500);
    scene.server.fault = first(2, "PUT", fault);
    await scene.pass(20_000);
    deepStrictEqual(a.told, ["following undefined", "leading 101"]);
    deepStrictEqual(b.told, ["following a"]);
    ok(a.errors.length > 0);
  });

  Deno.test(`Election leads when the answers of its first requests fail: ${fault}`, async () => {
    await using scene = new Scene();
    const reads = first(1, "GET", fault);
    const creates = first(2, "POST", fault);
    const claims = first(1, "PUT", fault);
    scene.server.fault = (call) => reads(call) ?? creates(call) ?? claims(call);
    const a = scene.start("a");
    const ms = await scene.until(() => a.election.term !== undefined);
    ok(ms < 10_000, `${ms} ms`);
    const { token } = a.election.term!;
    strictEqual(String(token), scene.server.lease!.metadata!.resourceVersion);
    await scene.pass(10_000);
    strictEqual(a.election.term!.token, token);
  });
}

Deno.test("Election leads on when somebody edits the Lease, and ends its term when somebody takes it", async () => {
  await using scene = new Scene();
  const { server } = scene;
  const a = await leader(scene);
  const edit = (spec: Record<string, unknown>, annotations: Record<string, string> = {}) => {
    const { lease } = server;
    const all = { ...lease!.metadata!.annotations, ...annotations };
    server.store("MODIFIED", {
      ...lease,
      metadata: { ...lease!.metadata, annotations: all },
      spec: { ...lease!.spec, ...spec },
    });
  };
  edit({}, { note: "hello" });
  await scene.pass(5_000);
  deepStrictEqual(a.told.slice(1), ["leading 101"]);
  strictEqual(server.lease!.metadata!.annotations!.note, "hello");
  const { term } = a.election;
  edit({ holderIdentity: "x", leaseDurationSeconds: 1 });
  await scene.until(() => term!.signal.aborted);
  strictEqual(
    term!.signal.reason.message,
    'Cannot lead "ns/boss": the lease is held by "x" now',
  );
  await scene.until(() => a.election.term !== undefined);
  ok(a.election.term!.token > term!.token);
  server.stalled = true; // found by the renewal that is refused
  edit({ holderIdentity: "" });
  const next = a.election.term!;
  await scene.until(() => next.signal.aborted);
  match(next.signal.reason.message, /its holder was removed from the lease$/);
});

Deno.test("Election takes over without a watch that works, and writes nothing before", async () => {
  await using scene = new Scene();
  scene.server.stalled = true;
  const a = await leader(scene);
  const b = scene.start("b");
  await scene.pass(60_000);
  strictEqual(scene.server.count("PUT", "b"), 0);
  ok(scene.server.count("GET", "b") < 12);
  await scene.settle(a.election.close());
  const ms = await scene.until(() => b.election.term !== undefined);
  ok(ms < 9_000, `${ms} ms`);
});

Deno.test("Election campaigns on and tells the error when it is not permitted", async () => {
  await using scene = new Scene();
  scene.server.fault = (call) => call.method === "POST" ? 403 : undefined;
  const a = scene.start("a");
  await scene.pass(60_000);
  ok(a.errors.length > 5 && a.errors.length < 20, `${a.errors.length} errors`);
  deepStrictEqual(a.told, ["following undefined"]);
  scene.server.fault = () => undefined;
  const ms = await scene.until(() => a.election.term !== undefined);
  ok(ms <= 8_000, `${ms} ms`);
});

Deno.test("Election makes a Lease again that was deleted, in the same term", async () => {
  await using scene = new Scene();
  const { server } = scene;
  const a = await leader(scene);
  const b = scene.start("b");
  await scene.pass(5_000);
  await scene.settle(a.election.close());
  await scene.until(() => b.election.term !== undefined);
  const c = scene.start("c");
  await scene.pass(5_000);
  server.remove();
  await scene.pass(100);
  strictEqual(server.lease!.spec!.holderIdentity, "b");
  strictEqual(server.lease!.spec!.leaseTransitions, 1);
  await scene.pass(20_000);
  strictEqual(b.told.filter((it) => it.startsWith("lost")).length, 0);
  deepStrictEqual(c.told.filter((it) => it.startsWith("leading")), []);
});

Deno.test("Election waits for the holder's time when the Lease was deleted, then makes it", async () => {
  await using scene = new Scene();
  const { server } = scene;
  const a = await leader(scene);
  const b = scene.start("b");
  await scene.pass(5_000);
  const { term } = a.election;
  server.fault = (call) => call.client === "a" ? "lose request" : undefined;
  server.remove();
  await scene.until(() => b.election.term !== undefined);
  strictEqual(term!.signal.aborted, true);
  ok(b.election.term!.token > term!.token);
  strictEqual(server.lease!.spec!.leaseTransitions, 1);
});

Deno.test("Election leads only with a token above all that it saw, also if the server was restored from a backup", async () => {
  await using scene = new Scene();
  const { server } = scene;
  const a = await leader(scene);
  await scene.pass(10_000);
  const before = a.election.term!;
  await scene.settle(a.election.close());
  const b = scene.start("b", { election: { leaseDuration: 60_000 } });
  await scene.until(() => b.election.term !== undefined);
  const { term } = b.election;
  ok(term!.token > before.token);
  server.version = 50;
  server.store("MODIFIED", {
    ...server.lease,
    spec: { holderIdentity: "x", leaseDurationSeconds: 1 },
  });
  await scene.until(() => term!.signal.aborted);
  await scene.pass(3_000);
  strictEqual(b.election.term, undefined);
  match(b.errors.at(-1)!.message, /^Cannot lead "ns\/boss" yet: version 5\d of the lease is not/);
  server.version = 1_000;
  await scene.until(() => b.election.term !== undefined, 120_000);
  ok(b.election.term!.token > 1_000);
});

Deno.test("Election reports a resourceVersion that no token can be made of", async () => {
  await using scene = new Scene();
  scene.server.lease = { metadata: { name: "boss", namespace: "ns", resourceVersion: "abc" } };
  const a = scene.start("a");
  await scene.until(() => a.errors.length > 0);
  strictEqual(
    a.errors[0]!.message,
    'Cannot make a fencing token of Lease "ns/boss": its resourceVersion is "abc"',
  );
});

Deno.test("Election does not take the other for itself when two have the same identity", async () => {
  await using scene = new Scene();
  const a = await leader(scene);
  const twin = scene.start("twin", { election: { identity: "a" } });
  await scene.pass(20_000);
  strictEqual(a.told.length, 2);
  deepStrictEqual(twin.told, ["following a"]);
});

Deno.test("Term ends at the first look when the process was stopped beyond the lease", async () => {
  await using scene = new Scene();
  for (const look of ["remainingMs", "throwIfOver", "term"] as const) {
    const a = scene.start(`a-${look}`);
    await scene.until(() => a.election.term !== undefined);
    const term = a.election.term!;
    a.pause();
    await scene.pass(60_000);
    strictEqual(term.signal.aborted, false); // nothing runs in a stopped process
    if (look === "remainingMs") strictEqual(term.remainingMs(), 0);
    if (look === "throwIfOver") throws(() => term.throwIfOver(), /could not be renewed within 6 s/);
    if (look === "term") strictEqual(a.election.term, undefined);
    strictEqual(term.signal.aborted, true);
    strictEqual(a.told.at(-1), "following undefined");
    a.resume();
    await scene.settle(a.election.close());
  }
});

Deno.test("Election does not trust the answer of a renewal that a stopped process reads late", async () => {
  await using scene = new Scene();
  const a = await leader(scene);
  const { term } = a.election;
  const b = scene.start("b");
  scene.server.fault = (call) => {
    if (call.client === "a" && call.method === "PUT") a.pause(); // it has left already
    return undefined;
  };
  await scene.until(() => !a.running);
  scene.server.fault = () => undefined;
  await scene.until(() => b.election.term !== undefined);
  const late: boolean[] = [];
  a.election.onEvent((event) => late.push(event.type === "leading"));
  a.resume();
  strictEqual(term!.signal.aborted || term!.remainingMs() === 0, true);
  await scene.pass(1_000);
  deepStrictEqual(late.includes(true), false);
  strictEqual(a.election.leader, "b");
});

Deno.test("Election begins another term when a renewal's answer comes after the deadline, before any timer", async () => {
  await using scene = new Scene();
  const a = await leader(scene);
  const { term } = a.election;
  scene.server.stalled = true; // or the watch would tell earlier
  await scene.until(() => scene.server.count("PUT") === 1); // its answer is on its way
  const { now } = a.clock;
  a.clock.now = () => now() + 4_500;
  await scene.pass(50);
  deepStrictEqual(a.told.slice(2), ["lost 101", "following undefined", "leading 102"]);
  strictEqual(term!.signal.aborted, true);
  strictEqual(a.election.term!.token, 102);
});

Deno.test("Election tells events in order, and goes on, when a listener throws or closes it", async () => {
  await using scene = new Scene();
  const a = await leader(scene);
  const heard: string[] = [];
  a.election.onEvent((event) => {
    if (event.type === "lost") void a.election.close();
    throw new Error(event.type);
  });
  const remove = a.election.onEvent((event) => heard.push(event.type));
  const { lease } = scene.server;
  a.election.term!.signal.addEventListener("abort", () => heard.push("abort"));
  scene.server.store("MODIFIED", { ...lease, spec: { ...lease!.spec, holderIdentity: "x" } });
  await scene.pass(20_000);
  deepStrictEqual(heard, ["abort", "lost", "following"]);
  deepStrictEqual(a.errors.map((it) => it.message), ["lost", "following"]);
  remove();
});

Deno.test("Election reports a namespace that is missing", async () => {
  await using scene = new Scene();
  scene.server.serve = () => {
    throw failure(404);
  };
  const a = scene.start("a");
  await scene.pass(5_000);
  ok(a.errors.length > 1 && a.errors.length < 20, `${a.errors.length} errors`);
});
