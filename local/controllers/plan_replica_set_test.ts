import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { Pod, ReplicaSet } from "../objects/mod.ts";
import { NOW, pod, replicaSet } from "../objects/testdata/builders.ts";
import { planPods, planStatus, podOf } from "./plan_replica_set.ts";

function view(set: ReplicaSet, pods: Pod[]) {
  return { set, pods, now: NOW, crowdOn: () => 0 };
}

Deno.test("planPods() creates what is missing, at most a burst", () => {
  deepStrictEqual(planPods(view(replicaSet("a"), [pod("x")])), { create: 2, remove: [] });
  const large = replicaSet("a", { replicas: 2000 });
  deepStrictEqual(planPods(view(large, [])), { create: 500, remove: [] });
});

Deno.test("planPods() removes what is too many, in the order of the ranking", () => {
  const pods = [
    pod("ready", { node: "n", readyFor: 9 }),
    pod("pending"),
    pod("running", { node: "n" }),
  ];
  const { create, remove } = planPods(view(replicaSet("a", { replicas: 1 }), pods));
  strictEqual(create, 0);
  deepStrictEqual(remove.map(({ metadata }) => metadata.name), ["pending", "running"]);
});

Deno.test("planPods() leaves a set alone that is being deleted", () => {
  const set = replicaSet("a", {}, { meta: { deletionTimestamp: "2026-01-01T00:00:00Z" } });
  deepStrictEqual(planPods(view(set, [])), { create: 0, remove: [] });
});

Deno.test("podOf() makes a pod of the template that the set controls", () => {
  const set = replicaSet("web-5d9");
  const { metadata, spec } = podOf(set);
  strictEqual(metadata.generateName, "web-5d9-");
  deepStrictEqual(metadata.labels, { app: "web" });
  strictEqual(metadata.ownerReferences?.[0]?.uid, set.metadata.uid);
  strictEqual(spec, set.spec.template.spec);
  strictEqual(podOf(replicaSet("x".repeat(80))).metadata.generateName?.length, 58);
});

Deno.test("planStatus() counts pods, labels, readiness and availability", () => {
  const set = replicaSet("a", { minReadySeconds: 30 });
  const { status, after } = planStatus(view(set, [
    pod("available", { node: "n", readyFor: 31 }),
    pod("soon", { node: "n", readyFor: 20 }),
    pod("sooner", { node: "n", readyFor: 25 }),
    pod("starting", { node: "n" }),
    pod("relabeled", { node: "n", labels: { other: "1" } }),
  ]));
  deepStrictEqual(status, {
    replicas: 5,
    fullyLabeledReplicas: 4,
    readyReplicas: 3,
    availableReplicas: 1,
    observedGeneration: 1,
  });
  strictEqual(after, 5000);
});

Deno.test("planStatus() writes nothing that is written already", () => {
  const set = replicaSet("a");
  const { status } = planStatus(view(set, [pod("x")]));
  strictEqual(planStatus(view({ ...set, status }, [pod("x")])).status, undefined);
});

Deno.test("planStatus() tells a failure once, and takes it back", () => {
  const set = replicaSet("a");
  const failure = { reason: "FailedCreate", message: "quota" } as const;
  const { status } = planStatus(view(set, []), failure);
  deepStrictEqual(status?.conditions, [{
    type: "ReplicaFailure",
    status: "True",
    reason: "FailedCreate",
    message: "quota",
    lastTransitionTime: "2026-01-01T12:00:00Z",
  }]);
  const failed = { ...set, status };
  strictEqual(planStatus(view(failed, []), { ...failure, message: "again" }).status, undefined);
  strictEqual(planStatus(view(failed, [])).status?.conditions, undefined);
});
