import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { ElectionObserver } from "./election_observer.ts";
import { Scene } from "./testdata/scene.ts";
import { SimulatedPrimitives } from "./testdata/simulated_primitives.ts";
import type { SimulatedProcess } from "./testdata/simulated_process.ts";

/** A process that observes "boss", and what it was told. */
class Watching {
  readonly process: SimulatedProcess;
  readonly primitives: SimulatedPrimitives;
  readonly observer: ElectionObserver;
  readonly told: (string | undefined)[] = [];

  constructor(scene: Scene, name = "o") {
    this.process = scene.add(name);
    this.primitives = new SimulatedPrimitives(this.process);
    this.observer = new ElectionObserver(this.primitives.context, "boss");
    this.observer.onChange((leader) => this.told.push(leader));
  }
}

Deno.test("ElectionObserver tells who leads, with each change once, and sends nothing in steady state", async () => {
  await using scene = new Scene();
  const { server } = scene;
  const watching = new Watching(scene);
  await scene.pass(100);
  deepStrictEqual(watching.told, [undefined]);
  const [a, b] = [scene.start("a"), scene.add("b")];
  await scene.until(() => watching.observer.leader === "a");
  b.election.start();
  await scene.pass(1_000);
  server.forget();
  await scene.pass(60_000);
  strictEqual(server.count("GET"), 0);
  strictEqual(server.listed + server.watched, 0);
  await scene.settle(a.election.close());
  await scene.until(() => watching.observer.leader === "b");
  deepStrictEqual(watching.told, [undefined, "a", undefined, "b"]);
  const late: unknown[] = [];
  watching.observer.onChange((leader) => late.push(leader));
  deepStrictEqual(late, ["b"]);
  strictEqual(server.calls.filter((it) => it.client === "o").length, 0);
  await scene.settle(watching.primitives.close());
  deepStrictEqual(watching.primitives.errors, []);
});

Deno.test("ElectionObserver tells nobody when the leader was killed, by its own clock, and whatever the calendar says", async () => {
  await using scene = new Scene();
  const a = scene.start("a");
  const watching = new Watching(scene);
  await scene.until(() => watching.observer.leader === "a");
  for (const jump of [3_600_000, -7_200_000, 400_000_000_000]) {
    watching.process.dateOffset += jump;
    a.dateOffset -= jump;
    await scene.pass(10_000);
  }
  deepStrictEqual(watching.told.slice(-1), ["a"]);
  strictEqual(scene.server.count("GET", "o"), 1);
  a.pause(); // for ever
  const ms = await scene.until(() => watching.observer.leader === undefined);
  ok(ms > 6_000 && ms < 9_000, `${ms} ms`);
  strictEqual(scene.server.count("GET", "o"), 2);
  await scene.pass(60_000); // and reads on, seldom, while nobody follows
  ok(scene.server.count("GET", "o") <= 10);
  scene.start("b");
  await scene.until(() => watching.observer.leader === "b", 60_000);
  await scene.settle(watching.primitives.close());
});

Deno.test("ElectionObserver does not tell nobody when only its watch is late or cut", async () => {
  await using scene = new Scene();
  scene.start("a");
  const watching = new Watching(scene);
  await scene.until(() => watching.observer.leader === "a");
  scene.server.stalled = true;
  await scene.pass(60_000);
  scene.server.stalled = false;
  scene.server.cutWatches();
  await scene.pass(60_000);
  deepStrictEqual(watching.told.filter((it) => it !== undefined), ["a"]);
  strictEqual(watching.observer.leader, "a");
  ok(scene.server.count("GET", "o") < 10);
  await scene.settle(watching.primitives.close());
});

Deno.test("ElectionObserver tells nobody while it is cut off, and then who leads", async () => {
  await using scene = new Scene();
  const a = scene.start("a");
  const watching = new Watching(scene);
  await scene.until(() => watching.observer.leader === "a");
  scene.server.fault = ({ client }) => client === "o" ? "lose request" : undefined;
  scene.server.cutWatches((client) => client === "o");
  const ms = await scene.until(() => watching.observer.leader === undefined);
  ok(ms > 6_000 && ms < 12_000, `${ms} ms`);
  await scene.settle(a.election.close());
  scene.start("b");
  await scene.pass(5_000);
  scene.server.fault = () => undefined;
  await scene.until(() => watching.observer.leader === "b");
  ok(watching.primitives.errors.length > 0);
  await scene.settle(watching.primitives.close());
});

Deno.test("ElectionObserver hears of a Lease that was deleted, and of another one", async () => {
  await using scene = new Scene();
  const a = scene.start("a");
  const watching = new Watching(scene);
  await scene.until(() => watching.observer.leader === "a");
  a.pause();
  scene.server.remove();
  const ms = await scene.until(() => watching.observer.leader === undefined);
  ok(ms < 100, `${ms} ms`);
  a.resume();
  await scene.until(() => watching.observer.leader === "a"); // it has made it again
  await scene.settle(watching.primitives.close());
});

Deno.test("ElectionObserver hears the present leader at once after it was stopped for long", async () => {
  await using scene = new Scene();
  const a = scene.start("a");
  const watching = new Watching(scene);
  await scene.until(() => watching.observer.leader === "a");
  watching.process.pause();
  scene.start("b");
  await scene.pass(1_000);
  await scene.settle(a.election.close());
  await scene.pass(60_000);
  watching.process.resume();
  await scene.until(() => watching.observer.leader === "b", 1_000);
  await scene.settle(watching.primitives.close());
});

Deno.test("ElectionObserver can be iterated: a slow loop hears the newest state, and ends with it", async () => {
  await using scene = new Scene();
  const watching = new Watching(scene);
  const heard: (string | undefined)[] = [];
  let go = () => {};
  const loop = (async () => {
    for await (const leader of watching.observer) {
      heard.push(leader);
      await new Promise<void>((resolve) => go = resolve);
    }
  })();
  await scene.until(() => heard.length === 1);
  const a = scene.start("a");
  await scene.until(() => watching.observer.leader === "a");
  scene.start("b");
  await scene.pass(1_000);
  await scene.settle(a.election.close());
  await scene.until(() => watching.observer.leader === "b");
  go();
  await scene.until(() => heard.length === 2);
  go();
  await scene.pass(10_000);
  deepStrictEqual(heard, [undefined, "b"]);
  await scene.settle(watching.primitives.close());
  await loop;
  throws(() => new ElectionObserver(watching.primitives.context, "boss"), /primitives were closed/);
});
