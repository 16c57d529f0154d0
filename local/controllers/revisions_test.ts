import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { deployment, replicaSet } from "../objects/testdata/builders.ts";
import {
  newestAnnotations,
  nextRevision,
  REVISION,
  REVISION_HISTORY,
  surplus,
} from "./revisions.ts";

function old(name: string, revision: number, more: { replicas?: number; observed?: number } = {}) {
  return replicaSet(name, { replicas: more.replicas ?? 0 }, {
    meta: { annotations: { [REVISION]: String(revision) } },
    status: { replicas: more.replicas ?? 0, observedGeneration: more.observed ?? 1 },
  });
}

Deno.test("nextRevision() is one more than any before", () => {
  strictEqual(nextRevision([]), 1);
  strictEqual(nextRevision([old("a", 4), old("b", 2)]), 5);
});

Deno.test("newestAnnotations() copies the deployment's but not its book-keeping", () => {
  const head = deployment({}, {
    meta: {
      annotations: {
        "kubernetes.io/change-cause": "why",
        "kubectl.kubernetes.io/last-applied-configuration": "{}",
        [REVISION]: "7",
      },
    },
  });
  deepStrictEqual(newestAnnotations(head, undefined, 1), {
    "kubernetes.io/change-cause": "why",
    [REVISION]: "1",
  });
});

Deno.test("newestAnnotations() remembers former revisions of a template that is rolled back to", () => {
  const once = newestAnnotations(deployment(), { [REVISION]: "1" }, 3);
  deepStrictEqual(once, { [REVISION]: "3", [REVISION_HISTORY]: "1" });
  const twice = newestAnnotations(deployment(), once, 5);
  deepStrictEqual(twice, { [REVISION]: "5", [REVISION_HISTORY]: "1,3" });
  deepStrictEqual(newestAnnotations(deployment(), twice, 5), twice);
});

Deno.test("surplus() names the oldest beyond the limit that are surely empty", () => {
  const limited = deployment({ revisionHistoryLimit: 1 });
  const sets = [old("a", 3), old("b", 1), old("c", 2)];
  deepStrictEqual(surplus(limited, sets).map(({ metadata }) => metadata.name), ["b", "c"]);
  const busy = [old("a", 3), old("b", 1, { replicas: 1 }), old("c", 2, { observed: 0 })];
  deepStrictEqual(surplus(limited, busy), []);
  deepStrictEqual(surplus(deployment({ revisionHistoryLimit: 10 }), sets), []);
});
