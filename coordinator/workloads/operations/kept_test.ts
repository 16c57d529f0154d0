import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { Head } from "../../heads.ts";
import { ANNOTATIONS } from "../../labels.ts";
import { kept, withNote } from "./kept.ts";
import { cronJob, deployment, job } from "./testdata/scene.ts";

const ALL = { count: true, template: true };

function defined(hash: string, spec: object = {}): Head {
  return withNote(deployment({ spec }), ANNOTATIONS.definition, hash);
}

function templateOf(head: Head): unknown {
  return (head.spec as { template: unknown }).template;
}

Deno.test("kept() takes the number of workers over, and that they were stopped", () => {
  const live = withNote(defined("a", { replicas: 0 }), ANNOTATIONS.stopped, "5");
  const head = kept(defined("a"), live, { count: true, template: false });
  strictEqual(head.metadata?.annotations?.[ANNOTATIONS.stopped], "5");
  strictEqual((head.spec as { replicas: number }).replicas, 0);
  // and that they are started again
  const started = kept(head, defined("a", { replicas: 5 }), ALL);
  deepStrictEqual(started, defined("a", { replicas: 5 }));
});

Deno.test("kept() takes a template over that was put in place of this very definition's", () => {
  const template = { spec: { containers: [{ name: "worker", image: "w:0" }] } };
  const live = withNote(defined("a", { template }), ANNOTATIONS.undone, "a");
  const same = kept(defined("a"), live, ALL);
  deepStrictEqual(templateOf(same), template);
  strictEqual(same.metadata?.annotations?.[ANNOTATIONS.undone], "a");
  deepStrictEqual(kept(defined("b"), live, ALL), defined("b"));
  deepStrictEqual(kept(defined("a"), live, { count: true, template: false }), defined("a"));
  // somebody has changed it who did not undo
  deepStrictEqual(kept(defined("a"), defined("a", { template }), ALL), defined("a"));
});

Deno.test("kept() keeps jobs and cron jobs stopped, and only by stop()", () => {
  const annotations = { [ANNOTATIONS.stopped]: "3" };
  for (
    const [defined, suspended, stopped] of [
      [job(), job({ spec: { parallelism: 0 } }), job({ spec: { parallelism: 0 }, annotations })],
      [
        cronJob(),
        cronJob({ spec: { suspend: true } }),
        cronJob({ spec: { suspend: true }, annotations }),
      ],
    ] as const
  ) {
    const head = kept(defined, stopped, ALL);
    deepStrictEqual(head, stopped);
    deepStrictEqual(kept(head, defined, ALL), defined); // it was started again
    deepStrictEqual(kept(defined, suspended, ALL), defined); // such as what a job begins as
  }
});
