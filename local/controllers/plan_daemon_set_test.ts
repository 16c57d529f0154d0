import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { ControllerRevision, DaemonSet, Node, Pod } from "../objects/mod.ts";
import { meta, node, NOW, pod, type PodTraits, template } from "../objects/testdata/builders.ts";
import { daemonPod, nodeOf, wantedOn } from "./daemon_pods.ts";
import { planDaemonStatus } from "./daemon_status.ts";
import { type DaemonSetView, planDaemonPods } from "./plan_daemon_set.ts";

const UPDATE: ControllerRevision = {
  apiVersion: "apps/v1",
  kind: "ControllerRevision",
  metadata: meta("agent-new", { labels: { "controller-revision-hash": "new" } }),
  revision: 2,
};

function daemonSet(spec: Partial<DaemonSet["spec"]> = {}): DaemonSet {
  return {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: meta("agent"),
    spec: {
      selector: { matchLabels: { app: "web" } },
      template: template(),
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1 } },
      ...spec,
    },
  };
}

function on(name: string, traits: PodTraits & { old?: boolean } = {}): Pod {
  const { old = false, ...rest } = traits;
  const labels = { app: "web", "controller-revision-hash": old ? "old" : "new" };
  return pod(`agent-${name}`, { node: name, readyFor: 60, labels, ...rest });
}

function view(set: DaemonSet, nodes: Node[], pods: Pod[]): DaemonSetView {
  return { set, nodes, pods, update: UPDATE, now: NOW };
}

function planned(set: DaemonSet, nodes: Node[], pods: Pod[]): string[] {
  const { create, remove } = planDaemonPods(view(set, nodes, pods));
  return [...create.map((name) => `+${name}`), ...remove.map((one) => `-${one.metadata.name}`)];
}

const NODES = ["a", "b", "c"].map((name) => node(name));
const TAINT = { key: "gpu", effect: "NoSchedule" };
const surging = (count: number) =>
  daemonSet({
    updateStrategy: {
      type: "RollingUpdate",
      rollingUpdate: { maxSurge: count, maxUnavailable: 0 },
    },
  });
const atOnce = (maxUnavailable: number | string) =>
  daemonSet({ updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable } } });
const old = (name: string, traits: PodTraits = {}) => on(name, { old: true, ...traits });

const CASES: [what: string, set: DaemonSet, nodes: Node[], pods: Pod[], actions: string[]][] = [
  ["makes a pod for each node", daemonSet(), NODES, [on("b")], ["+a", "+c"]],
  ["makes none before the last one is gone", daemonSet(), [node("a")], [
    on("a", { deleting: true }),
  ], []],
  ["replaces a pod that has ended", daemonSet(), [node("a")], [on("a", { phase: "Failed" })], [
    "-agent-a",
  ]],
  ["removes what is there twice, not the oldest", daemonSet(), [node("a")], [
    on("a", { age: 10 }),
    { ...on("a", { age: 20 }), metadata: { ...on("a", { age: 20 }).metadata, name: "older" } },
  ], ["-agent-a"]],
  [
    "avoids a tainted node, and leaves what is there",
    daemonSet(),
    [
      node("a", { taints: [TAINT] }),
      node("b", { taints: [TAINT] }),
    ],
    [on("b")],
    [],
  ],
  [
    "leaves a node that evicts",
    daemonSet(),
    [
      node("a", { taints: [{ key: "gpu", effect: "NoExecute" }] }),
    ],
    [on("a")],
    ["-agent-a"],
  ],
  [
    "leaves a node that is no longer selected",
    daemonSet({
      template: { ...template(), spec: { ...template().spec, nodeSelector: { disk: "ssd" } } },
    }),
    [node("a"), node("b", { labels: { disk: "ssd" } })],
    [on("a")],
    ["+b", "-agent-a"],
  ],
  [
    "comes to a cordoned node",
    daemonSet(),
    [
      node("a", {
        unschedulable: true,
        taints: [{ key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" }],
      }),
    ],
    [],
    ["+a"],
  ],
  ["updates one at a time", daemonSet(), NODES, [old("a"), old("b"), old("c")], ["-agent-a"]],
  ["waits for the updated one", daemonSet(), NODES, [
    on("a", { readyFor: undefined }),
    old("b"),
    old("c"),
  ], []],
  ["waits for one that is on its way out", daemonSet(), NODES, [
    old("a", { deleting: true }),
    old("b"),
    old("c"),
  ], []],
  ["does not count what is not ready twice", daemonSet(), NODES, [
    old("a", { readyFor: undefined }),
    old("b"),
    old("c"),
  ], ["-agent-a"]],
  ["updates as many as may be missing", atOnce("50%"), NODES, [old("a"), old("b"), old("c")], [
    "-agent-a",
    "-agent-b",
  ]],
  [
    "updates nothing by itself with OnDelete",
    daemonSet({ updateStrategy: { type: "OnDelete" } }),
    [
      node("a"),
    ],
    [old("a")],
    [],
  ],
  ["surges before it removes", surging(1), NODES, [old("a"), old("b"), old("c")], ["+a"]],
  ["keeps both while the new one is not ready", surging(1), NODES, [
    old("a"),
    {
      ...on("a", { readyFor: undefined }),
      metadata: meta("agent-a2", { labels: on("a").metadata.labels }),
    },
    old("b"),
    old("c"),
  ], []],
  ["removes the old one when the new one is ready", surging(1), NODES, [
    old("a"),
    { ...on("a"), metadata: meta("agent-a2", { labels: on("a").metadata.labels }) },
    old("b"),
    old("c"),
  ], ["+b", "-agent-a"]],
];

for (const [what, set, nodes, pods, actions] of CASES) {
  Deno.test(`planDaemonPods() ${what}`, () => deepStrictEqual(planned(set, nodes, pods), actions));
}

Deno.test("planDaemonPods() removes waiting pods of nodes that are gone", () => {
  const set = daemonSet();
  const draft = daemonPod(set, "gone", UPDATE) as unknown as Pod;
  const waiting = { ...draft, metadata: meta("waiting"), status: { phase: "Pending" } };
  deepStrictEqual(planned(set, [], [waiting, on("gone")]), ["-waiting"]);
});

Deno.test("daemonPod() is bound to its node beside what the template demands", () => {
  const set = daemonSet({
    template: {
      ...template(),
      spec: {
        ...template().spec,
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [
                { matchExpressions: [{ key: "disk", operator: "Exists" }] },
                { matchExpressions: [{ key: "ram", operator: "Exists" }] },
              ],
            },
          },
        },
      },
    },
  });
  const made = daemonPod(set, "a", UPDATE) as unknown as Pod;
  strictEqual(nodeOf(made), "a");
  const terms = made.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
    ?.nodeSelectorTerms;
  deepStrictEqual(terms?.map((term) => term.matchExpressions?.[0]?.key), ["disk", "ram"]);
  deepStrictEqual(terms?.map((term) => term.matchFields?.[0]?.values), [["a"], ["a"]]);
});

Deno.test("wantedOn() looks at the name of the node that a template names", () => {
  const spec = { ...template().spec, nodeName: "a" };
  const set = daemonSet({ template: { ...template(), spec } });
  deepStrictEqual(wantedOn(set, node("a")), { run: true, stay: true });
  deepStrictEqual(wantedOn(set, node("b")), { run: false, stay: false });
});

Deno.test("planDaemonStatus() counts nodes by their oldest pod, and then rests", () => {
  const set = daemonSet();
  const nodes = [...NODES, node("d", { taints: [TAINT] })];
  const pods = [on("a"), old("b", { readyFor: undefined }), on("d")];
  const { status } = planDaemonStatus(view(set, nodes, pods));
  deepStrictEqual(status, {
    observedGeneration: 1,
    desiredNumberScheduled: 3,
    currentNumberScheduled: 2,
    numberMisscheduled: 1,
    numberReady: 1,
    numberAvailable: 1,
    numberUnavailable: 2,
    updatedNumberScheduled: 1,
  });
  strictEqual(planDaemonStatus(view({ ...set, status }, nodes, pods)).status, undefined);
});
