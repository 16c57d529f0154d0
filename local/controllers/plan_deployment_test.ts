import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { conditionOf, type Deployment } from "../objects/mod.ts";
import { deployment, pod, template } from "../objects/testdata/builders.ts";
import { REVISION } from "./revisions.ts";
import { fenceposts, replicasOf } from "./rollout_math.ts";
import { RolloutWorld } from "./testdata/rollout_world.ts";

function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function progressing({ status }: Deployment) {
  const { status: value, reason } = conditionOf(status?.conditions, "Progressing") ?? {};
  return { value, reason };
}

Deno.test("planDeployment() makes a replica set, says so, and rests", () => {
  const world = new RolloutWorld(deployment());
  world.reconcile();
  const [set] = world.sets;
  strictEqual(set?.metadata.name, `web-${set?.metadata.labels?.["pod-template-hash"]}`);
  strictEqual(
    set?.spec.selector.matchLabels?.["pod-template-hash"],
    set?.metadata.labels?.["pod-template-hash"],
  );
  strictEqual(replicasOf(set!), 3);
  deepStrictEqual(set?.metadata.annotations, {
    [REVISION]: "1",
    "deployment.kubernetes.io/desired-replicas": "3",
    "deployment.kubernetes.io/max-replicas": "4",
  });
  strictEqual(world.deployment.metadata.annotations?.[REVISION], "1");
  deepStrictEqual(progressing(world.deployment), { value: "True", reason: "NewReplicaSetCreated" });
  deepStrictEqual(world.notes, [`Scaled up replica set ${set?.metadata.name} from 0 to 3`]);
  world.settle();
  deepStrictEqual(progressing(world.deployment), {
    value: "True",
    reason: "NewReplicaSetAvailable",
  });
  const { conditions: _, ...counts } = world.deployment.status ?? {};
  deepStrictEqual(counts, {
    observedGeneration: 1,
    replicas: 3,
    updatedReplicas: 3,
    readyReplicas: 3,
    availableReplicas: 3,
  });
  strictEqual(world.reconcile(), 0);
});

Deno.test("planDeployment() never leaves the bounds of a rolling update, in any order of events", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = seeded(seed);
    const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
    const rollingUpdate = {
      maxSurge: pick([0, 1, 3, "25%", "50%"]),
      maxUnavailable: pick([0, 1, 2, "25%", "100%"]),
    };
    const replicas = pick([1, 2, 5, 10]);
    const world = new RolloutWorld(
      deployment({ replicas, strategy: { type: "RollingUpdate", rollingUpdate } }),
    );
    world.settle(random);
    for (const image of ["app:2", "app:3"]) {
      world.edit({ template: template(image) });
      const { surge, unavailable } = fenceposts(world.deployment);
      world.settle(random, () => {
        const wanted = world.sets.reduce((sum, set) => sum + replicasOf(set), 0);
        ok(wanted <= replicas + surge, `seed ${seed}: ${wanted} pods wanted`);
        const available = world.total("availableReplicas");
        ok(available >= replicas - unavailable, `seed ${seed}: ${available} available`);
      });
      strictEqual(world.sizes()[image], replicas, `seed ${seed}`);
      strictEqual(world.total("replicas"), replicas, `seed ${seed}`);
    }
  }
});

Deno.test("planDeployment() revives an old replica set on undo, with a new revision", () => {
  const world = new RolloutWorld(deployment());
  world.settle();
  world.edit({ template: template("app:2") });
  world.settle();
  world.edit({ template: template("app:1") });
  world.settle();
  deepStrictEqual(world.sizes(), { "app:1": 3, "app:2": 0 });
  deepStrictEqual(
    world.sets.map(({ metadata }) => metadata.annotations?.[REVISION]),
    ["3", "2"],
  );
  strictEqual(world.deployment.metadata.annotations?.[REVISION], "3");
});

Deno.test("planDeployment() takes unhealthy old pods before healthy ones", () => {
  const world = new RolloutWorld(deployment({ replicas: 4 }));
  world.healthy = () => false;
  world.settle();
  world.edit({ template: template("app:2") });
  world.healthy = ({ spec }) => spec.template.spec.containers[0]?.image === "app:2";
  world.settle();
  deepStrictEqual(world.sizes(), { "app:1": 0, "app:2": 4 });
});

Deno.test("planDeployment() holds a rollout whose new pods do not become available", () => {
  const world = new RolloutWorld(deployment({ replicas: 4 }));
  world.settle();
  world.edit({ template: template("bad") });
  world.healthy = ({ spec }) => spec.template.spec.containers[0]?.image !== "bad";
  world.settle();
  deepStrictEqual(world.sizes(), { "app:1": 3, "bad": 2 });
  const { after } = world.plan();
  strictEqual(after, 601_000);
  world.now += 602_000;
  world.reconcile();
  deepStrictEqual(progressing(world.deployment), {
    value: "False",
    reason: "ProgressDeadlineExceeded",
  });
  strictEqual(world.plan().after, undefined);
  strictEqual(world.reconcile(), 0);
});

Deno.test("planDeployment() does not roll while paused, but scales", () => {
  const world = new RolloutWorld(deployment({ replicas: 4 }));
  world.settle();
  world.edit({ paused: true, template: template("app:2") });
  world.settle();
  deepStrictEqual(world.sizes(), { "app:1": 4 });
  deepStrictEqual(progressing(world.deployment), { value: "Unknown", reason: "DeploymentPaused" });
  world.edit({ replicas: 6 });
  world.settle();
  deepStrictEqual(world.sizes(), { "app:1": 6 });
  world.edit({ paused: false });
  world.settle();
  deepStrictEqual(world.sizes(), { "app:1": 0, "app:2": 6 });
  deepStrictEqual(progressing(world.deployment), {
    value: "True",
    reason: "NewReplicaSetAvailable",
  });
});

Deno.test("planDeployment() scales all sets in proportion in the middle of a rollout", () => {
  const strategy = { type: "RollingUpdate", rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } };
  const world = new RolloutWorld(deployment({ replicas: 10, strategy }));
  world.settle();
  world.edit({ template: template("bad") });
  world.healthy = ({ spec }) => spec.template.spec.containers[0]?.image !== "bad";
  world.settle();
  deepStrictEqual(world.sizes(), { "app:1": 8, "bad": 5 });
  world.edit({ replicas: 15 });
  world.settle();
  deepStrictEqual(world.sizes(), { "app:1": 11, "bad": 7 });
});

Deno.test("planDeployment() recreates only when all old pods have ended", () => {
  const world = new RolloutWorld(deployment({ strategy: { type: "Recreate" } }));
  world.settle();
  const [first] = world.sets;
  world.pods.set(first!.metadata.name, [pod("last", { node: "n", deleting: true })]);
  world.edit({ template: template("app:2") });
  world.settle();
  deepStrictEqual(world.sizes(), { "app:1": 0 });
  world.pods.clear();
  world.settle();
  deepStrictEqual(world.sizes(), { "app:1": 0, "app:2": 3 });
});

Deno.test("planDeployment() keeps no more old replica sets than it should", () => {
  const world = new RolloutWorld(deployment({ revisionHistoryLimit: 1 }));
  for (const image of ["app:1", "app:2", "app:3", "app:4"]) {
    world.edit({ template: template(image) });
    world.settle();
  }
  deepStrictEqual(world.sizes(), { "app:3": 0, "app:4": 3 });
});

Deno.test("planDeployment() scales to zero and back", () => {
  const world = new RolloutWorld(deployment());
  world.settle();
  world.edit({ replicas: 0 });
  world.settle();
  deepStrictEqual(world.sizes(), { "app:1": 0 });
  world.edit({ replicas: 2 });
  world.settle();
  deepStrictEqual(world.sizes(), { "app:1": 2 });
  strictEqual(world.deployment.status?.availableReplicas, 2);
});

Deno.test("planDeployment() only tells the status of a deployment that is being deleted", () => {
  const world = new RolloutWorld(deployment({}, {
    meta: { deletionTimestamp: "2026-01-01T00:00:00Z", finalizers: ["foregroundDeletion"] },
  }));
  world.settle();
  deepStrictEqual(world.sets, []);
  deepStrictEqual(world.writes.map(({ verb }) => verb), ["update"]);
});

Deno.test("planDeployment() sends the annotation of a new revision with the status, too", () => {
  const { steps } = new RolloutWorld(deployment()).plan();
  const last = steps.at(-1)?.write;
  ok(last?.verb === "update" && last.subresource === "status");
  strictEqual(last.object.metadata.annotations?.[REVISION], "1");
});
