import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { conditionOf, type Node } from "../objects/mod.ts";
import { node, type NodeTraits, NOW } from "../objects/testdata/builders.ts";
import { planNode } from "./plan_node.ts";

function plan(traits: NodeTraits | Node, silentMs = 0) {
  const subject = "kind" in traits ? traits : node("n", traits);
  return planNode({ node: subject, silentMs, graceMs: 8000, now: NOW });
}

function taints({ node }: { node: Node }): string[] {
  return (node.spec?.taints ?? []).map(({ key, effect }) => `${key}:${effect}`);
}

Deno.test("planNode() leaves a node alone that is heard and ready", () => {
  const { steps, after } = plan({}, 3000);
  deepStrictEqual(steps, []);
  strictEqual(after, 5000);
});

Deno.test("planNode() marks a silent node unknown and taints it", () => {
  const planned = plan({ taints: [{ key: "mine", effect: "NoSchedule" }] }, 8000);
  const ready = conditionOf(planned.node.status?.conditions, "Ready");
  deepStrictEqual([ready?.status, ready?.reason], ["Unknown", "NodeStatusUnknown"]);
  strictEqual(ready?.lastTransitionTime, "2026-01-01T12:00:00Z");
  deepStrictEqual(taints(planned), [
    "mine:NoSchedule",
    "node.kubernetes.io/unreachable:NoSchedule",
    "node.kubernetes.io/unreachable:NoExecute",
  ]);
  deepStrictEqual(planned.steps.map(({ write }) => write.verb), ["update", "patch"]);
  strictEqual(planned.after, undefined);
});

Deno.test("planNode() has nothing to add for a node that stays silent", () => {
  deepStrictEqual(plan(plan({}, 8000).node, 60_000).steps, []);
});

Deno.test("planNode() removes its taints, and no others, when the node is back", () => {
  const lost = plan({ taints: [{ key: "mine", effect: "NoExecute" }] }, 8000).node;
  const back = { ...lost, status: node("n").status };
  const planned = plan(back, 0);
  deepStrictEqual(taints(planned), ["mine:NoExecute"]);
  deepStrictEqual(planned.steps.map(({ write }) => write.verb), ["patch"]);
});

Deno.test("planNode() taints a node by what its conditions and its cordon say", () => {
  deepStrictEqual(taints(plan({ ready: "False", unschedulable: true })), [
    "node.kubernetes.io/not-ready:NoSchedule",
    "node.kubernetes.io/not-ready:NoExecute",
    "node.kubernetes.io/unschedulable:NoSchedule",
  ]);
  const pressed = node("n");
  const conditions = [
    ...pressed.status?.conditions ?? [],
    { type: "MemoryPressure", status: "True" },
  ];
  deepStrictEqual(taints(plan({ ...pressed, status: { ...pressed.status, conditions } })), [
    "node.kubernetes.io/memory-pressure:NoSchedule",
  ]);
});

Deno.test("planNode() keeps new pods away from a node that never said it is ready", () => {
  const fresh = { ...node("n"), status: {} };
  deepStrictEqual(taints(plan(fresh)), ["node.kubernetes.io/not-ready:NoSchedule"]);
  const never = plan(fresh, 9000).node;
  strictEqual(
    conditionOf(never.status?.conditions, "Ready")?.reason,
    "NodeStatusNeverUpdated",
  );
});
