import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { Pod } from "../objects/mod.ts";
import { job, pod, type PodTraits } from "../objects/testdata/builders.ts";
import { jobPod, TRACKED } from "./job_pods.ts";
import { tally } from "./job_tally.ts";
import { JobWorld, seeded } from "./testdata/job_world.ts";

function tracked(name: string, traits: PodTraits, index?: number, failures?: number): Pod {
  const plain = pod(name, { uid: name, ...traits });
  const place = index === undefined ? undefined : { index, failures };
  const { annotations } = jobPod(job(), place).metadata;
  return { ...plain, metadata: { ...plain.metadata, annotations, finalizers: [TRACKED] } };
}

const names = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata.name);

Deno.test("tally() counts a pod in three steps: noted, let go, counted", () => {
  const ended = tracked("a", { phase: "Succeeded" });
  const first = tally(job(), [ended], false);
  deepStrictEqual(first.counts.uncountedTerminatedPods, { succeeded: ["a"] });
  deepStrictEqual([first.succeeded, first.untrack.length, first.settled], [1, 0, false]);

  const noted = job({}, { status: first.counts });
  const second = tally(noted, [ended], false);
  deepStrictEqual([second.succeeded, names(second.untrack)], [1, ["a"]]);
  deepStrictEqual(second.counts, first.counts);

  const letGo = { ...ended, metadata: { ...ended.metadata, finalizers: [] } };
  for (const pods of [[letGo], []]) {
    const third = tally(noted, pods, false);
    deepStrictEqual(third.counts, { succeeded: 1, failed: 0, uncountedTerminatedPods: {} });
    deepStrictEqual([third.succeeded, third.settled], [1, true]);
    strictEqual(tally(job({}, { status: third.counts }), pods, false).succeeded, 1);
  }
});

Deno.test("tally() takes a pod that is being deleted for failed, unless told to wait for its end", () => {
  const deleting = tracked("a", { node: "n", deleting: true });
  strictEqual(tally(job(), [deleting], false).failed, 1);
  const patient = job({ podReplacementPolicy: "Failed" });
  const seen = tally(patient, [deleting], false);
  deepStrictEqual([seen.failed, seen.terminating.length], [0, 1]);
  strictEqual(tally(patient, [deleting], true).failed, 1);
});

Deno.test("tally() counts an index once, however many pods of it succeed", () => {
  const indexed = job({ completionMode: "Indexed", completions: 3 });
  const pods = [
    tracked("a", { phase: "Succeeded" }, 0),
    tracked("b", { phase: "Succeeded" }, 0),
    tracked("c", { phase: "Succeeded" }, 2),
    tracked("d", { phase: "Succeeded" }, 7),
  ];
  const seen = tally(indexed, pods, false);
  deepStrictEqual([seen.succeeded, [...seen.completed]], [2, [0, 2]]);
  deepStrictEqual(names(seen.untrack), ["d"]);
  const noted = { ...indexed, status: { completedIndexes: "0,2", succeeded: 2 } };
  deepStrictEqual(names(tally(noted, pods, false).untrack), ["a", "b", "c", "d"]);
});

Deno.test("tally() keeps the last failure of an index until the next pod has taken its count", () => {
  const spec = { completionMode: "Indexed", completions: 2, backoffLimitPerIndex: 1 };
  const status = { uncountedTerminatedPods: { failed: ["a"] } };
  const first = tracked("a", { phase: "Failed" }, 0, 0);
  strictEqual(tally(job(spec, { status }), [first], false).untrack.length, 0);
  const second = tracked("b", { node: "n" }, 0, 1);
  deepStrictEqual(names(tally(job(spec, { status }), [first, second], false).untrack), ["a"]);
  const last = tracked("b", { phase: "Failed" }, 0, 1);
  deepStrictEqual([...tally(job(spec, { status }), [last], false).failedIndexes], [0]);
});

Deno.test("tally() counts every pod once, whatever is seen late, dies or is deleted", () => {
  for (let seed = 1; seed <= 400; seed++) {
    const world = new JobWorld(
      job({ parallelism: 3, completions: 5, backoffLimit: 1000 }),
      seeded(seed),
    );
    world.run();
    const { succeeded = 0, failed = 0, conditions } = world.job.status ?? {};
    ok(conditions?.some(({ type }) => type === "Complete"), `seed ${seed}`);
    strictEqual(succeeded + failed, world.made, `seed ${seed}`);
    // one more, if a pod succeeds though it was deleted, when it is replaced already
    ok(succeeded >= 5, `seed ${seed}`);
  }
});

Deno.test("tally() has every index of a Job done once, whatever is seen late, dies or is deleted", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const spec = { completionMode: "Indexed", parallelism: 3, completions: 6, backoffLimit: 1000 };
    const world = new JobWorld(job(spec), seeded(seed));
    world.run();
    const { succeeded, completedIndexes } = world.job.status ?? {};
    deepStrictEqual([succeeded, completedIndexes], [6, "0-5"], `seed ${seed}`);
  }
});

Deno.test("tally() gives up at the limit of failures and leaves no pod behind", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const world = new JobWorld(
      job({ parallelism: 2, completions: 50, backoffLimit: 3 }),
      seeded(seed),
    );
    world.run();
    const { succeeded = 0, failed = 0, active, conditions } = world.job.status ?? {};
    ok(conditions?.some(({ type }) => type === "Failed"), `seed ${seed}`);
    ok(failed > 3, `seed ${seed}`);
    deepStrictEqual([succeeded + failed, active], [world.made, undefined], `seed ${seed}`);
  }
});
