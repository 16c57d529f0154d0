/**
 * One replica of a coordinator, for tests that kill and pause it. It runs what its one argument, as
 * JSON, says, and prints what it hears as lines of JSON.
 */
import {
  Coordinator,
  NotLeadingError,
  type RunParams,
  type TimerOptions,
  type Workload,
} from "../../coordinator/mod.ts";
import type { Specs } from "../../messaging/mod.ts";
import { seededRandom } from "../../testing/mod.ts";
import { type SeenPod, seenPod } from "./seen_pod.ts";
import { talker } from "./talker.ts";
import { failureOf, type StoryLine } from "./toil_failure.ts";
import { toiler, toils } from "./toiler.ts";

/** What a replica is told. */
export interface ReplicaConfig {
  name: string;
  namespace: string;
  kubeconfig: string;
  leaseDuration: number;
  /** What it runs before it starts. */
  runs: RunParams[];
  /** A workload whose definition the leader changes all the time; milliseconds between two changes. */
  ticker?: { params: RunParams; every: number };
  /** The leader scales this workload up and down; milliseconds between two changes. */
  scaler?: { name: string; every: number };
  /** The leader deletes this workload as soon as it leads. */
  deletes?: string;
  /** Timers, by name; what they are called for is printed. */
  timers?: Record<string, { interval: string; options: TimerOptions }>;
  /** Talkers, run as it says, and a batch of so many inputs, each of which takes so many milliseconds. */
  batch?: { runs: RunParams; inputs: number; ms: number };
  /** Toilers, run as `params` say, and a batch of tasks for them; each result is printed. */
  toil?: { params: RunParams; tasks: number; ms: number; seed: number };
  /** Prints all that is heard of pods, by a handler that is busy up to so many milliseconds. */
  hear?: { seed: number; busy: number };
  /** Milliseconds of silence that end a connection. */
  idleTimeout?: number;
}

/** What a replica prints. */
export type ReplicaLine =
  | { line: "ready" }
  /** `at` is in milliseconds since 1970. */
  | { line: "leading"; token: number; at: number }
  | { line: "lost" | "following" | "stopped" }
  | { line: "pod"; type: string; uid: string; step: string | undefined; replayed: boolean }
  | HeardLine
  | { line: "due"; name: string; due: number; again: boolean; missed: number; token: number }
  | { line: "result"; index: number; ok: boolean; token: number }
  | { line: "batch"; done: number; failed: number }
  | ToiledLine
  /** A batch has ended in another way. */
  | { line: "broken"; message: string }
  | { line: "error"; message: string };

/** A result of the toilers' batch. */
export interface ToiledLine {
  line: "toiled";
  index: number;
  error?: string;
  /** Of what is poison: the workers that were lost with it, and when. */
  story?: StoryLine[];
}

/** An event of a pod, as a validator takes it. */
export interface HeardLine {
  line: "heard";
  type: string;
  replayed: boolean;
  container?: string;
  source: SeenPod;
}

function say(line: ReplicaLine): void {
  console.log(JSON.stringify(line));
}

/** Runs a workload; again if this one led when it was asked and does not any more. */
async function declare<S extends Specs>(
  coordinator: Coordinator,
  params: RunParams<S>,
): Promise<Workload<S>> {
  while (true) {
    try {
      return await coordinator.run(params);
    } catch (error) {
      if (!(error instanceof NotLeadingError)) throw error;
    }
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

if (import.meta.main) {
  const config = JSON.parse(Deno.args[0] ?? "{}") as ReplicaConfig;
  const { name, namespace, kubeconfig, leaseDuration, runs, ticker, scaler, deletes, hear } =
    config;
  const { idleTimeout } = config;
  await using coordinator = await Coordinator.create({
    name,
    namespace,
    kubeconfig,
    election: { leaseDuration },
    budget: { perSecond: 200, burst: 400 },
    watch: {
      minBackoff: 50,
      maxBackoff: 500,
      ...(idleTimeout === undefined ? {} : { idleTimeout }),
    },
    kinds: ["Deployment"],
  });
  coordinator.onError(({ message }) => say({ line: "error", message }));
  coordinator.onCoordinatorEvent((e) => {
    if (e.type === "leading") {
      say({ line: "leading", token: e.token ?? 0, at: Date.now() });
    }
    if (e.type === "lost" || e.type === "following" || e.type === "stopped") say({ line: e.type });
  });
  if (hear === undefined) {
    coordinator.onPodEvent(({ type, uid, labels, replayed }) =>
      say({ line: "pod", type, uid, step: labels.step, replayed })
    );
  } else {
    const random = seededRandom(hear.seed);
    coordinator.onPodEvent(async (e) => {
      const container = "container" in e ? e.container : undefined;
      const { type, replayed } = e;
      say({
        line: "heard",
        type,
        replayed,
        ...(container === undefined ? {} : { container }),
        source: seenPod(e.source),
      });
      await sleep(random() * hear.busy);
    });
  }
  for (const [name, { interval, options }] of Object.entries(config.timers ?? {})) {
    coordinator.every(interval, ({ due, again, missed, token }) => {
      say({ line: "due", name, due: due.getTime(), again, missed, token: token ?? 0 });
    }, { ...options, name });
  }
  if (config.batch !== undefined) {
    const { runs, inputs, ms } = config.batch;
    await declare(coordinator, { ...runs, contract: talker as unknown as RunParams["contract"] });
    const batch = coordinator.batch("all", {
      workers: coordinator.workload(runs.name, { contract: talker }),
      method: "wait",
      inputs: Array.from({ length: inputs }, () => ({ ms })),
      onResult: ({ index, ok }) =>
        say({ line: "result", index, ok, token: coordinator.health.token ?? 0 }),
    });
    batch.done.then(
      ({ done, failures }) => say({ line: "batch", done, failed: failures.length }),
      ({ message }) => say({ line: "error", message }),
    );
  }
  if (config.toil !== undefined) {
    const { params, tasks, ms, seed } = config.toil;
    const batch = coordinator.batch("toil", {
      workers: await declare(coordinator, { ...params, contract: toiler }),
      method: "toil",
      inputs: toils({ tasks, ms, random: seededRandom(seed) }),
      onResult: (result) => say({ line: "toiled", index: result.index, ...failureOf(result) }),
    });
    batch.done.then(
      ({ done, failures }) => say({ line: "batch", done, failed: failures.length }),
      ({ message }) => say({ line: "broken", message }),
    );
  }
  if (ticker !== undefined) {
    coordinator.onLeading(async ({ signal, token }) => {
      for (let tick = 1; !signal.aborted; tick++) {
        const annotations = { tick: `${token}-${tick}` };
        await coordinator.run({ ...ticker.params, annotations });
        await sleep(ticker.every);
      }
    });
  }
  if (scaler !== undefined) {
    coordinator.onLeading(async ({ signal }) => {
      for (let tick = 1; !signal.aborted; tick++) {
        await sleep(scaler.every);
        if (!signal.aborted) await coordinator.workload(scaler.name).scale(tick % 2);
      }
    });
  }
  if (deletes !== undefined) {
    coordinator.onLeading(() => coordinator.workload(deletes).delete());
  }
  for (const params of runs) await declare(coordinator, params);
  say({ line: "ready" });
  await coordinator.start();
}
