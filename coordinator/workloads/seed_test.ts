import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { HeadKind } from "../heads.ts";
import { defineWorkload, templateOf } from "./definition/mod.ts";
import { checkRunParams, type RunParams } from "./run_params.ts";
import { isSeed, remainder, seedOf } from "./seed.ts";

const W: RunParams = { name: "w", image: "w:1", envs: { A: "1" }, args: ["--x"] };

const SAMPLES: Record<HeadKind, RunParams> = {
  Deployment: { ...W, replicas: 3 },
  StatefulSet: { ...W, replicas: 3, storage: { size: "1Gi", path: "/data" } },
  DaemonSet: { ...W, everyNode: true },
  Job: { ...W, completions: 2 },
  CronJob: { ...W, schedule: "0 3 * * *" },
};

for (const [kind, params] of Object.entries(SAMPLES)) {
  const { head } = defineWorkload(checkRunParams(params, "team"), { coordinator: "boss" });
  const seed = seedOf(head);

  Deno.test(`seedOf() runs nothing for a ${kind}, and is known as a seed`, () => {
    strictEqual(head.kind, kind);
    strictEqual(seed.kind, kind);
    ok(isSeed(seed) && !isSeed(head));
    const spec = seed.spec as unknown as Record<string, unknown>;
    const runsNothing = spec.replicas === 0 || spec.suspend === true || spec.parallelism === 0 ||
      remainder(seed) !== undefined;
    ok(runsNothing);
  });

  if (kind === "Job") continue; // is created whole, as it cannot be changed
  Deno.test(`seedOf() has no field of a ${kind} that another definition may leave out`, () => {
    const text = JSON.stringify(templateOf(seed)); // a disk that is claimed cannot be changed later
    for (const optional of ['"env"', '"args"', '"resources"', '"volumes"', "Probe"]) {
      ok(!text.includes(optional), `${optional} in ${text}`);
    }
  });
}

Deno.test("remainder() takes away what would keep a daemon set from running, and nothing else", () => {
  const { head } = defineWorkload(checkRunParams(SAMPLES.DaemonSet, "team"), {
    coordinator: "boss",
  });
  strictEqual(remainder(head), undefined);
  deepStrictEqual(remainder(seedOf(head)), {
    spec: { template: { spec: { nodeSelector: { "troupe.dev/nowhere": null } } } },
  });
});
