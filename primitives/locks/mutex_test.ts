import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { SessionLostError } from "../session/mod.ts";
import { VirtualScene } from "../testdata/virtual_scene.ts";
import type { Hold } from "./hold.ts";
import type { LockEntry, LockQueue } from "./lock_queue.ts";
import { Mutex } from "./mutex.ts";
import { ReentrancyError } from "./reentrancy_error.ts";

/** Processes with a mutex each, the same for all. */
class MutexScene extends VirtualScene {
  mutex(name: string): Mutex {
    return new Mutex(this.process(name).context, "orders");
  }

  /** What a process that is made for it waits for; if the test fails first, nobody waits for that. */
  acquire(name: string): Promise<Hold> {
    const wait = this.mutex(name).acquire();
    wait.catch(() => {});
    return wait;
  }

  /** Those in the queue. */
  get queue(): string[] {
    return this.entries.map((it) => it.who);
  }

  get entries(): readonly LockEntry[] {
    const object = this.server.objects.get("configmaps/troupe-mutex-orders");
    const data = object?.data as { state: string } | undefined;
    return data ? (JSON.parse(data.state) as LockQueue).queue : [];
  }

  /** Requests of the lock itself, sessions excepted. */
  get requests(): number {
    return this.server.count({ resource: "configmaps" });
  }
}

Deno.test("Mutex.acquire() and release() take two requests when nobody else was there", async () => {
  await using scene = new MutexScene();
  const mutex = scene.mutex("a");
  const first = await scene.settle(mutex.acquire());
  await scene.settle(first.release());
  const before = scene.requests;
  const second = await scene.settle(mutex.acquire());
  ok(second.token > first.token);
  strictEqual(second.token, scene.server.version);
  deepStrictEqual([second.name, second.scope], ["orders", "mutex/ns/orders"]);
  await scene.settle(second.release());
  strictEqual(scene.requests - before, 2);
  deepStrictEqual(scene.queue, []);
  strictEqual(scene.server.writes({ resource: "leases" }), 1);
});

Deno.test("Mutex.acquire() lets in who came first, each by a write and its event", async () => {
  await using scene = new MutexScene();
  const order: string[] = [];
  const held = await scene.settle(scene.acquire("a"));
  const waits = [];
  for (const name of ["b", "c", "d"]) {
    const wait = scene.acquire(name);
    wait.then(() => order.push(name), () => {});
    waits.push(wait);
    await scene.until(() => scene.queue.includes(name));
  }
  await scene.pass(100);
  // each in line: a read, a write, a list and a watch; and one list and watch of the session before it
  strictEqual(scene.requests, 2 + 3 * 4);
  strictEqual(scene.server.count({ resource: "leases", watch: true }), 3);
  let before = held;
  for (const wait of waits) {
    const requests = scene.requests;
    const released = before.release();
    const next = await scene.settle(wait);
    // the first one has not heard of those who came after it: a refused write and a read more
    strictEqual(scene.requests - requests, before === held ? 3 : 1);
    strictEqual(next.token, scene.server.version);
    strictEqual(before.signal.aborted, true);
    await scene.settle(released);
    before = next;
  }
  deepStrictEqual(order, ["b", "c", "d"]);
});

Deno.test("Mutex.acquire() passes over one who died while it waited", async () => {
  await using scene = new MutexScene();
  const held = await scene.settle(scene.acquire("a"));
  void scene.acquire("b");
  await scene.until(() => scene.queue.length === 2);
  const wait = scene.acquire("c");
  await scene.until(() => scene.queue.length === 3);
  scene.processes[1]!.kill();
  await scene.until(() => scene.queue.join() === "a,c", 9_000);
  const took = await scene.time.now;
  await scene.settle(held.release());
  await scene.settle(wait);
  ok(scene.time.now - took < 100);
});

Deno.test("Mutex.acquire() follows a holder that died within the lease's duration and a second", async () => {
  await using scene = new MutexScene();
  const held = await scene.settle(scene.acquire("a"));
  const wait = scene.acquire("b");
  await scene.pass(5_000);
  scene.processes[0]!.kill();
  const start = scene.time.now;
  const next = await scene.settle(wait);
  ok(scene.time.now - start <= 9_000, `${scene.time.now - start} ms`);
  ok(next.token > held.token);
  deepStrictEqual(scene.queue, ["b"]);
});

Deno.test("Mutex.acquire() finds by itself that a lock's holder is long gone", async () => {
  await using scene = new MutexScene();
  await scene.settle(scene.acquire("a"));
  scene.processes[0]!.kill();
  await scene.pass(60_000);
  const b = scene.mutex("b");
  strictEqual(await scene.settle(b.tryAcquire()), undefined);
  const took = scene.time.now;
  await scene.settle(b.acquire());
  ok(scene.time.now - took <= 9_000);
  strictEqual(await scene.settle(scene.mutex("c").tryAcquire()), undefined);
});

Deno.test("Hold is over for one that was stopped longer than its lease, at once when it looks", async () => {
  await using scene = new MutexScene();
  const held = await scene.settle(scene.acquire("a"));
  const wait = scene.acquire("b");
  await scene.pass(1_000);
  scene.processes[0]!.pause();
  const next = await scene.settle(wait);
  ok(next.token > held.token);
  strictEqual(held.signal.aborted, false); // it has not had a chance
  strictEqual(held.remainingMs(), 0);
  strictEqual(held.signal.aborted, true);
  throws(() => held.throwIfOver(), SessionLostError);
  const { requests } = scene;
  scene.processes[0]!.resume();
  await scene.settle(held.release());
  strictEqual(scene.requests, requests); // there is nothing to release
  deepStrictEqual(scene.queue, ["b"]);
  next.throwIfOver();
});

Deno.test("Mutex.acquire() leaves the queue when it is given up", async () => {
  await using scene = new MutexScene();
  await scene.settle(scene.acquire("a"));
  const b = scene.mutex("b");
  await scene.settle(rejects(b.acquire({ timeout: 500 }), {
    name: "TimeoutError",
    message: 'Cannot acquire mutex "orders": not within 500 ms',
  }));
  const controller = new AbortController();
  const refused = rejects(b.acquire({ signal: controller.signal }), /no more/);
  await scene.until(() => scene.queue.length > 1);
  controller.abort(new Error("no more"));
  await scene.settle(refused);
  await scene.until(() => scene.queue.length === 1);
  deepStrictEqual(scene.queue, ["a"]);
});

Deno.test("Mutex.acquire() that is given up while its write is under way leaves nothing, however late it comes", async () => {
  for (const fault of ["lose answer", "lose request", { delay: 700 }, { delay: 5_000 }] as const) {
    await using scene = new MutexScene();
    const [a, b] = [scene.mutex("a"), scene.mutex("b")];
    await scene.settle((await scene.settle(b.acquire())).release());
    let faults = 0;
    scene.server.fault = ({ method, client, resource }) =>
      client === "b" && method === "PUT" && resource === "configmaps" && faults++ === 0
        ? fault
        : undefined;
    await scene.settle(rejects(b.acquire({ timeout: 300 }), { name: "TimeoutError" }));
    await scene.pass(10_000);
    deepStrictEqual(scene.queue, [], JSON.stringify(fault));
    await scene.settle(a.acquire(), 100);
  }
});

Deno.test("Hold.release() is repeated while the server is down", async () => {
  await using scene = new MutexScene();
  const held = await scene.settle(scene.acquire("a"));
  const wait = scene.acquire("b");
  await scene.pass(100);
  scene.server.fault = ({ client }) => client === "a" ? 503 : undefined;
  const released = held.release();
  strictEqual(held.remainingMs(), 0);
  await scene.pass(3_000);
  scene.server.fault = () => undefined;
  await scene.settle(Promise.all([released, wait]), 3_000);
  strictEqual(held.release(), held.release());
});

Deno.test("Hold.release() resolves when the session ends, by which others get the lock", async () => {
  await using scene = new MutexScene();
  const held = await scene.settle(scene.acquire("a"));
  const wait = scene.acquire("b");
  await scene.pass(100);
  scene.server.fault = ({ client }) => client === "a" ? "lose request" : undefined;
  await scene.settle(held.release(), 6_000);
  await scene.settle(wait, 4_000);
});

Deno.test("Mutex.acquire() stands in line again when it lost its session while it waited", async () => {
  await using scene = new MutexScene();
  const held = await scene.settle(scene.acquire("a"));
  const wait = scene.acquire("b");
  await scene.until(() => scene.queue.length === 2);
  scene.server.fault = ({ client }) => client === "b" ? "lose request" : undefined;
  const other = scene.acquire("c");
  await scene.until(() => scene.queue.join() === "a,c", 20_000);
  scene.server.fault = () => undefined;
  await scene.until(() => scene.queue.join() === "a,c,b", 20_000);
  await scene.settle(held.release());
  await scene.settle((await scene.settle(other)).release());
  await scene.settle(wait);
});

Deno.test("Mutex.acquire() stands in line again when somebody deletes the object", async () => {
  await using scene = new MutexScene();
  const held = await scene.settle(scene.acquire("a"));
  const waits = ["b", "c"].map((name) => scene.acquire(name));
  await scene.until(() => scene.queue.length === 3);
  scene.server.remove("configmaps", "troupe-mutex-orders");
  const next = await scene.settle(Promise.race(waits), 5_000);
  ok(next.token > held.token);
  await scene.settle(held.release()); // it has nothing to release
  await scene.settle(next.release());
  const all = await scene.settle(Promise.all(waits));
  strictEqual(new Set(all.map((it) => it.token)).size, 2);
});

Deno.test("Mutex.acquire() refuses an object that holds or waits already", async () => {
  await using scene = new MutexScene();
  const mutex = scene.mutex("a");
  const waiting = mutex.acquire();
  await rejects(mutex.tryAcquire(), {
    name: "ReentrancyError",
    message: 'Cannot acquire mutex "orders": this object waits for it already; ' +
      "another party needs an object of its own",
  });
  const held = await scene.settle(waiting);
  await rejects(mutex.acquire(), ReentrancyError);
  const other = new Mutex(scene.processes[0]!.context, "orders").acquire();
  await scene.settle(held.release());
  await scene.settle((await scene.settle(other)).release());
  await scene.settle(mutex.acquire());
});

Deno.test("Mutex objects of one process are parties each, and share a watch and writes", async () => {
  await using scene = new MutexScene();
  const held = await scene.settle(scene.acquire("a"));
  const { context } = scene.process("b");
  const tokens: number[] = [];
  const waits = Array.from({ length: 50 }, async () => {
    await using hold = await new Mutex(context, "orders").acquire();
    tokens.push(hold.token);
  });
  await scene.pass(1_000);
  strictEqual(scene.queue.length, 51);
  ok(scene.server.writes({ client: "b", resource: "configmaps" }) <= 3);
  await scene.settle(Promise.all([held.release(), ...waits]));
  deepStrictEqual(tokens, [...new Set(tokens)].sort((x, y) => x - y));
  strictEqual(scene.server.count({ client: "b", resource: "configmaps", watch: true }), 1);
});

Deno.test("Mutex.acquire() goes on when watches are broken", async () => {
  await using scene = new MutexScene();
  const held = await scene.settle(scene.acquire("a"));
  const wait = scene.acquire("b");
  await scene.until(() => scene.queue.length === 2);
  await scene.pass(100);
  scene.server.stalled = true;
  await scene.settle(held.release());
  await scene.settle(wait, 9_000);
});

Deno.test("Mutex() refuses a name that no object can have", () => {
  const scene = {} as never;
  throws(() => new Mutex(scene, "Orders"), {
    name: "TypeError",
    message: 'Cannot make a mutex: "name" given "Orders", allowed is a DNS name: lower-case ' +
      'letters, digits, "-" and ".", at most 240 characters',
  });
  throws(() => new Mutex(scene, "a".repeat(241)), TypeError);
});

Deno.test("Mutex ends what waits, and gives back what is held, when its process closes", async () => {
  await using scene = new MutexScene();
  const held = await scene.settle(scene.acquire("a"));
  const wait = rejects(scene.acquire("b"), /closed/);
  await scene.until(() => scene.queue.length === 2);
  const c = scene.acquire("c");
  await scene.until(() => scene.queue.length === 3);
  const start = scene.time.now;
  await scene.settle(Promise.all([scene.processes[1]!.close(), wait]));
  await scene.settle(scene.processes[0]!.close());
  strictEqual(held.signal.aborted, true);
  await scene.settle(c);
  ok(scene.time.now - start < 500);
});

Deno.test("Mutex.acquire() follows a dead holder also if its removal was refused once", async () => {
  await using scene = new MutexScene();
  await scene.settle(scene.acquire("a"));
  const waiting = scene.acquire("b");
  await scene.until(() => scene.queue.length === 2);
  let refused = 0;
  scene.server.fault = ({ client, method, resource }) =>
    client === "b" && method === "PUT" && resource === "configmaps" && refused++ === 0
      ? 403
      : undefined;
  await scene.pass(100);
  scene.processes[0]!.kill();
  await scene.settle(waiting, 60_000);
  ok(refused > 1);
});
