/**
 * A deployment and its replica sets in memory: carries out plans, and plays the part of the
 * replica set controller one pod at a time, in an order that a seed decides.
 */
import { strictEqual } from "node:assert/strict";
import type { Deployment, Meta, Pod, ReplicaSet, Write } from "../../objects/mod.ts";
import { planDeployment } from "../plan_deployment.ts";
import type { Plan } from "../rollout.ts";
import { replicasOf } from "../rollout_math.ts";

export class RolloutWorld {
  deployment: Deployment;
  sets: ReplicaSet[] = [];
  now = Date.parse("2026-01-01T12:00:00Z");
  /** All writes so far. */
  writes: Write[] = [];
  /** Messages of all events so far. */
  notes: string[] = [];
  /** Whether pods become available. */
  healthy: (set: ReplicaSet) => boolean = () => true;
  pods = new Map<string, Pod[]>();
  #born = 0;

  constructor(deployment: Deployment) {
    this.deployment = deployment;
  }

  plan(): Plan {
    return planDeployment({
      deployment: this.deployment,
      sets: this.sets,
      podsOf: (set) => this.pods.get(set.metadata.name) ?? [],
      now: this.now,
    });
  }

  /** One pass of the deployment controller; tells how many writes it made. */
  reconcile(): number {
    const { steps } = this.plan();
    for (const { write, note } of steps) {
      this.#apply(write);
      if (note) this.notes.push(note.message);
    }
    return steps.length;
  }

  /** One step of the replica set controller, for one set; tells whether anything changed. */
  progress(random: () => number): boolean {
    const due = this.sets.filter((set) => nextStatus(set, this.healthy(set)) !== undefined);
    const set = due[Math.floor(random() * due.length)];
    const status = set && nextStatus(set, this.healthy(set));
    if (!set || !status) return false;
    this.#replace({ ...set, status });
    return true;
  }

  /** Runs both controllers until nothing changes any more. */
  settle(random: () => number = () => 0, check: () => void = () => {}): void {
    for (let i = 0; i < 1000; i++) {
      const wrote = this.reconcile();
      check();
      const moved = this.progress(random);
      check();
      if (wrote === 0 && !moved) return;
    }
    strictEqual("still moving", "settled");
  }

  /** Changes the spec, as a user does. */
  edit(spec: Partial<Deployment["spec"]>): void {
    const generation = (this.deployment.metadata.generation ?? 0) + 1;
    this.deployment = {
      ...this.deployment,
      metadata: { ...this.deployment.metadata, generation },
      spec: { ...this.deployment.spec, ...spec },
    };
  }

  /** Wanted replicas by image. */
  sizes(): Record<string, number> {
    return Object.fromEntries(
      this.sets.map((set) => [set.spec.template.spec.containers[0]?.image, replicasOf(set)]),
    );
  }

  total(field: "replicas" | "availableReplicas"): number {
    return this.sets.reduce((sum, { status }) => sum + (status?.[field] ?? 0), 0);
  }

  #apply(write: Write): void {
    this.writes.push(write);
    if (write.verb === "create") {
      const object = write.object as unknown as ReplicaSet;
      const birth = ++this.#born;
      const metadata: Meta = {
        ...object.metadata,
        uid: `set-${birth}`,
        resourceVersion: "1",
        generation: 1,
        creationTimestamp: `2026-01-01T00:00:${String(birth).padStart(2, "0")}Z`,
      };
      const status = { replicas: 0, observedGeneration: 1 };
      this.sets.push({ ...object, metadata, status });
    } else if (write.verb === "update" && write.kind.kind === "ReplicaSet") {
      this.#replace(write.object as ReplicaSet);
    } else if (write.verb === "update") {
      this.deployment = { ...this.deployment, status: (write.object as Deployment).status };
    } else if (write.verb === "delete") {
      this.sets = this.sets.filter(({ metadata }) => metadata.name !== write.target.name);
    } else {
      const { metadata } = write.patch as { metadata: Deployment["metadata"] };
      const annotations = { ...this.deployment.metadata.annotations, ...metadata.annotations };
      this.deployment = {
        ...this.deployment,
        metadata: { ...this.deployment.metadata, annotations },
      };
    }
  }

  #replace(set: ReplicaSet): void {
    this.sets = this.sets.map((one) => one.metadata.name === set.metadata.name ? set : one);
  }
}

function nextStatus(set: ReplicaSet, healthy: boolean): ReplicaSet["status"] {
  const { replicas = 0, availableReplicas = 0 } = set.status ?? {};
  const wanted = replicasOf(set);
  const at = (count: number, available: number): ReplicaSet["status"] => ({
    ...set.status,
    replicas: count,
    readyReplicas: available,
    availableReplicas: available,
    observedGeneration: set.metadata.generation,
  });
  if (replicas < wanted) return at(wanted, availableReplicas);
  // those that are not ready go first
  if (replicas > wanted) return at(wanted, Math.min(availableReplicas, wanted));
  if (healthy && availableReplicas < replicas) return at(replicas, availableReplicas + 1);
  return undefined;
}
