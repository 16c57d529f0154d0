import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { seededRandom } from "../../testing/mod.ts";
import type { MemoryProcess } from "../testdata/memory_process.ts";
import { MemoryScene } from "../testdata/memory_scene.ts";
import { randomFaults } from "../testdata/random_faults.ts";
import type { BarrierState } from "./barrier_state.ts";

const SEEDS = [1, 2, 3, 4, 5, 6];
const PARTIES = 3;
const PROCESSES = 5;

/** What the record tells of an opening. */
interface Opening {
  /** Names of the processes, in the order of their arrival. */
  readonly processes: string[];
  /** When the last one came. */
  readonly complete: number;
}

/** Looks at each write of the record. */
function watchOpenings(scene: MemoryScene): Opening[] {
  const openings: Opening[] = [];
  /** Who has which session. */
  const holders = new Map<string, string>();
  let before: BarrierState | undefined;
  let complete = 0;
  scene.api.watchers.add(({ plural, object }) => {
    if (plural === "leases") {
      const { spec } = object as { spec?: { holderIdentity: string } };
      holders.set(object.metadata!.name!, spec!.holderIdentity);
      return;
    }
    const state = JSON.parse(object.data!.state!) as BarrierState;
    const present = (it: BarrierState | undefined) => it?.waiting.slice(0, PARTIES) ?? [];
    const isOpening = state.generation > (before?.generation ?? 0);
    if (isOpening) {
      const ids = state.opened.at(-1)!;
      strictEqual(ids.length, PARTIES);
      deepStrictEqual(present(before).map(({ id }) => id), ids);
      const processes = present(before).map(({ session }) => holders.get(session)!);
      openings.push({ processes, complete });
      strictEqual(openings.length, state.generation);
    }
    const hadAll = present(before).length === PARTIES && !isOpening;
    const isSame = hadAll && present(before).every(({ id }, i) => present(state)[i]?.id === id);
    if (!isSame && present(state).length === PARTIES) complete = scene.time.now;
    before = state;
  });
  return openings;
}

for (const seed of SEEDS) {
  Deno.test(`Barrier opens only for parties that were there after the last one came, and all of them hear of it (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    await using scene = new MemoryScene();
    const processes = await scene.startAll(PROCESSES, {
      random,
      latency: () => 0.5 + 20 * random(),
    });
    /** When each was paused, if it is. */
    const stopped = new Map<string, number>();
    const openings = watchOpenings(scene);
    const told = new Map<number, { name: string; index: number }[]>();
    const unknown: string[] = [];
    let isOver = false;
    const work = async (process: MemoryProcess): Promise<void> => {
      const { clock, name, primitives } = process;
      const barrier = primitives.barrier("phase", PARTIES);
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
        const { processes, complete } = openings[seen]!;
        // the last one was there when it sent its arrival
        for (const name of processes.slice(0, -1)) {
          const since = stopped.get(name);
          ok(since === undefined || since >= complete, `${name} was not there`);
        }
      }
    };
    for (let i = 0; i < 12; i++) {
      scene.api.fault = randomFaults(random, { rate: i % 3 === 0 ? 0.15 : 0.02 });
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
    scene.api.fault = () => undefined;
    processes.forEach((it) => it.resume());
    stopped.clear();
    const more = openings.length + 3; // it is as good as new
    await scene.until(() => openings.length >= more);
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
