import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { FakeTime } from "@std/testing/time";
import type { Load } from "../../messaging/mod.ts";
import type { Mandate } from "../leadership/mandate.ts";
import { Autoscaler, type LoadSource, type ScaleTarget } from "./autoscaler.ts";

/** A term that a test ends. */
function term(): Mandate & { end(): void } {
  const over = new AbortController();
  return {
    token: 1,
    signal: over.signal,
    check: () => {},
    end: () => over.abort(new Error("lost")),
  };
}

/** A workload whose number is only noted, and work that a test makes. */
class Scene implements ScaleTarget, LoadSource {
  readonly name = "worker";
  readonly writes: { at: number; replicas: number }[] = [];
  readonly errors: string[] = [];
  readonly #hearers = new Set<() => void>();
  replicas: number | undefined = 0;
  load: Load = { waiting: 0, running: 0, saturated: 0 };
  /** What a write does instead. */
  refuse: Error | undefined;
  /** What writes wait for. */
  gate: Promise<void> = Promise.resolve();
  writing = 0;
  most = 0;
  readonly scaler: Autoscaler = new Autoscaler({
    target: this,
    source: this,
    workers: { min: 0, max: 8, perWorker: 2, idleFor: 30_000 },
    onError: (error) => this.errors.push(error.message),
    now: Date.now,
  });

  present(): number | undefined {
    return this.replicas;
  }

  async scale(replicas: number): Promise<void> {
    this.writes.push({ at: Date.now(), replicas });
    this.most = Math.max(this.most, ++this.writing);
    await this.gate;
    this.writing--;
    if (this.refuse) throw this.refuse;
    this.replicas = replicas;
  }

  onChange(hear: () => void): () => void {
    this.#hearers.add(hear);
    return () => void this.#hearers.delete(hear);
  }

  onLoad(hear: (load: Load) => void): () => void {
    const own = (): void => hear(this.load);
    this.#hearers.add(own);
    return () => void this.#hearers.delete(own);
  }

  get hearers(): number {
    return this.#hearers.size;
  }

  async set(load: Partial<Load>): Promise<void> {
    this.load = { ...this.load, ...load };
    await this.tell();
  }

  async tell(): Promise<void> {
    for (const hear of [...this.#hearers]) hear();
    await settle();
  }

  get numbers(): number[] {
    return this.writes.map(({ replicas }) => replicas);
  }
}

async function settle(): Promise<void> {
  for (let n = 0; n < 20; n++) await Promise.resolve();
}

async function lapse(time: FakeTime, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 1_000) {
    await time.tickAsync(Math.min(1_000, left));
    await settle();
  }
}

Deno.test("Autoscaler goes from none to one and back, and writes nothing while the number is right", async () => {
  using time = new FakeTime();
  const scene = new Scene();
  scene.scaler.begin(term());
  await settle();
  deepStrictEqual(scene.numbers, []);
  await scene.set({ waiting: 1 });
  deepStrictEqual(scene.numbers, [1]);
  await scene.set({ waiting: 0, running: 1 });
  await lapse(time, 60_000);
  deepStrictEqual(scene.numbers, [1]);
  await scene.set({ running: 0 });
  await lapse(time, 29_000);
  deepStrictEqual(scene.numbers, [1]);
  await lapse(time, 1_000);
  deepStrictEqual(scene.numbers, [1, 0]);
  await lapse(time, 600_000);
  deepStrictEqual(scene.numbers, [1, 0]);
  await scene.scaler.close();
});

Deno.test("Autoscaler writes at most once a second, one at a time, in a storm of load", async () => {
  using time = new FakeTime();
  const scene = new Scene();
  scene.scaler.begin(term());
  for (let n = 1; n <= 16; n++) {
    await scene.set({ waiting: n });
    await lapse(time, 250);
  }
  await lapse(time, 1_000);
  const gaps = scene.writes.slice(1).map(({ at }, n) => at - scene.writes[n]!.at);
  ok(gaps.every((gap) => gap >= 1_000), gaps.join());
  strictEqual(scene.replicas, 8);
  const gate = Promise.withResolvers<void>();
  scene.gate = gate.promise;
  await scene.set({ waiting: 0 });
  await lapse(time, 31_000);
  await scene.set({ waiting: 4 });
  await lapse(time, 5_000);
  strictEqual(scene.numbers.at(-1), 0);
  gate.resolve();
  await lapse(time, 1_000);
  strictEqual(scene.replicas, 2);
  strictEqual(scene.most, 1);
  await scene.scaler.close();
});

Deno.test("Autoscaler doubles workers that are ready while a map has more for them", async () => {
  using time = new FakeTime();
  const scene = new Scene();
  scene.scaler.begin(term());
  await scene.set({ waiting: 1 });
  for (let ready = 1; ready <= 8; ready *= 2) {
    await scene.set({ waiting: 0, running: ready, saturated: ready });
    await lapse(time, 10_000);
  }
  deepStrictEqual(scene.numbers, [1, 2, 4, 8]);
  await scene.scaler.close();
});

Deno.test("Autoscaler tells of a write that failed, and tries it again ever less often", async () => {
  using time = new FakeTime();
  const scene = new Scene();
  scene.refuse = new Error("403");
  scene.scaler.begin(term());
  await scene.set({ waiting: 1 });
  await lapse(time, 600_000);
  ok(scene.errors.length > 8 && scene.errors.length < 20, String(scene.errors.length));
  scene.refuse = undefined;
  await lapse(time, 60_000);
  strictEqual(scene.replicas, 1);
  await scene.scaler.close();
});

Deno.test("Autoscaler ends with its mandate, and goes on from the present number with the next", async () => {
  using time = new FakeTime();
  const scene = new Scene();
  const first = term();
  scene.scaler.begin(first);
  await scene.set({ waiting: 8 });
  strictEqual(scene.replicas, 4);
  first.end();
  strictEqual(scene.hearers, 0);
  await scene.set({ waiting: 0 });
  await lapse(time, 60_000);
  deepStrictEqual(scene.numbers, [4]);
  scene.scaler.begin(term());
  await lapse(time, 29_500);
  deepStrictEqual(scene.numbers, [4]);
  await lapse(time, 1_000);
  deepStrictEqual(scene.numbers, [4, 0]);
  await scene.scaler.close();
  strictEqual(scene.hearers, 0);
});

Deno.test("Autoscaler leaves alone what is stopped, and goes on once it is not", async () => {
  const scene = new Scene();
  scene.replicas = undefined;
  scene.scaler.begin(term());
  await scene.set({ waiting: 8 });
  deepStrictEqual(scene.numbers, []);
  scene.replicas = 0;
  await scene.tell();
  deepStrictEqual(scene.numbers, [4]);
  scene.scaler.end();
  await scene.scaler.close();
});

Deno.test("Autoscaler.change() keeps to new bounds at once", async () => {
  using time = new FakeTime();
  const scene = new Scene();
  scene.scaler.begin(term());
  await scene.set({ waiting: 100 });
  await lapse(time, 2_000);
  scene.scaler.change({ min: 1, max: 3, perWorker: 2, idleFor: 30_000 });
  await settle();
  deepStrictEqual(scene.numbers, [8, 3]);
  await scene.scaler.close();
});
