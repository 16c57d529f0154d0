import { ok, strictEqual } from "node:assert/strict";
import { z } from "zod";
import { seededRandom } from "../../testing/mod.ts";
import type { Fault } from "../testdata/object_server.ts";
import { VirtualScene } from "../testdata/virtual_scene.ts";
import { SharedRecord, UnknownOutcomeError } from "./mod.ts";

const SEEDS = Array.from({ length: 40 }, (_, seed) => seed + 1);
const FAULTS: readonly Fault[] = [
  "lose request",
  "lose answer",
  { delay: 1_700 },
  { delay: 6_000 },
  409,
  429,
  500,
  503,
];

interface Log {
  readonly ids: readonly string[];
}

const schema: z.ZodType<Log> = z.object({ ids: z.array(z.string()) });

/** One call of `update`, from its beginning to its end. */
interface Call {
  readonly id: string;
  readonly begun: number;
  ended: number;
  outcome: "done" | "unknown" | "not done" | "under way";
}

for (const seed of SEEDS) {
  Deno.test(`SharedRecord.update() takes effect once, in one order, whatever is lost (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    const between = (from: number, to: number) => from + random() * (to - from);
    await using scene = new VirtualScene();
    const calls: Call[] = [];
    let rate = 0;
    let running = true;
    scene.server.fault = (call) => {
      const fault = random() < rate ? FAULTS[Math.floor(random() * FAULTS.length)] : undefined;
      return fault === 409 && call.method !== "PUT" ? undefined : fault;
    };
    let now = 0; // what happens later has a higher number
    const worker = async (name: string) => {
      const process = scene.process(name, { latency: () => between(0.5, 30), random });
      const record = new SharedRecord(process.context, {
        kind: "test",
        name: "log",
        schema,
        empty: { ids: [] },
      });
      let version = 0;
      const stop = record.watch((seen) => {
        ok(seen.version >= version, `${seen.version} after ${version}`);
        version = seen.version;
      });
      const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
      const one = async (id: string) => {
        const call: Call = { id, begun: ++now, ended: Infinity, outcome: "under way" };
        calls.push(call);
        const controller = new AbortController();
        const timer = random() < 0.3
          ? setTimeout(() => controller.abort(new Error("enough")), between(1, 2_000))
          : undefined;
        try {
          const after = await record.update(
            ({ ids }) => ({ ids: [...ids, id] }),
            controller.signal,
          );
          ok(after.state.ids.includes(id), id);
          call.outcome = "done";
        } catch (error) {
          call.outcome = error instanceof UnknownOutcomeError ? "unknown" : "not done";
          if (call.outcome === "not done") strictEqual((error as Error).message, "enough");
        }
        clearTimeout(timer);
        call.ended = ++now;
      };
      const all: Promise<void>[] = [];
      for (let i = 0; running; i++) {
        all.push(one(`${name}-${i}`));
        if (random() < 0.7) await all.at(-1);
        await sleep(between(0, 300));
      }
      await Promise.all(all);
      stop();
    };
    const workers = Promise.all(["a", "b", "c"].map(worker));
    workers.catch(() => {}); // it is looked at in the end
    for (let i = 0; i < 20; i++) {
      rate = random() < 0.5 ? 0 : 0.4;
      scene.server.stalled = random() < 0.2;
      await scene.pass(between(10, 2_000));
    }
    running = false;
    rate = 0;
    await scene.settle(workers);
    await scene.pass(10_000); // what is late

    const data = scene.server.objects.get("configmaps/troupe-test-log")!.data as { state: string };
    const { ids } = JSON.parse(data.state) as Log;
    strictEqual(new Set(ids).size, ids.length);
    const place = new Map(ids.map((id, i) => [id, i]));
    for (const { id, outcome } of calls) {
      if (outcome === "done") ok(place.has(id), `${id} is lost`);
      if (outcome === "not done") ok(!place.has(id), `${id} was done`);
    }
    // what had ended before another began stands before it
    const stored = calls.filter(({ id }) => place.has(id));
    for (const first of stored) {
      for (const then of stored) {
        if (first.outcome !== "done" || first.ended > then.begun) continue;
        ok(place.get(first.id)! < place.get(then.id)!, `${first.id} stands behind ${then.id}`);
      }
    }
    ok(stored.length > 10);
  });
}
