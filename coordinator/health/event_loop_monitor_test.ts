import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { FakeTime } from "@std/testing/time";
import { EventLoopMonitor } from "./event_loop_monitor.ts";

/** A monitor in virtual time; `block` lets time pass in which no timer runs. */
class Scene implements Disposable {
  readonly beats: number[] = [];
  readonly #time = new FakeTime();
  readonly monitor: EventLoopMonitor;
  #blocked = 0;

  constructor() {
    this.monitor = new EventLoopMonitor({
      interval: 1_000,
      maxLag: 5_000,
      onBeat: (lag) => this.beats.push(lag),
      now: () => this.#time.now + this.#blocked,
    });
    this.monitor.start();
  }

  pass(ms: number): void {
    this.#time.tick(ms);
  }

  block(ms: number): void {
    this.#blocked += ms;
  }

  [Symbol.dispose](): void {
    this.monitor[Symbol.dispose]();
    this.#time.restore();
  }
}

Deno.test("EventLoopMonitor.check() passes while timers run in time, however long a handler waits", async () => {
  using scene = new Scene();
  const handler = new Promise<void>((resolve) => setTimeout(resolve, 600_000));
  scene.pass(599_000);
  deepStrictEqual(scene.monitor.check(), { name: "event-loop" });
  strictEqual(scene.beats.length, 599);
  strictEqual(Math.max(...scene.beats), 0);
  scene.pass(1_000);
  await handler;
});

Deno.test("EventLoopMonitor.check() fails when asked just after the loop was blocked, until it has caught up", () => {
  using scene = new Scene();
  scene.pass(1_500);
  scene.block(4_000); // 3.5 s late
  deepStrictEqual(scene.monitor.check(), { name: "event-loop" });
  scene.block(3_000);
  deepStrictEqual(scene.monitor.check(), {
    name: "event-loop",
    failure: "late by 6500 ms, allowed are 5000 ms",
  });
  scene.pass(500); // the late beat
  strictEqual(scene.beats.at(-1), 7_000);
  strictEqual(scene.monitor.lagMs, 7_000);
  scene.pass(1_000);
  strictEqual(scene.monitor.lagMs, 0);
  deepStrictEqual(scene.monitor.check(), { name: "event-loop" });
});

Deno.test("EventLoopMonitor.check() fails as long as every beat is late", () => {
  using scene = new Scene();
  for (let i = 0; i < 10; i++) {
    scene.block(6_000);
    scene.pass(1_000);
    strictEqual(scene.monitor.check().failure, "late by 6000 ms, allowed are 5000 ms");
  }
});

Deno.test("EventLoopMonitor is well before it starts and after it is closed", () => {
  using scene = new Scene();
  scene.monitor.start(); // twice is once
  scene.monitor[Symbol.dispose]();
  scene.block(60_000);
  scene.pass(60_000);
  strictEqual(scene.monitor.lagMs, 0);
  deepStrictEqual(scene.beats, []);
});
