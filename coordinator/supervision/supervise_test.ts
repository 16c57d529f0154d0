import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { SupervisionStrategy } from "./policy.ts";
import { CALM_POD, supervise } from "./supervise.ts";
import { policyOf, TestGroup, victimsOf } from "./testdata/group.ts";

// pods are numbered through: a-1, a-2, b-3, b-4, c-5, c-6
function chain(strategy: SupervisionStrategy): TestGroup {
  const policy = policyOf({ strategy, app: "app" });
  return new TestGroup(...["a", "b", "c"].map((name) => ({ name, policy })));
}

Deno.test("supervise() leaves a worker that fails to the kubelet when one is for one", () => {
  const group = chain("oneForOne");
  deepStrictEqual(group.fail("b-3"), []);
  strictEqual(group.memory("b").failures.length, 1);
});

Deno.test("supervise() restarts all others of the group, the last workload first, when one is for all", () => {
  deepStrictEqual(victimsOf(chain("oneForAll").fail("b-3")), ["c-5", "c-6", "a-1", "a-2", "b-4"]);
});

Deno.test("supervise() restarts the workers of later workloads when one is for the rest", () => {
  deepStrictEqual(victimsOf(chain("restForOne").fail("b-3")), ["c-5", "c-6"]);
  deepStrictEqual(victimsOf(chain("restForOne").fail("c-5")), []);
});

Deno.test("supervise() restarts none that has failed at the same time, nor one that is ending", () => {
  const group = chain("oneForAll");
  group.change("c-5", { terminating: true });
  deepStrictEqual(victimsOf(group.fail("a-1", "b-3")), ["c-6", "b-4", "a-2"]);
});

Deno.test("supervise() takes as failures only what has happened since it began", () => {
  const group = new TestGroup({ name: "a", pods: [] });
  const old = { ...chain("oneForAll").find("a-1"), ends: 7 };
  const fresh = new TestGroup({ name: "a", pods: [old] });
  strictEqual(fresh.memory("a").failures.length, 0);
  Object.assign(group.workloads[0]!, { pods: [old] }); // it came after the record was begun
  group.look();
  strictEqual(group.memory("a").failures.length, 7);
});

Deno.test("supervise() takes no deletion, eviction or lost node as a failure", () => {
  const group = chain("oneForAll");
  group.change("a-1", { terminating: true });
  deepStrictEqual(group.fail("a-1"), []);
  group.change("a-2", { disrupted: true });
  deepStrictEqual(group.fail("a-2"), []);
  strictEqual(group.memory("a").failures.length, 0);
  strictEqual(group.memory("a").disruptions, 1);
  deepStrictEqual(group.look(), []);
  strictEqual(group.memory("a").disruptions, 1);
});

Deno.test("supervise() counts the ends of the window in: the intensity is exceeded by one more within", () => {
  const policy = policyOf({ strategy: "oneForOne", onFailure: "escalate" });
  for (const [gap, exceeds] of [[500, true], [501, false]] as const) {
    const group = new TestGroup({ name: "a", policy });
    group.fail("a-1");
    group.pass(500);
    group.fail("a-1");
    group.pass(gap);
    const last = group.fail("a-1");
    strictEqual(last.some(({ type }) => type === "escalate"), exceeds, `after ${gap} ms more`);
  }
});

Deno.test("supervise() waits longer before each restart once the intensity is exceeded, up to a cap", () => {
  const group = chain("oneForAll");
  const waits = Array.from({ length: 7 }, () => {
    const before = group.now;
    const failing = group.workloads[0]!.pods[0]!.name;
    let actions = group.fail(failing);
    while (actions.length === 0) actions = group.pass(1);
    return group.now - before;
  });
  deepStrictEqual(waits, [0, 0, 100, 200, 400, 400, 400]);
});

Deno.test("supervise() restarts at once again when a window has passed without failure", () => {
  const group = chain("oneForAll");
  for (let i = 0; i < 3; i++) {
    group.fail(group.workloads[0]!.pods[0]!.name);
    group.pass(100);
  }
  strictEqual(group.memory("a").waits, 1);
  group.pass(1_001);
  strictEqual(group.memory("a").waits, 0);
  deepStrictEqual(group.memory("a").failures, []);
  ok(victimsOf(group.fail(group.workloads[0]!.pods[0]!.name)).length > 0);
});

Deno.test("supervise() joins failures that come while a restart waits, without the workers that failed", () => {
  const group = chain("restForOne");
  for (let i = 0; i < 3; i++) group.fail("a-1");
  const { restart } = group.memory("a");
  const [c5] = group.workloads[2]!.pods;
  ok(restart!.victims.some(({ uid }) => uid === c5!.uid));
  group.fail(c5!.name);
  const victims = victimsOf(group.pass(100));
  ok(victims.length === 3 && !victims.includes(c5!.name), victims.join());
});

Deno.test("supervise() stops the group, and begins anew once somebody gives it workers", () => {
  const policy = policyOf({ onFailure: "stop", app: "app" });
  const group = new TestGroup({ name: "a", policy }, { name: "b", policy });
  const failing = (): string => group.workloads[0]!.pods[0]!.name;
  group.fail(failing());
  group.fail(failing());
  const stops = group.fail(failing());
  deepStrictEqual(stops.map((one) => one.type === "stop" && one.workload), ["a", "b"]);
  strictEqual(group.memory("a").stopping, undefined);
  ok(group.memory("b").stopped?.reason.startsWith("3 failures within 1 s, of which 2 are borne"));
  strictEqual(group.memory("b").stopped?.replicas, 2);
  deepStrictEqual(group.pass(5_000), []);
  Object.assign(group.workloads[0]!, { replicas: 1, pods: [] });
  group.look();
  strictEqual(group.memory("a").stopped, undefined);
  ok(group.memory("b").stopped);
});

Deno.test("supervise() tells an escalation once, and does nothing until the window is over", () => {
  const group = new TestGroup({ name: "a", policy: policyOf({ onFailure: "escalate" }) });
  const failing = (): string => group.workloads[0]!.pods[0]!.name;
  group.fail(failing());
  group.fail(failing());
  const [told] = group.fail(failing());
  ok(told?.type === "escalate" && told.failures.length === 3);
  group.pass(900);
  deepStrictEqual(group.fail(failing()), []);
  group.pass(101);
  strictEqual(group.memory("a").escalation, undefined);
  ok(victimsOf(group.fail(failing())).length > 0);
});

Deno.test("supervise() escalates for what cannot be scaled to zero", () => {
  const policy = policyOf({ onFailure: "stop", strategy: "oneForOne", maxRestarts: 0 });
  const group = new TestGroup({ name: "a", kind: "DaemonSet", policy });
  Object.assign(group.workloads[0]!, { replicas: undefined });
  deepStrictEqual(group.fail("a-1", "a-2").map(({ type }) => type), ["escalate"]);
});

Deno.test("supervise() quarantines a pod that alone exceeds the intensity, and keeps the last three", () => {
  const policy = policyOf({ strategy: "oneForOne", onFailure: "stop" });
  const group = new TestGroup({ name: "a", kind: "Deployment", policy });
  const poison = (): string => group.workloads[0]!.pods[1]!.name;
  const all = Array.from({ length: 5 }, () => {
    group.fail(poison());
    group.fail(poison());
    const actions = group.fail(poison());
    group.pass(1_001);
    return actions.map((one) => one.type).join();
  });
  const more = "discard,quarantine";
  deepStrictEqual(all, ["quarantine", "quarantine", "quarantine", more, more]);
  strictEqual(group.memory("a").quarantined.length, 3);
  strictEqual(group.memory("a").quarantined[0]!.pod, "a-4"); // a-2 and a-3 were discarded
  strictEqual(
    group.memory("a").quarantined[0]!.reason,
    "it failed 3 times in a row (Error, exit code 3)",
  );
  strictEqual(group.done.filter(({ action }) => action.type === "discard").length, 2);
});

Deno.test("supervise() quarantines for crashes in a row that are far apart, until the pod was calm", () => {
  const policy = policyOf({ strategy: "oneForOne" });
  for (const [gap, expected] of [[CALM_POD - 1, 1], [CALM_POD + 1, 0]] as const) {
    const group = new TestGroup({ name: "a", kind: "Deployment", policy });
    group.fail("a-2");
    group.pass(2_000);
    group.fail("a-2");
    group.pass(gap);
    group.fail("a-2");
    strictEqual(group.memory("a").quarantined.length, expected, `after ${gap} ms`);
  }
});

Deno.test("supervise() quarantines no pod when others fail too, none is ready or it has identity", () => {
  const policy = policyOf({ strategy: "oneForOne", onFailure: "escalate" });
  const types = (group: TestGroup): string[] => {
    for (let i = 0; i < 2; i++) group.fail("a-1");
    return group.fail("a-1").map(({ type }) => type);
  };
  deepStrictEqual(types(new TestGroup({ name: "a", policy })), ["escalate"]);
  const unready = new TestGroup({ name: "a", kind: "Deployment", policy });
  unready.change("a-2", { ready: false });
  deepStrictEqual(types(unready), ["escalate"]);
  const failing = new TestGroup({ name: "a", kind: "Deployment", policy });
  failing.fail("a-2");
  failing.fail("a-1");
  deepStrictEqual(failing.fail("a-1").map(({ type }) => type), ["escalate"]);
});

Deno.test("supervise() removes a pod with identity by force if its node is lost and the user wants that", () => {
  const policy = policyOf({ strategy: "oneForOne", replaceAfter: 1_000 });
  const group = new TestGroup({ name: "a", policy });
  group.change("a-1", { terminating: true, ready: false, grace: 500 });
  group.look();
  deepStrictEqual(group.pass(1_499), []);
  const actions = group.pass(1);
  deepStrictEqual(actions.map((one) => one.type === "replace" && one.victim.name), ["a-1"]);
  const spared = new TestGroup({ name: "a", policy: policyOf() });
  spared.change("a-1", { terminating: true, ready: false });
  deepStrictEqual(spared.pass(1_000_000), []);
});

Deno.test("supervise() returns what is pending again until it is settled, and then nothing", () => {
  const group = chain("oneForAll");
  group.change("a-1", { ends: 1 });
  const first = group.decide();
  deepStrictEqual(group.decide(), first);
  for (const action of first) group.carryOut(action);
  deepStrictEqual(group.decide(), []);
});

Deno.test("supervise() leaves a state as it was given", () => {
  const group = chain("oneForAll");
  const before = structuredClone(group.state);
  group.change("a-1", { ends: 1 });
  supervise(group.state, group.workloads, { now: 11_000, time: "T" });
  deepStrictEqual(group.state, before);
});

/** A generator of numbers from 0 up to 1 (mulberry32). */
function seeded(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

for (const onFailure of ["stop", "escalate", "restart"] as const) {
  Deno.test(`supervise() keeps the intensity whatever fails when, then it does "${onFailure}"`, () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = seeded(seed);
      const pick = (below: number): number => Math.floor(random() * below);
      const maxRestarts = pick(4);
      const strategy = (["oneForAll", "restForOne"] as const)[pick(2)]!;
      const policy = policyOf({ strategy, app: "app", onFailure, maxRestarts });
      const group = new TestGroup(...["a", "b"].map((name) => ({ name, policy })));
      for (let step = 0; step < 150; step++) {
        const pods = group.workloads.flatMap((one) => one.pods);
        if (pods.length > 0 && random() < 0.5) group.fail(pods[pick(pods.length)]!.name);
        group.pass(pick(300));
      }
      const restarts = group.done.filter(({ action }) => action.type === "restart");
      for (const { at } of restarts) {
        const inWindow = restarts.filter((one) => one.at >= at && one.at <= at + policy.within);
        // each workload of the group waits for itself
        const slow = 2 * Math.ceil(policy.within / policy.backoff.min);
        const most = onFailure === "restart" ? maxRestarts + slow : maxRestarts;
        ok(inWindow.length <= most, `seed ${seed}: ${inWindow.length} restarts, ${most} borne`);
      }
      const uids = restarts.flatMap(({ action }) =>
        action.type === "restart" ? action.victims.map(({ uid }) => uid) : []
      );
      strictEqual(new Set(uids).size, uids.length, `seed ${seed}: a pod was restarted twice`);
      group.pass(3 * policy.within);
      group.pass(CALM_POD + policy.within);
      const calm = group.state;
      deepStrictEqual(group.pass(100_000), [], `seed ${seed}`);
      deepStrictEqual(group.state, calm, `seed ${seed}: something changes though nothing happens`);
    }
  });
}
