import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import type { Fault } from "../testdata/object_server.ts";
import type { SimulatedProcess, SimulatedProcessOptions } from "../testdata/simulated_process.ts";
import { VirtualScene } from "../testdata/virtual_scene.ts";
import { type Session, SessionLostError } from "./mod.ts";

class SessionScene extends VirtualScene {
  async session(options: Partial<SimulatedProcessOptions> = {}): Promise<{
    process: SimulatedProcess;
    session: Session;
  }> {
    const process = this.process(`p${this.processes.length}`, options);
    return { process, session: await this.settle(this.begin(process)) };
  }

  begin({ context }: SimulatedProcess): Promise<Session> {
    return context.sessions.own(context.signal);
  }

  /** Whether another process has found out that it is gone. */
  found(session: Session, observer = this.process("observer")): { gone: boolean } {
    const found = { gone: false };
    const { sessions, signal } = observer.context;
    sessions.gone(session.name, signal).then(() => (found.gone = true), () => {});
    return found;
  }

  get leases(): string[] {
    return [...this.server.objects.keys()].filter((key) => key.startsWith("leases/"));
  }
}

Deno.test("Session is one Lease for all who need it, renewed each 2 s, and deleted in the end", async () => {
  await using scene = new SessionScene();
  const { process, session } = await scene.session();
  strictEqual(await scene.begin(process), session);
  const { metadata, spec } = scene.server.objects.get(`leases/${session.name}`)!;
  deepStrictEqual(metadata!.labels, {
    "app.kubernetes.io/managed-by": "troupe",
    "troupe.dev/primitive": "session",
  });
  const { holderIdentity, leaseDurationSeconds } = spec as Record<string, unknown>;
  deepStrictEqual([holderIdentity, leaseDurationSeconds], ["p0", 8]);
  const before = scene.server.writes();
  await scene.pass(20_000);
  strictEqual(scene.server.writes() - before, 9); // each takes 2 ms more
  ok(session.remainingMs() > 3_900);
  await scene.settle(process.close());
  strictEqual(session.remainingMs(), 0);
  throws(() => session.throwIfOver(), /was closed/);
  deepStrictEqual(scene.leases, []);
});

Deno.test("Session is lost 6 s after its last renewal that succeeded was sent, and another follows", async () => {
  await using scene = new SessionScene();
  const { process, session } = await scene.session();
  await scene.pass(10);
  const renewed = scene.time.now - (6_000 - session.remainingMs());
  scene.server.fault = () => "lose answer"; // it is renewed, but it cannot know
  let lostAt = 0;
  session.signal.addEventListener("abort", () => lostAt = scene.time.now);
  await scene.until(() => session.signal.aborted);
  strictEqual(lostAt - renewed, 6_000);
  ok(session.signal.reason instanceof SessionLostError);
  scene.server.fault = () => undefined;
  const next = await scene.settle(scene.begin(process));
  ok(next !== session && next.remainingMs() > 0);
  // what it guarded has time to end in
  strictEqual(scene.leases.length, 2);
  await scene.pass(2_100);
  deepStrictEqual(scene.leases, [`leases/${next.name}`]);
});

Deno.test("Session is over at once for a process that was stopped", async () => {
  await using scene = new SessionScene();
  const { process, session } = await scene.session();
  process.pause();
  await scene.pass(6_001);
  strictEqual(session.signal.aborted, false);
  strictEqual(session.remainingMs(), 0);
  strictEqual(session.signal.aborted, true);
  throws(() => session.throwIfOver(), SessionLostError);
});

Deno.test("Session is lost when somebody deletes its Lease, and does not make it again", async () => {
  await using scene = new SessionScene();
  const { session } = await scene.session();
  scene.server.remove("leases", session.name);
  await scene.pass(2_100);
  strictEqual(session.remainingMs(), 0);
  ok(session.signal.reason instanceof SessionLostError);
  await scene.pass(10_000);
  deepStrictEqual(scene.leases, []);
});

Deno.test("Session survives people who edit its Lease, and answers that are lost", async () => {
  await using scene = new SessionScene();
  const { session } = await scene.session();
  let writes = 0;
  scene.server.fault = ({ method }) =>
    method === "PUT" && ++writes % 3 === 0 ? "lose answer" : undefined;
  for (let i = 0; i < 20; i++) {
    const lease = scene.server.objects.get(`leases/${session.name}`)!;
    scene.server.store("leases", lease);
    await scene.pass(2_000);
    ok(session.remainingMs() > 0);
  }
});

for (const fault of ["lose request", "lose answer", { delay: 1_600 }, 429, 500, 503] as Fault[]) {
  Deno.test(`Session begins once whatever happens to its first request: ${JSON.stringify(fault)}`, async () => {
    await using scene = new SessionScene();
    let times = 0;
    scene.server.fault = () => times++ < 2 ? fault : undefined;
    const { process, session } = await scene.session();
    await scene.pass(10_000);
    ok(session.remainingMs() > 0);
    deepStrictEqual(scene.leases, [`leases/${session.name}`]);
    await scene.settle(process.close());
    deepStrictEqual(scene.leases, []);
  });
}

Deno.test("Sessions.own() tells all who wait what does not pass, and tries again for the next", async () => {
  await using scene = new SessionScene();
  const process = scene.process("a");
  scene.server.fault = () => 403;
  const refused = [1, 2].map(() => rejects(scene.begin(process), { httpCode: 403 }));
  await scene.settle(Promise.all(refused));
  scene.server.fault = () => undefined;
  await scene.settle(scene.begin(process));
});

Deno.test("Sessions leave no Lease when they are closed while one begins", async () => {
  await using scene = new SessionScene();
  const process = scene.process("a");
  scene.server.fault = ({ method }) => method === "POST" ? "lose answer" : undefined;
  const refused = rejects(scene.begin(process), /closed/);
  await scene.pass(100);
  strictEqual(scene.leases.length, 1);
  await scene.settle(Promise.all([process.close(), refused]));
  deepStrictEqual(scene.leases, []);
});

Deno.test("SessionWatch finds a session dead within the lease's duration and a second, and not before", async () => {
  for (const [own, others] of [[1, 1], [0.9, 1.1], [1.1, 0.9]]) {
    await using scene = new SessionScene();
    const { process, session } = await scene.session({ rate: own });
    const found = scene.found(session, scene.process("observer", { rate: others }));
    await scene.pass(30_000);
    strictEqual(found.gone, false);
    process.pause();
    const start = scene.time.now;
    await scene.until(() => found.gone, 11_000);
    ok(scene.time.now - start <= 9_000 / others!, `${scene.time.now - start} ms`);
    strictEqual(session.remainingMs(), 0); // it has not trusted in it for so long
    deepStrictEqual(scene.leases, []);
  }
});

Deno.test("SessionWatch never deletes a Lease that is renewed in the meantime", async () => {
  await using scene = new SessionScene();
  const { process, session } = await scene.session();
  const found = scene.found(session);
  await scene.pass(100);
  // the renewal comes while the delete is on its way
  scene.server.fault = (call) => {
    if (call.method !== "DELETE") return undefined;
    scene.server.store("leases", scene.server.objects.get(`leases/${session.name}`)!);
    return undefined;
  };
  process.pause();
  await scene.pass(8_200);
  strictEqual(scene.server.count({ method: "DELETE" }), 1);
  strictEqual(found.gone, false);
  strictEqual(scene.leases.length, 1);
  scene.server.fault = () => undefined;
  await scene.until(() => found.gone, 9_500);
});

Deno.test("SessionWatch reads before it deletes, when its watch is late or it was stopped itself", async () => {
  await using scene = new SessionScene();
  const { session, process } = await scene.session();
  const observer = scene.process("observer");
  const found = scene.found(session, observer);
  await scene.pass(1_000);
  scene.server.stalled = true;
  await scene.pass(60_000);
  scene.server.stalled = false;
  observer.pause();
  await scene.pass(60_000);
  observer.resume();
  await scene.pass(20_000);
  strictEqual(found.gone, false);
  strictEqual(scene.server.count({ method: "DELETE" }), 0);
  ok(session.remainingMs() > 0);
  scene.server.stalled = true;
  process.kill();
  await scene.until(() => found.gone, 17_000); // a whole duration after it was last seen to have changed
});

Deno.test("SessionWatch tells at once of one that is closed, or gone already, or deleted while requests fail", async () => {
  await using scene = new SessionScene();
  const { process, session } = await scene.session();
  const found = scene.found(session);
  await scene.pass(100);
  await scene.settle(process.close());
  await scene.until(() => found.gone, 100);
  const late = scene.found(session);
  await scene.until(() => late.gone, 100);
  const other = await scene.session();
  const third = scene.found(other.session);
  await scene.pass(100);
  scene.server.fault = ({ client }) => client === "observer" ? 500 : undefined;
  scene.server.stalled = true;
  other.process.kill();
  await scene.pass(20_000);
  strictEqual(third.gone, false);
  scene.server.fault = () => undefined;
  await scene.until(() => third.gone, 12_000);
});

Deno.test("Sessions.gone() shares one watch, and ends it with the last who waits", async () => {
  await using scene = new SessionScene();
  const { session } = await scene.session();
  const { sessions } = scene.process("observer").context;
  const stops = [1, 2, 3].map(() => new AbortController());
  const waits = stops.map((it) => rejects(sessions.gone(session.name, it.signal), /enough/));
  await scene.pass(100);
  strictEqual(scene.server.count({ client: "observer" }), 2); // a list and a watch
  for (const stop of stops) stop.abort(new Error("enough"));
  await scene.settle(Promise.all(waits));
  await scene.pass(100_000);
  strictEqual(scene.server.count({ client: "observer" }), 2);
});
