import { deepStrictEqual, match, rejects, strictEqual } from "node:assert/strict";
import { FakeTime } from "@std/testing/time";
import { ApiError } from "../../kube/mod.ts";
import { KeyRing, newKey } from "../../messaging/mod.ts";
import { until } from "../../messaging/session/testdata/sides.ts";
import { Team, type TeamContext } from "./team.ts";
import { greeter, greeterState, MemoryWorkers } from "./testdata/memory_workers.ts";

const BOSS = { role: "coordinator", name: "boss", instance: "c-1", token: 5 } as const;
const NONE = { timeout: 50 };

class Scene implements AsyncDisposable {
  readonly keys = new KeyRing([newKey()]);
  readonly workers: MemoryWorkers;
  readonly errors: string[] = [];
  readonly team: Team<typeof greeter["specs"]>;
  unauthorized = 0;

  constructor(context: Partial<TeamContext> & { workersKeys?: KeyRing } = {}) {
    this.workers = new MemoryWorkers(() => context.workersKeys ?? this.keys);
    this.team = new Team(greeter, {
      client: undefined as never, // what dials is another one
      via: "direct",
      inCluster: true,
      keys: () => this.keys,
      onError: ({ message }) => this.errors.push(message),
      onUnauthorized: () => this.unauthorized++,
      dial: this.workers.dial,
      ...context,
    });
  }

  states(): string[] {
    return this.team.group.workers.map(({ worker, state }) => `${worker.name} ${state}`).sort();
  }

  async ready(...names: string[]): Promise<void> {
    const all = names.map((name) => `${name} ready`).join();
    await until(() => this.states().join() === all, `${all} are ready`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.team.end(new Error("over"));
    await this.workers[Symbol.asyncDispose]();
  }
}

Deno.test("Team dials pods that run in the name of a term, and tells them of each other", async () => {
  await using scene = new Scene();
  const { team, workers } = scene;
  team.take(greeterState("a"), false);
  team.take(greeterState("b", { ip: "10.0.0.2" }), false);
  team.take(greeterState("c", { ready: false }), false);
  deepStrictEqual([workers.dialed, team.links.length], [[], 0]);
  team.begin(BOSS);
  await scene.ready("a", "b");
  deepStrictEqual(workers.dialed, ["a 10.0.0.1", "b 10.0.0.2"]);
  const entry = (name: string, address: string) => ({
    name,
    uid: `uid-${name}`,
    address,
    port: 8080,
  });
  const both = [entry("a", "10.0.0.1"), entry("b", "10.0.0.2")];
  await until(() => workers.rosters.size === 2);
  deepStrictEqual([...workers.rosters.values()], [both, both]);
  team.take(greeterState("b", { ip: "10.0.0.2" }), true);
  await until(() => workers.rosters.get("a")?.length === 1);
  deepStrictEqual(scene.states(), ["a ready"]);
  deepStrictEqual(scene.errors, []);
});

Deno.test("Team gives a pod that is connected and not ready nothing new until it is", async () => {
  await using scene = new Scene();
  const { team, workers } = scene;
  team.begin(BOSS);
  for (const name of ["a", "b"]) team.take(greeterState(name), false);
  await scene.ready("a", "b");
  const held = team.group.ask("hold", undefined, { to: { worker: "a" } });
  await until(() => team.group.workers.some(({ inFlight }) => inFlight === 1));
  team.take(greeterState("a", { ready: false }), false);
  deepStrictEqual(scene.states(), ["a unresponsive", "b ready"]);
  const answers = await Promise.all(
    Array.from({ length: 9 }, () => team.group.ask("who", undefined, { balance: "roundRobin" })),
  );
  deepStrictEqual([...new Set(answers)], ["b"]);
  const to = { worker: "a" };
  await rejects(team.group.ask("who", undefined, { to, ...NONE }), { name: "TimedOutError" });
  const waiting = team.group.ask("who", undefined, { to });
  workers.release.resolve();
  strictEqual(await held, "a"); // it keeps what it has
  await until(() => workers.rosters.get("b")?.length === 1); // and its peers leave it alone
  team.take(greeterState("a"), false);
  strictEqual(await waiting, "a");
  deepStrictEqual(workers.dialed.length, 2); // over the same connection
});

Deno.test("Team leaves it to a worker that is terminated to finish what it has", async () => {
  await using scene = new Scene();
  scene.team.begin(BOSS);
  scene.team.take(greeterState("a"), false);
  await scene.ready("a");
  scene.team.take(greeterState("a", { deleted: true }), false);
  deepStrictEqual(scene.states(), ["a ready"]); // until it says that it drains
  scene.team.take(greeterState("late", { deleted: true }), false);
  strictEqual(scene.workers.dialed.length, 1);
});

Deno.test("Team dials a pod anew at another address, and loses what it had at the former", async () => {
  await using scene = new Scene();
  const { team, workers } = scene;
  team.begin(BOSS);
  team.take(greeterState("a"), false);
  await scene.ready("a");
  const lost = rejects(team.group.ask("hold", undefined), {
    name: "LostError",
    message: /its address has changed/,
  });
  await until(() => team.group.workers.some(({ inFlight }) => inFlight === 1));
  team.take(greeterState("a", { ip: "10.0.0.9" }), false);
  await lost;
  await scene.ready("a");
  deepStrictEqual(workers.dialed, ["a 10.0.0.1", "a 10.0.0.9"]);
});

Deno.test("Team.end() rejects what is asked, and the next term goes on with the pods that are there", async () => {
  await using scene = new Scene();
  const { team } = scene;
  team.begin(BOSS);
  team.take(greeterState("a"), false);
  await scene.ready("a");
  const reason = new Error("the term is over");
  const rejected = rejects(team.group.ask("hold", undefined), reason);
  await until(() => team.group.workers.some(({ inFlight }) => inFlight === 1));
  await team.end(reason);
  await rejected;
  deepStrictEqual([scene.states(), team.links.length], [[], 0]);
  team.open();
  team.begin({ ...BOSS, token: 6 });
  await scene.ready("a");
  strictEqual(await team.group.ask("who", undefined), "a");
  // a coordinator that was deposed is told so, and not left to wait
  await team.end(reason);
  team.begin(BOSS);
  await until(() => scene.errors.length === 1);
  match(scene.errors[0]!, /^Cannot talk to worker "a": this coordinator was deposed: /);
});

Deno.test("Team tells that workers have other keys, after it has looked for others itself", async () => {
  await using scene = new Scene({ workersKeys: new KeyRing([newKey()]) });
  scene.team.begin(BOSS);
  scene.team.take(greeterState("a"), false);
  await until(() => scene.errors.length > 0);
  strictEqual(scene.unauthorized, 2);
  match(
    scene.errors[0]!,
    /^Cannot talk to worker "a": no key is common: .*; restart it, so that it gets/,
  );
});

Deno.test("Team tells that a worker cannot be reached once it has tried for a while", async () => {
  using time = new FakeTime();
  await using scene = new Scene();
  scene.workers.failure = new Error("refused");
  scene.team.begin(BOSS);
  scene.team.take(greeterState("a"), false);
  await time.tickAsync(5_000);
  deepStrictEqual(scene.errors, []);
  while (scene.workers.dialed.length < 9) await time.tickAsync(1_000);
  deepStrictEqual(scene.errors, ['Cannot talk to worker "a": refused']);
});

Deno.test("Team tells at once that it may not reach a worker", async () => {
  using time = new FakeTime();
  await using scene = new Scene();
  scene.workers.failure = new ApiError('pods "a" is forbidden', {
    httpCode: 403,
    verb: "get",
    resource: "pods/proxy",
  });
  scene.team.begin(BOSS);
  scene.team.take(greeterState("a"), false);
  await time.tickAsync(0);
  strictEqual(scene.errors.length, 1);
});

Deno.test("Team with TLS dials and names the port for it, and no pod that has none", async () => {
  await using scene = new Scene({ tls: true });
  const { team, workers } = scene;
  team.begin(BOSS);
  team.take(greeterState("a", { tls: true }), false);
  team.take(greeterState("plain"), false);
  await scene.ready("a");
  deepStrictEqual(workers.dialed, ["a 10.0.0.1"]);
  await until(() => workers.rosters.get("a")?.[0]?.port === 8443);
  strictEqual(workers.rosters.get("a")?.length, 1);
});

Deno.test("Team.answering() resolves when workers answer, not while keys are awaited, and at the term's end", async () => {
  await using scene = new Scene();
  const { team } = scene;
  const { signal } = new AbortController();
  team.open();
  team.take(greeterState("a"), false);
  let answering = false;
  const first = team.answering(1, signal).then(() => answering = true);
  await new Promise((resolve) => setTimeout(resolve, 0));
  strictEqual(answering, false);
  team.begin(BOSS);
  await first;
  strictEqual(await team.group.ask("who", undefined), "a");

  team.take(greeterState("a"), true);
  const second = team.answering(1, signal);
  await team.end(new Error("the term is over")); // when it has no workers that could tell it
  await second;
  await rejects(team.answering(1, AbortSignal.abort(new Error("enough"))), /enough/);
});

Deno.test("Team tells workers of their peers only when those have changed", async () => {
  await using scene = new Scene();
  const { team, workers } = scene;
  team.begin(BOSS);
  team.take(greeterState("a"), false);
  await scene.ready("a");
  await until(() => workers.rosters.has("a"));
  workers.rosters.clear();
  team.take(greeterState("a"), false); // something else of the pod has changed
  strictEqual(await team.group.ask("who", undefined), "a");
  strictEqual(workers.rosters.size, 0);
  team.take(greeterState("b", { ip: "10.0.0.2" }), false);
  await until(() => workers.rosters.get("a")?.length === 2);
});
