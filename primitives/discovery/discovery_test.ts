import { deepStrictEqual, match, ok, rejects, strictEqual, throws } from "node:assert/strict";
import type { ObjectServer } from "../testdata/object_server.ts";
import type { SimulatedProcess } from "../testdata/simulated_process.ts";
import { VirtualScene } from "../testdata/virtual_scene.ts";
import { Discovery, type DiscoveryOptions } from "./discovery.ts";
import { GROUP_LABEL, memberAnnotations } from "./member.ts";

/** A process that looks at the group "cache", and what it was told. */
class Looking {
  readonly process: SimulatedProcess;
  readonly discovery: Discovery;
  readonly told: string[] = [];

  constructor(scene: VirtualScene, name: string, options: DiscoveryOptions = {}) {
    this.process = scene.process(name);
    this.discovery = new Discovery(this.process.context, "cache", options);
    this.discovery.onChange(({ type, member }) => {
      this.told.push(`${member.identity} ${type}`);
    });
  }

  get identities(): string[] {
    return this.discovery.members.map(({ identity }) => identity).sort();
  }
}

/** Says that a process lives that runs in a pod. */
function renew(server: ObjectServer, name: string, pod?: { name: string; uid: string }): void {
  server.store("leases", {
    metadata: {
      name: `troupe-session-${name}`,
      namespace: "ns",
      labels: { [GROUP_LABEL]: "cache" },
      annotations: memberAnnotations({}, pod),
    },
    spec: { holderIdentity: name, leaseDurationSeconds: 8 },
  });
}

function storePod(server: ObjectServer, name: string, ready: boolean, deleting = false): string {
  const { metadata } = server.store("pods", {
    metadata: {
      name,
      namespace: "ns",
      labels: { "troupe.dev/workload": "cache" },
      ...deleting && { deletionTimestamp: "2026-01-01T00:00:00Z" },
    },
    status: { conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
  });
  return metadata!.uid!;
}

Deno.test("Discovery tells who joins and leaves, and what they say of themselves", async () => {
  await using scene = new VirtualScene();
  const a = new Looking(scene, "a");
  const b = new Looking(scene, "b");
  strictEqual(a.discovery.stale, true);
  const mine = await scene.settle(
    a.discovery.join({ address: "10.0.0.7:80", data: { zone: "x" } }),
  );
  await scene.until(() => b.discovery.members.length === 1);
  deepStrictEqual(b.discovery.members, [
    { id: mine.id, identity: "a", address: "10.0.0.7:80", data: { zone: "x" }, pod: undefined },
  ]);
  ok(mine.remainingMs() > 5_000);
  const other = await scene.settle(b.discovery.join());
  await scene.until(() => a.discovery.members.length === 2);
  const late: string[] = [];
  a.discovery.onChange(({ type, member }) => late.push(`${member.identity} ${type}`));
  deepStrictEqual(late, ["a joined", "b joined"]);
  await scene.settle(other.leave());
  const ms = await scene.until(() => a.discovery.members.length === 1);
  ok(ms < 100, `${ms} ms`);
  strictEqual(other.remainingMs(), 0);
  await scene.settle(a.process.close()); // which leaves
  await scene.until(() => b.discovery.members.length === 0);
  deepStrictEqual(b.told, ["a joined", "b joined", "b left", "a left"]);
  deepStrictEqual([...a.process.errors, ...b.process.errors], []);
});

Deno.test("Discovery costs a write of each member per renewal, and nothing of who looks", async () => {
  await using scene = new VirtualScene();
  const members = ["a", "b", "c", "d", "e"].map((name) => new Looking(scene, name));
  for (const { discovery } of members) await scene.settle(discovery.join());
  const { server } = scene;
  await scene.until(() => members.every(({ identities }) => identities.length === 5));
  deepStrictEqual([server.count({ method: "GET", watch: true }), server.writes()], [5, 5]);
  server.calls.length = 0;
  await scene.pass(100_000);
  const renewals = server.count({ method: "PUT" });
  ok(renewals > 5 * 48 && renewals <= 5 * 50, `${renewals} renewals`);
  strictEqual(server.calls.length, renewals);
  for (const { told } of members) strictEqual(told.length, 5);
});

Deno.test("Discovery finds in time who was killed, with few requests, though all look", async () => {
  await using scene = new VirtualScene();
  let draw = 0;
  const all = Array.from({ length: 20 }, (_, i) => {
    const looking = new Looking(scene, `m${i}`);
    return looking;
  });
  for (const { process } of all) {
    // each finds out at another moment
    (process.context as { random: () => number }).random = () => (draw = (draw + 0.37) % 1);
  }
  for (const { discovery } of all.slice(0, 3)) await scene.settle(discovery.join());
  await scene.until(() => all.every(({ identities }) => identities.length === 3));
  all[0]!.process.kill();
  scene.server.calls.length = 0;
  const living = all.slice(1);
  const ms = await scene.until(() => living.every(({ identities }) => identities.length === 2));
  ok(ms > 5_000 && ms < 9_100, `${ms} ms`);
  strictEqual(
    scene.server.calls.filter(({ method, code }) => method === "DELETE" && code === 200).length,
    1,
  );
  ok(scene.server.count({ method: "GET" }) <= 4, `${scene.server.count({ method: "GET" })} reads`);
  for (const { told } of living) strictEqual(told.at(-1), "m0 left");
});

Deno.test("Discovery takes nobody for gone because its watch is late, and hears who went meanwhile", async () => {
  await using scene = new VirtualScene();
  const [looking, a, b] = ["l", "a", "b"].map((name) => new Looking(scene, name));
  await scene.settle(a!.discovery.join());
  const gone = await scene.settle(b!.discovery.join());
  await scene.until(() => looking!.identities.length === 2);
  scene.server.stalled = true;
  await scene.settle(gone.leave()); // of which no watch tells
  const ms = await scene.until(() => looking!.identities.length === 1);
  ok(ms < 9_100, `${ms} ms`);
  await scene.pass(30_000);
  scene.server.stalled = false;
  await scene.pass(30_000);
  deepStrictEqual(looking!.told, ["a joined", "b joined", "b left"]);
});

Deno.test("Discovery lets a member come back that lost its session, as another", async () => {
  await using scene = new VirtualScene();
  const [looking, a] = ["l", "a"].map((name) => new Looking(scene, name));
  const mine = await scene.settle(a!.discovery.join());
  await scene.until(() => looking!.identities.length === 1);
  const { id } = mine;
  a!.process.pause();
  const ms = await scene.until(() => looking!.identities.length === 0);
  ok(ms < 9_100, `${ms} ms`);
  strictEqual(mine.remainingMs(), 0);
  a!.process.resume();
  await scene.until(() => looking!.identities.length === 1);
  ok(mine.id !== id);
  strictEqual(looking!.discovery.members[0]!.id, mine.id);
  await scene.until(() => mine.remainingMs() > 0);
  await scene.settle(mine.leave());
  await scene.until(() => looking!.identities.length === 0);
});

Deno.test("Discovery keeps what it knew while it is cut off, and says that it is stale", async () => {
  await using scene = new VirtualScene();
  const [looking, a, b] = ["l", "a", "b"].map((name) => new Looking(scene, name));
  const gone = await scene.settle(a!.discovery.join());
  await scene.settle(b!.discovery.join());
  await scene.until(() => looking!.identities.length === 2 && !looking!.discovery.stale);
  const { server } = scene;
  server.fault = ({ client }) => client === "l" ? "lose request" : undefined;
  server.stalled = true; // of no use to the others either, who read
  await scene.settle(gone.leave());
  await scene.pass(80_000); // a watch that is silent for 75 s is stale
  deepStrictEqual(looking!.identities, ["a", "b"]);
  strictEqual(looking!.discovery.stale, true);
  ok(looking!.process.errors.length > 0);
  server.fault = () => undefined;
  server.stalled = false;
  await scene.until(() => looking!.identities.length === 1, 120_000);
  await scene.until(() => !looking!.discovery.stale, 120_000);
  deepStrictEqual(looking!.identities, ["b"]);
});

Deno.test("Discovery of a workload has only members whose pod is ready", async () => {
  await using scene = new VirtualScene();
  const { server } = scene;
  const looking = new Looking(scene, "l", { workload: "cache" });
  const renewal = setInterval(() => {
    renew(server, "a", { name: "p1", uid });
    renew(server, "nowhere");
  }, 2_000);
  const uid = storePod(server, "p1", false);
  renew(server, "a", { name: "p1", uid });
  renew(server, "nowhere"); // in no pod
  renew(server, "lost", { name: "p2", uid: "of-another" });
  await scene.until(() => !looking.discovery.stale);
  deepStrictEqual(looking.identities, []);
  storePod(server, "p1", true);
  await scene.until(() => looking.identities.length === 1);
  strictEqual(looking.discovery.members[0]!.pod, "p1");
  await scene.pass(20_000);
  storePod(server, "p1", false);
  await scene.until(() => looking.identities.length === 0);
  storePod(server, "p1", true);
  await scene.until(() => looking.identities.length === 1);
  storePod(server, "p1", true, true); // it is being deleted, and ready still
  await scene.until(() => looking.identities.length === 0);
  server.remove("pods", "p1");
  await scene.pass(10_000);
  clearInterval(renewal);
  deepStrictEqual(looking.told, ["a joined", "a left", "a joined", "a left"]);
  strictEqual(server.objects.has("leases/troupe-session-lost"), false); // nobody renewed it
});

Deno.test("Discovery of a workload has no member that stands still in a ready pod", async () => {
  await using scene = new VirtualScene();
  const { server } = scene;
  const looking = new Looking(scene, "l", { workload: "cache" });
  renew(server, "a", { name: "p1", uid: storePod(server, "p1", true) });
  await scene.until(() => looking.identities.length === 1);
  const ms = await scene.until(() => looking.identities.length === 0);
  ok(ms > 7_900 && ms < 9_100, `${ms} ms`);
});

Deno.test("Discovery can be iterated: a slow loop hears the newest state, and ends with it", async () => {
  await using scene = new VirtualScene();
  const looking = new Looking(scene, "l");
  const heard: string[] = [];
  let go = () => {};
  const loop = (async () => {
    for await (const members of looking.discovery) {
      heard.push(members.map(({ identity }) => identity).sort().join());
      await new Promise<void>((resolve) => go = resolve);
    }
  })();
  await scene.until(() => heard.length === 1);
  for (const name of ["a", "b"]) {
    await scene.settle(new Looking(scene, name).discovery.join());
  }
  await scene.until(() => looking.identities.length === 2);
  go();
  await scene.until(() => heard.length === 2);
  go();
  await scene.pass(10_000);
  deepStrictEqual(heard, ["", "a,b"]);
  await scene.settle(looking.discovery.close());
  await loop;
  await rejects(looking.discovery.join(), /was closed/);
});

Deno.test("Discovery refuses what cannot be a group, a member or an option", async () => {
  await using scene = new VirtualScene();
  const { context } = scene.process("a");
  throws(
    () => new Discovery(context, "A"),
    /^TypeError: Cannot make a discovery: "name" given "A"/,
  );
  throws(() => new Discovery(context, "a".repeat(64)), /at most 63 characters/);
  throws(() => new Discovery(context, "a", { workload: "B" }), /"workload" given "B"/);
  const discovery = new Discovery(context, "a");
  const big = { data: { text: "x".repeat(5_000) } };
  await rejects(discovery.join(big), /^RangeError: Cannot join: .* 50\d\d bytes, allowed are 4096/);
  const odd = { data: { n: 1 } } as unknown as Record<string, never>;
  await rejects(discovery.join(odd), /Cannot join "a": "data\.n"/);
  strictEqual(scene.server.writes(), 0);
});

Deno.test("Discovery reports a Lease that is no member's, and goes on", async () => {
  await using scene = new VirtualScene();
  const looking = new Looking(scene, "l");
  scene.server.store("leases", {
    metadata: { name: "odd", namespace: "ns", labels: { [GROUP_LABEL]: "cache" } },
  });
  renew(scene.server, "a");
  await scene.until(() => looking.identities.length === 1);
  match(looking.process.errors[0]!.message, /^Cannot read what member "odd" says of itself$/);
});
