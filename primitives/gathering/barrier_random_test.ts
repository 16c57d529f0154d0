import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { seededRandom } from "../../testing/mod.ts";
import { randomFaults } from "../testdata/random_faults.ts";
import type { ObjectJson } from "../testdata/object_server.ts";
import type { SimulatedProcess } from "../testdata/simulated_process.ts";
import { VirtualScene } from "../testdata/virtual_scene.ts";
import { Barrier } from "./barrier.ts";
import type { BarrierState } from "./barrier_state.ts";

const SEEDS = Number(Deno.env.get("TROUPE_TEST_SEEDS") ?? 6);
const PARTIES = 3;
const PROCESSES = 5;

/** What the record tells of an opening. */
interface Opening {
  /** Those it opened for, in the order of their arrival. */
  readonly ids: readonly string[];
  /** Those who had arrived just before. */
  readonly present: readonly string[];
  /** Names of their processes. */
  readonly processes: readonly string[];
  /** Which it was. */
  readonly generation: number;
  /** When the last one came. */
  readonly complete: number;
}

/** Looks at each write of the record. What it throws would be an answer of the server, so it only notes. */
function watchOpenings({ server, time }: VirtualScene): Opening[] {
  const openings: Opening[] = [];
  /** Who has which session. */
  const holders = new Map<string, string>();
  let before: BarrierState | undefined;
  let complete = 0;
  const watch = (resource: string, seen: (object: ObjectJson) => void) => {
    const query = new URLSearchParams({ resourceVersion: "0" });
    const call = { client: "test", method: "GET", resource, query, watch: true };
    server.watch(call, (_type, object) => seen(object));
  };
  watch("leases", ({ metadata, spec }) => {
    holders.set(metadata!.name!, (spec as { holderIdentity: string }).holderIdentity);
  });
  watch("configmaps", ({ data }) => {
    const state = JSON.parse((data as { state: string }).state) as BarrierState;
    const { generation } = state;
    const presentIn = (it: BarrierState | undefined) => it?.waiting.slice(0, PARTIES) ?? [];
    const present = presentIn(before).map(({ id }) => id);
    const isOpening = generation > (before?.generation ?? 0);
    if (isOpening) {
      const processes = presentIn(before).map(({ session }) => holders.get(session)!);
      openings.push({ ids: state.opened.at(-1)!, present, processes, generation, complete });
    }
    const isSame = !isOpening && present.every((id, i) => presentIn(state)[i]?.id === id);
    const isFull = presentIn(state).length === PARTIES;
    if (isFull && !(isSame && present.length === PARTIES)) complete = time.now;
    before = state;
  });
  return openings;
}

for (let seed = 1; seed <= SEEDS; seed++) {
  Deno.test(`Barrier opens only for parties that were there after the last one came, and all of them hear of it (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    await using scene = new VirtualScene();
    const processes = scene.team(PROCESSES, {
      random,
      latency: () => 0.5 + 20 * random(),
    });
    /** When each was paused, if it is. */
    const stopped = new Map<string, number>();
    const openings = watchOpenings(scene);
    const told = new Map<number, { name: string; index: number }[]>();
    const unknown: string[] = [];
    let isOver = false;
    const work = async (process: SimulatedProcess): Promise<void> => {
      const { clock, context, name } = process;
      const barrier = new Barrier(context, "phase", PARTIES);
      while (!isOver) {
        const ms = 500 * random();
        await new Promise<void>((resolve) => clock.timer(ms, resolve));
        try {
          const { generation, index } = await barrier.arrive({ timeout: 20_000 * random() });
          const all = told.get(generation) ?? [];
          told.set(generation, [...all, { name, index }]);
        } catch (error) {
          const { name: kind } = error as Error;
          if (kind === "UnknownOutcomeError") unknown.push(name);
          else ok(["TimeoutError", "SessionLostError"].includes(kind), `${error}`);
        }
      }
    };
    const works = processes.map(work);
    let seen = 0;
    const checkOpenings = () => {
      for (; seen < openings.length; seen++) {
        const { ids, present, processes, generation, complete } = openings[seen]!;
        strictEqual(generation, seen + 1);
        strictEqual(ids.length, PARTIES);
        deepStrictEqual(present, ids);
        // the last one was there when it sent its arrival
        for (const name of processes.slice(0, -1)) {
          const since = stopped.get(name);
          ok(since === undefined || since >= complete, `${name} was not there`);
        }
      }
    };
    for (let i = 0; i < 12; i++) {
      scene.server.fault = randomFaults(random, { rate: i % 3 === 0 ? 0.15 : 0.02 });
      const end = scene.time.now + 4_000 * random();
      await scene.until(() => {
        checkOpenings();
        return scene.time.now >= end;
      });
      const process = processes[Math.floor(PROCESSES * random())]!;
      if (!process.running) {
        process.resume();
        stopped.delete(process.name);
      } else if (stopped.size < PROCESSES - PARTIES) {
        process.pause();
        stopped.set(process.name, scene.time.now);
      }
      processes[Math.floor(PROCESSES * random())]!.cut();
    }
    scene.server.fault = () => undefined;
    processes.forEach((it) => it.resume());
    stopped.clear();
    const more = openings.length + 3; // it is as good as new
    await scene.until(() => {
      checkOpenings();
      return openings.length >= more;
    });
    isOver = true;
    await scene.settle(Promise.all(works), 3_600_000);
    for (const [i, opening] of openings.entries()) {
      const all = told.get(i + 1) ?? [];
      for (const { name, index } of all) strictEqual(opening.processes[index], name);
      strictEqual(new Set(all.map(({ index }) => index)).size, all.length);
      for (const [index, name] of opening.processes.entries()) {
        if (all.some((it) => it.index === index)) continue;
        const position = unknown.indexOf(name);
        ok(position >= 0, `${name} was counted for ${i + 1} and not told`);
        unknown.splice(position, 1);
      }
    }
    strictEqual([...told.keys()].every((it) => it <= openings.length), true);
  });
}
