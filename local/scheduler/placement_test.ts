import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { Node, Pod } from "../objects/mod.ts";
import { node, pod, type PodTraits, replicaSet } from "../objects/testdata/builders.ts";
import { ClusterState } from "./cluster_state.ts";
import { Placer } from "./placement.ts";
import { podInfo } from "./pod_info.ts";

class World {
  readonly state = new ClusterState();
  readonly placer = new Placer({ random: () => 0, labelsOf: () => ({ team: "blue" }) });

  constructor(...nodes: Node[]) {
    for (const one of nodes) this.state.updateNode(one.metadata.name, one);
  }

  run(...pods: Pod[]): this {
    for (const one of pods) this.state.updatePod(one);
    return this;
  }

  /** The name of the node, or why there is none. */
  place(traits: PodTraits = {}): string {
    const placement = this.placer.place(podInfo(pod("new", traits)), this.state.nodes);
    return "node" in placement ? placement.node.name : placement.message;
  }
}

Deno.test("Placer says that there are no nodes", () => {
  strictEqual(new World().place(), "no nodes available to schedule pods");
});

Deno.test("Placer tells for each reason how many nodes it keeps from being used", () => {
  const taints = [{ key: "gpu", value: "a", effect: "NoSchedule" }];
  const world = new World(
    node("a", { taints }),
    node("b", { cpu: "1" }),
    node("c", { cpu: "1", memory: "1Mi" }),
    node("d", { unschedulable: true }),
    node("e", { ready: "False" }),
    node("f", { pods: "0" }),
  );
  strictEqual(
    world.place({ cpu: "2", memory: "1Gi" }),
    "0/6 nodes are available: 1 Insufficient memory, 1 Too many pods, " +
      "1 node(s) had untolerated taint {gpu: a}, " +
      "1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }, " +
      "1 node(s) were unschedulable, 2 Insufficient cpu.",
  );
});

Deno.test("Placer counts resources exactly", () => {
  const world = new World(node("a", { cpu: "1" }));
  world.run(...Array.from({ length: 9 }, (_, i) => pod(`p${i}`, { node: "a", cpu: "0.1" })));
  strictEqual(world.place({ cpu: "100m" }), "a");
  strictEqual(world.place({ cpu: "101m" }), "0/1 nodes are available: 1 Insufficient cpu.");
});

Deno.test("Placer takes pods that have ended for gone", () => {
  const world = new World(node("a", { pods: "1" }));
  world.run(pod("done", { node: "a", phase: "Succeeded" }));
  strictEqual(world.place(), "a");
});

Deno.test("Placer follows tolerations, selectors and required affinity", () => {
  const taints = [{ key: "gpu", effect: "NoExecute" }];
  const world = new World(
    node("plain", { labels: { zone: "1" } }),
    node("gpu", { taints, labels: { zone: "2" } }),
  );
  const tolerations = [{ key: "gpu", operator: "Exists" }];
  const requiring = (terms: object[]) => ({
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms },
      },
    },
  });
  const wrong = "node(s) didn't match Pod's node affinity/selector";
  strictEqual(world.place({ spec: { nodeSelector: { zone: "1" } } }), "plain");
  strictEqual(world.place({ spec: { nodeSelector: { zone: "2" }, tolerations } }), "gpu");
  strictEqual(
    world.place({ spec: { nodeSelector: { zone: "2" } } }),
    `0/2 nodes are available: 1 ${wrong}, 1 node(s) had untolerated taint {gpu: }.`,
  );
  const fields = [{ key: "metadata.name", operator: "In", values: ["gpu"] }];
  strictEqual(
    world.place({ spec: { tolerations, ...requiring([{ matchFields: fields }]) } }),
    "gpu",
  );
});

Deno.test("Placer sees that a node has changed", () => {
  const world = new World(node("a"));
  strictEqual(world.place(), "a");
  strictEqual(world.state.updateNode("a", node("a", { unschedulable: true })), true);
  strictEqual(world.place(), "0/1 nodes are available: 1 node(s) were unschedulable.");
  world.state.updateNode("a", undefined);
  strictEqual(world.place(), "no nodes available to schedule pods");
});

Deno.test("Placer spreads the pods of one owner, and then takes the emptier node", () => {
  const owner = replicaSet("set");
  const world = new World(node("a"), node("b"), node("c"));
  world.run(
    pod("1", { node: "a", owner }),
    pod("2", { node: "b", owner }),
    pod("3", { node: "c", cpu: "3" }),
  );
  strictEqual(world.place({ owner, cpu: "100m" }), "c");
  strictEqual(world.place({ cpu: "100m" }), "a");
});

Deno.test("Placer would rather not use a node that asks for that", () => {
  const taints = [{ key: "spare", effect: "PreferNoSchedule" }];
  const world = new World(node("a", { taints }), node("b", { cpu: "2" }));
  strictEqual(world.place({ cpu: "1" }), "b");
  strictEqual(world.place({ cpu: "3" }), "a");
});

Deno.test("Placer gives host ports to one pod only", () => {
  const ports = [{ hostPort: 8080 }];
  const spec = { containers: [{ name: "c", ports }] };
  const world = new World(node("a")).run(pod("1", { node: "a", spec }));
  strictEqual(
    world.place({ spec }),
    "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.",
  );
});

const HOST = "kubernetes.io/hostname";
const apart = (app: string) => ({
  affinity: {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { topologyKey: HOST, labelSelector: { matchLabels: { app } } },
      ],
    },
  },
});

Deno.test("Placer keeps pods apart that do not want each other, whoever says so", () => {
  const world = new World(node("a"), node("b"));
  world.run(pod("1", { node: "a", labels: { app: "db" }, spec: apart("db") }));
  strictEqual(world.place({ labels: { app: "db" }, spec: apart("db") }), "b");
  strictEqual(world.place({ labels: { app: "db" } }), "b");
  world.run(pod("2", { node: "b", labels: { app: "db" } }));
  strictEqual(
    world.place({ labels: { app: "web" }, spec: apart("db") }),
    "0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules.",
  );
});

Deno.test("Placer brings pods together that want each other, and lets the first begin", () => {
  const terms = [{ topologyKey: "zone", labelSelector: { matchLabels: { app: "web" } } }];
  const spec = {
    affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } },
  };
  const zoned = (name: string, zone: string) => node(name, { labels: { zone } });
  const world = new World(zoned("a", "1"), zoned("b", "2"), zoned("c", "2"));
  strictEqual(world.place({ spec }), "a");
  strictEqual(
    world.place({ spec, labels: { app: "other" } }),
    "0/3 nodes are available: 3 node(s) didn't match pod affinity rules.",
  );
  world.run(pod("1", { node: "c", cpu: "3" }));
  ok(["b", "c"].includes(world.place({ spec })));
});

Deno.test("Placer looks into other namespaces if a rule selects them", () => {
  const [term] = apart("db").affinity.podAntiAffinity
    .requiredDuringSchedulingIgnoredDuringExecution;
  const rule = (more: object): PodTraits => ({
    spec: {
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [{ ...term!, ...more }],
        },
      },
    },
  });
  const other = pod("1", { node: "a", labels: { app: "db" } });
  const elsewhere = { ...other, metadata: { ...other.metadata, namespace: "other" } };
  const world = new World(node("a")).run(elsewhere);
  strictEqual(world.place(rule({})), "a");
  const message = "0/1 nodes are available: 1 node(s) didn't match pod anti-affinity rules.";
  strictEqual(world.place(rule({ namespaces: ["other"] })), message);
  strictEqual(world.place(rule({ namespaceSelector: { matchLabels: { team: "blue" } } })), message);
  strictEqual(world.place(rule({ namespaceSelector: { matchLabels: { team: "red" } } })), "a");
});

Deno.test("Placer keeps the skew of a strict spread", () => {
  const spec = {
    topologySpreadConstraints: [{
      maxSkew: 1,
      topologyKey: "zone",
      whenUnsatisfiable: "DoNotSchedule",
      labelSelector: { matchLabels: { app: "web" } },
    }],
  };
  const world = new World(
    node("a", { labels: { zone: "1" } }),
    node("b", { labels: { zone: "2" }, cpu: "1" }),
    node("c"),
  );
  world.run(pod("1", { node: "a" }));
  strictEqual(world.place({ spec, cpu: "1" }), "b");
  strictEqual(
    world.place({ spec, cpu: "2" }),
    "0/3 nodes are available: 1 Insufficient cpu, " +
      "1 node(s) didn't match pod topology spread constraints, " +
      "1 node(s) didn't match pod topology spread constraints (missing required label).",
  );
});

Deno.test("Placer looks at some nodes of many, and at others the next time", () => {
  const nodes = Array.from({ length: 1000 }, (_, i) => node(`n${i}`));
  const world = new World(...nodes);
  const chosen = Array.from({ length: 5 }, () => world.place());
  deepStrictEqual(chosen, ["n0", "n420", "n840", "n260", "n680"]);
});

Deno.test("ClusterState gives no room away twice", () => {
  const world = new World(node("a", { cpu: "1" }));
  const first = podInfo(pod("first", { cpu: "1" }));
  world.state.assume(first, "a");
  strictEqual(world.place({ cpu: "1" }), "0/1 nodes are available: 1 Insufficient cpu.");
  world.state.updatePod(first.pod); // the cache lags: it still has no node
  strictEqual(world.state.isPlaced(first.uid), true);
  world.state.forget(first.uid);
  strictEqual(world.place({ cpu: "1" }), "a");
});

Deno.test("ClusterState does not forget what was confirmed meanwhile", () => {
  const world = new World(node("a", { cpu: "1" }));
  const traits = { cpu: "1", uid: "first" };
  world.state.assume(podInfo(pod("first", traits)), "a");
  world.state.updatePod(pod("first", { ...traits, node: "a" }));
  world.state.forget("first");
  strictEqual(world.place({ cpu: "1" }), "0/1 nodes are available: 1 Insufficient cpu.");
  strictEqual(world.state.updatePod(pod("first", traits), { gone: true }), true);
  strictEqual(world.place({ cpu: "1" }), "a");
});
