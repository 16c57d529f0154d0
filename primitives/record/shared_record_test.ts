import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { z } from "zod";
import { anySignal } from "../../runtime/mod.ts";
import type { Fault } from "../testdata/object_server.ts";
import type { SimulatedProcess } from "../testdata/simulated_process.ts";
import { VirtualScene } from "../testdata/virtual_scene.ts";
import { SharedRecord, UnknownOutcomeError, type Versioned } from "./mod.ts";
import { KEPT_WRITERS } from "./write_log.ts";

interface Names {
  readonly names: readonly string[];
}

const OBJECT = "troupe-test-names";
const KEY = `configmaps/${OBJECT}`;

function recordOf({ context }: SimulatedProcess): SharedRecord<Names> {
  const schema: z.ZodType<Names> = z.object({ names: z.array(z.string()) });
  return new SharedRecord(context, { kind: "test", name: "names", schema, empty: { names: [] } });
}

const { signal } = new AbortController();

const add = (name: string) => ({ names }: Names): Names => ({ names: [...names, name] });

class RecordScene extends VirtualScene {
  readonly a: SharedRecord<Names> = recordOf(this.process("a"));
  readonly b: SharedRecord<Names> = recordOf(this.process("b"));
  #others = 0;

  add(record: SharedRecord<Names>, name: string): Promise<Versioned<Names>> {
    return this.settle(record.update(add(name), signal));
  }

  /** The record as one more process has it. */
  another(): SharedRecord<Names> {
    return recordOf(this.process(`other-${this.#others++}`));
  }

  get stored(): readonly string[] {
    const data = this.server.objects.get(KEY)?.data as { state: string } | undefined;
    return data ? (JSON.parse(data.state) as Names).names : [];
  }

  /** Does that to the first write of a process. */
  failOnce(fault: Fault, client = "a"): void {
    let times = 0;
    this.server.fault = (call) =>
      call.client === client && ["POST", "PUT"].includes(call.method) && times++ === 0
        ? fault
        : undefined;
  }
}

Deno.test("SharedRecord.update() reads once, and then writes by a request each", async () => {
  await using scene = new RecordScene();
  const { a, server } = scene;
  strictEqual(a.known, undefined);
  const first = await scene.add(a, "x");
  deepStrictEqual(server.calls.map((it) => it.method), ["GET", "POST"]);
  deepStrictEqual(first.state, { names: ["x"] });
  strictEqual(first.version, server.version);
  const second = await scene.add(a, "y");
  deepStrictEqual(server.calls.map((it) => it.method), ["GET", "POST", "PUT"]);
  ok(second.version > first.version);
  deepStrictEqual(a.known!.state, { names: ["x", "y"] });
  const { metadata } = server.objects.get(KEY)!;
  deepStrictEqual(metadata!.labels, {
    "app.kubernetes.io/managed-by": "troupe",
    "troupe.dev/primitive": "test",
  });
});

Deno.test("SharedRecord.update() writes together what comes while a write is under way", async () => {
  await using scene = new RecordScene();
  await scene.add(scene.a, "x");
  const updates = Array.from({ length: 200 }, (_, i) => scene.a.update(add(`${i}`), signal));
  await scene.settle(Promise.all(updates));
  strictEqual(scene.server.writes(), 3); // the first, one, and all others
  strictEqual(new Set(scene.stored).size, 201);
});

Deno.test("SharedRecord.update() of two processes loses nothing", async () => {
  await using scene = new RecordScene();
  await Promise.all([scene.add(scene.a, "x"), scene.settle(scene.b.update(add("y"), signal))]);
  await scene.settle(
    Promise.all([scene.a, scene.b].map((it, i) => it.update(add(`${i}`), signal))),
  );
  deepStrictEqual([...scene.stored].sort(), ["0", "1", "x", "y"]);
});

Deno.test("SharedRecord.update() that changes nothing, or throws, has seen the present state", async () => {
  await using scene = new RecordScene();
  await scene.add(scene.a, "x");
  await scene.add(scene.b, "y");
  deepStrictEqual(scene.a.known!.state.names, ["x"]);
  const { state } = await scene.settle(scene.a.update(() => undefined, signal));
  deepStrictEqual(state.names, ["x", "y"]);
  await scene.add(scene.b, "z");
  const refused = scene.a.update(({ names }) => {
    throw new Error(names.join());
  }, signal);
  await scene.settle(rejects(refused, /^Error: x,y,z$/));
});

for (
  const fault of [
    "lose request",
    "lose answer",
    { delay: 1_600 },
    { delay: 20_000 },
    429,
    500,
    503,
    409,
  ] as const
) {
  Deno.test(`SharedRecord.update() takes effect once after a fault: ${JSON.stringify(fault)}`, async () => {
    for (const isNew of [true, false]) {
      await using scene = new RecordScene();
      if (!isNew) await scene.add(scene.a, "x");
      scene.failOnce(fault);
      const update = scene.add(scene.a, "y");
      await scene.add(scene.b, "z");
      await update;
      await scene.add(scene.a, "end");
      await scene.pass(30_000);
      deepStrictEqual([...scene.stored].sort(), ["end", ...isNew ? [] : ["x"], "y", "z"]);
    }
  });
}

Deno.test("SharedRecord.update() is told at once what does not pass", async () => {
  await using scene = new RecordScene();
  await scene.add(scene.a, "x");
  scene.failOnce(403);
  await rejects(scene.add(scene.a, "y"), { httpCode: 403 });
  scene.failOnce(404, "b"); // of a create: the namespace is missing
  scene.server.remove("configmaps", OBJECT);
  await rejects(scene.add(scene.b, "y"), { httpCode: 404 });
  deepStrictEqual(scene.stored, []);
});

Deno.test("SharedRecord.update() cannot tell when it is ended while its write is under way", async () => {
  await using scene = new RecordScene();
  await scene.add(scene.a, "x");
  const controller = new AbortController();
  scene.failOnce({ delay: 500 });
  const ended = scene.a.update(add("y"), controller.signal);
  const unchanged = scene.a.update(() => undefined, controller.signal);
  const other = scene.a.update(add("z"), signal);
  const refused = Promise.all([
    rejects(ended, { name: "UnknownOutcomeError", cause: controller.signal.reason }).catch(
      () => {},
    ),
    rejects(unchanged, /enough/),
  ]);
  await scene.pass(100);
  controller.abort(new Error("enough"));
  await refused;
  await rejects(ended, UnknownOutcomeError);
  await scene.settle(other);
  deepStrictEqual(scene.stored, ["x", "y", "z"]);
});

Deno.test("SharedRecord.update() writes nothing for one that was ended before anything was written", async () => {
  await using scene = new RecordScene();
  await scene.add(scene.a, "x");
  scene.failOnce(429);
  const controller = new AbortController();
  const refused = rejects(scene.a.update(add("y"), controller.signal), /enough/);
  const other = scene.a.update(add("z"), signal);
  await scene.pass(10); // it is refused, and will be sent again
  controller.abort(new Error("enough"));
  await refused;
  await scene.settle(other);
  deepStrictEqual(scene.stored, ["x", "z"]);
});

Deno.test("SharedRecord.update() takes effect once when it is refused by something else than its condition", async () => {
  await using scene = new RecordScene();
  await scene.add(scene.a, "x");
  const faults: Fault[] = [{ delay: 1_700 }, 409];
  scene.server.fault = ({ method }) => method === "PUT" ? faults.shift() : undefined;
  await scene.add(scene.a, "y");
  await scene.pass(10_000);
  deepStrictEqual(scene.stored, ["x", "y"]);
});

Deno.test("SharedRecord.update() sends no more when all callers have gone", async () => {
  await using scene = new RecordScene();
  await scene.add(scene.a, "x");
  const controller = new AbortController();
  scene.server.fault = () => 503;
  const ended = scene.a.update(add("y"), controller.signal);
  const refused = rejects(ended, UnknownOutcomeError);
  await scene.pass(2_000);
  controller.abort(new Error("enough"));
  await refused;
  await scene.pass(100);
  let sent = 0;
  scene.server.fault = () => (sent++, undefined);
  await scene.pass(30_000);
  strictEqual(sent, 0);
  await scene.add(scene.a, "z");
  deepStrictEqual(scene.stored, ["x", "z"]);
});

Deno.test("SharedRecord.update() settles by its write what was in doubt before", async () => {
  await using scene = new RecordScene();
  await scene.add(scene.a, "x");
  scene.failOnce({ delay: 5_000 });
  const ended = scene.a.update(add("late"), anySignal([signal, abortedAfter(300)]));
  await scene.settle(rejects(ended, UnknownOutcomeError));
  await scene.settle(scene.a.update((state) => state, signal)); // writes, though nothing changes
  await scene.pass(10_000);
  deepStrictEqual(scene.stored, ["x"]);
});

function abortedAfter(ms: number): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error("enough")), ms);
  return controller.signal;
}

Deno.test("SharedRecord.update() refuses what is too large, and writes the others", async () => {
  await using scene = new RecordScene();
  await scene.add(scene.a, "x");
  const first = scene.a.update(add("y"), signal);
  const large = scene.a.update(add("a".repeat(901 * 1024)), signal);
  const refused = rejects(large, {
    name: "RangeError",
    message: /^Cannot write test "names": it would take \d+ bytes, allowed are 921600$/,
  });
  const last = scene.a.update(add("z"), signal);
  await scene.settle(Promise.all([first, refused, last]));
  deepStrictEqual(scene.stored, ["x", "y", "z"]);
});

Deno.test("SharedRecord.update() whose answer was lost takes effect once, however often another one writes", async () => {
  await using scene = new RecordScene();
  await scene.add(scene.a, "x");
  scene.failOnce("lose answer");
  const update = scene.a.update(add("y"), signal);
  await scene.pass(10);
  for (let i = 1; i < 100; i++) await scene.add(scene.b, `${i}`);
  await scene.settle(update);
  strictEqual(scene.stored.filter((name) => name === "y").length, 1);
});

Deno.test("SharedRecord.update() cannot tell when 64 others have written since", async () => {
  for (const others of [KEPT_WRITERS - 1, KEPT_WRITERS]) {
    await using scene = new RecordScene();
    await scene.add(scene.a, "x");
    scene.failOnce("lose answer");
    const update = scene.a.update(add("y"), signal);
    update.catch(() => {});
    await scene.pass(10);
    for (let i = 0; i < others; i++) await scene.add(scene.another(), `${i}`);
    if (others < KEPT_WRITERS) await scene.settle(update);
    else await scene.settle(rejects(update, UnknownOutcomeError));
  }
});

Deno.test("SharedRecord gives versions that grow when its object is deleted and made again", async () => {
  await using scene = new RecordScene();
  const { a, b, server } = scene;
  const seen: Versioned<Names>[] = [];
  const stop = b.watch((now) => seen.push(now));
  await scene.add(a, "x");
  await scene.add(a, "y");
  await scene.pass(100);
  server.remove("configmaps", OBJECT);
  await scene.pass(100);
  await scene.add(a, "z");
  await scene.pass(100);
  deepStrictEqual(seen.map((it) => it.state.names.join()), ["", "x", "x,y", "", "z"]);
  const versions = seen.map((it) => it.version);
  deepStrictEqual(versions, [...new Set(versions)].sort((x, y) => x - y));
  deepStrictEqual(scene.stored, ["z"]);
  stop();
});

Deno.test("SharedRecord rejects what is no such record, and leaves it alone", async () => {
  const labels = { "troupe.dev/primitive": "test" };
  const state = JSON.stringify({ names: [] });
  const objects = [
    [
      { labels: { "troupe.dev/primitive": "other" } },
      { state, writes: "" },
      /it is not of a test/,
    ],
    [{}, {}, /it is not of a test; choose another name or delete it/],
    [{ labels }, { state }, /it is not of a test/],
    [{ labels }, { state: "{", writes: "" }, /"state" is not JSON/],
    [{ labels }, { state: '{"names":[1]}', writes: "" }, /"names\.0" given 1/],
  ] as const;
  for (const [metadata, data, message] of objects) {
    await using scene = new RecordScene();
    scene.server.store("configmaps", {
      metadata: { ...metadata, name: OBJECT, namespace: "ns" },
      data,
    });
    const { version } = scene.server;
    await rejects(scene.add(scene.a, "x"), { name: "RecordError", message });
    await rejects(scene.settle(scene.a.read(signal)), { name: "RecordError", message });
    strictEqual(scene.server.version, version);
    // and when it is gone, all is well
    const wait = scene.b.until(({ state }) => state.names.length > 0 || undefined, signal);
    await scene.pass(100);
    scene.server.remove("configmaps", OBJECT);
    await scene.add(scene.a, "x");
    await scene.settle(wait);
    ok(scene.processes[1]!.errors.some((it) => it.name === "RecordError"));
  }
});

Deno.test("SharedRecord.until() hears of what there is, what is not, and what was deleted before", async () => {
  await using scene = new RecordScene();
  const { a, b, server } = scene;
  // there never was one
  strictEqual(await scene.settle(a.until(({ state }) => state.names.length, signal)), 0);
  await scene.add(a, "x");
  // known already: nothing is asked
  const { length } = server.calls;
  strictEqual(await a.until(({ state }) => state.names.length, signal), 1);
  strictEqual(server.calls.length, length);
  await scene.settle(b.read(signal));
  server.remove("configmaps", OBJECT);
  // b knows of one that was deleted before it began to watch
  await scene.settle(b.until(({ state }) => state.names.length === 0 || undefined, signal), 1_000);
  const controller = new AbortController();
  const ended = rejects(b.until(() => undefined, controller.signal), /enough/);
  controller.abort(new Error("enough"));
  await ended;
  await rejects(
    b.until(() => {
      throw new Error("no such thing");
    }, signal),
    /no such thing/,
  );
});

Deno.test("SharedRecord.watch() keeps its watch for a while, and lists once", async () => {
  await using scene = new RecordScene();
  const { a, server } = scene;
  for (let i = 0; i < 5; i++) {
    const stop = a.watch(() => {});
    await scene.add(a, `${i}`);
    await scene.pass(5_000);
    stop();
  }
  strictEqual(server.count({ watch: true }), 1);
  await scene.pass(11_000);
  a.watch(() => {})();
  await scene.pass(100);
  strictEqual(server.count({ watch: true }), 2);
});

Deno.test("SharedRecord.watch() follows a cluster that was restored from a backup", async () => {
  await using scene = new RecordScene();
  const { a, b, server } = scene;
  await scene.add(a, "x");
  const seen: string[] = [];
  const stop = b.watch((now) => seen.push(now.state.names.join()));
  const backup = structuredClone(server.objects.get(KEY)!);
  await scene.add(a, "y");
  await scene.pass(100);
  server.version = 20;
  server.store("configmaps", backup);
  await scene.pass(100);
  deepStrictEqual(seen, ["x", "x,y", "x"]);
  strictEqual(b.known!.version, 21);
  await scene.add(a, "z");
  await scene.pass(100);
  deepStrictEqual(seen.at(-1), "x,z");
  stop();
});

Deno.test("SharedRecord ends with its context", async () => {
  await using scene = new RecordScene();
  await scene.add(scene.a, "x");
  scene.server.fault = () => 503;
  const waits = [
    scene.a.update(add("y"), signal),
    scene.a.read(signal),
    scene.a.until(() => undefined, scene.processes[0]!.context.signal),
  ];
  const refused = Promise.all(waits.map((wait) => rejects(wait)));
  await scene.pass(100);
  await scene.settle(scene.processes[0]!.close());
  await scene.settle(refused);
});
