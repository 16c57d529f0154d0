import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { FakeTime } from "@std/testing/time";
import { pod, type PodTraits } from "../objects/testdata/builders.ts";
import { PendingQueue } from "./pending_queue.ts";
import { podInfo } from "./pod_info.ts";

function setup() {
  const time = new FakeTime();
  const due: number[] = [];
  const queue = new PendingQueue({
    onDue: () => due.push(Date.now()),
    monotonic: () => Date.now(),
  });
  const put = (uid: string, traits: PodTraits = {}) =>
    queue.put(podInfo(pod(uid, { uid, ...traits })));
  const takeAll = () => {
    const uids: string[] = [];
    for (let next = queue.take(); next; next = queue.take()) uids.push(next.uid);
    return uids;
  };
  return {
    time,
    due,
    queue,
    put,
    takeAll,
    [Symbol.dispose]() {
      queue.close();
      time.restore();
    },
  };
}

Deno.test("PendingQueue gives the highest priority first, then the first that came", () => {
  using world = setup();
  world.put("a");
  world.put("urgent", { spec: { priority: 10 } });
  world.put("b");
  deepStrictEqual(world.takeAll(), ["urgent", "a", "b"]);
});

Deno.test("PendingQueue keeps a pod that failed until something changes and its back-off passed", () => {
  using world = setup();
  world.put("a");
  world.takeAll();
  world.queue.fail("a");
  world.time.tick(60_000);
  deepStrictEqual(world.takeAll(), []);
  world.queue.wake();
  deepStrictEqual(world.takeAll(), ["a"]);
  world.queue.fail("a");
  world.queue.wake();
  deepStrictEqual(world.takeAll(), []);
  world.time.tick(199);
  deepStrictEqual(world.takeAll(), []);
  world.time.tick(1);
  deepStrictEqual(world.takeAll(), ["a"]);
});

Deno.test("PendingQueue backs off longer each time, but not for ever", () => {
  using world = setup();
  world.put("a");
  let before = Date.now();
  const delays: number[] = [];
  for (let i = 0; i < 9; i++) {
    world.takeAll();
    world.queue.fail("a", { retry: true });
    const calls = world.due.length;
    while (world.due.length === calls) world.time.next();
    delays.push(Date.now() - before);
    before = Date.now();
  }
  deepStrictEqual(delays, [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
});

Deno.test("PendingQueue tries again when the pod wants something else, not when its status changed", () => {
  using world = setup();
  world.put("a", { cpu: "8" });
  world.takeAll();
  world.queue.fail("a");
  world.time.tick(1000);
  world.put("a", { cpu: "8", phase: "Pending", readyFor: 1 });
  deepStrictEqual(world.takeAll(), []);
  world.put("a", { cpu: "1" });
  deepStrictEqual(world.takeAll(), ["a"]);
});

Deno.test("PendingQueue forgets a pod that was removed", () => {
  using world = setup();
  world.put("a");
  world.put("b");
  world.queue.remove("a");
  deepStrictEqual(world.takeAll(), ["b"]);
  world.queue.remove("b");
  strictEqual(world.queue.size, 0);
  world.queue.fail("b", { retry: true });
  world.time.tick(20_000);
  deepStrictEqual(world.takeAll(), []);
});
