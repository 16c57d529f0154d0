/**
 * A rollout that is being thought through: the deployment and its replica sets as they will be
 * once the decided changes are made. Nothing is written here; {@linkcode Rollout.plan} says
 * what to write.
 *
 * @module
 */
import {
  type Condition,
  conditionOf,
  controlledBy,
  type Deployment,
  DEPLOYMENTS,
  type DeploymentStatus,
  type Draft,
  type Labels,
  type LabelSelector,
  type Note,
  type Pod,
  REPLICA_SETS,
  type ReplicaSet,
  sameJson,
  type Step,
} from "../objects/mod.ts";
import {
  deadlineIn,
  deadlineOf,
  type NewCondition,
  REASON,
  setCondition,
} from "./deployment_status.ts";
import { newestAnnotations, nextRevision, REVISION, sizeAnnotations } from "./revisions.ts";
import { newReplicas, replicasOf } from "./rollout_math.ts";
import { findNewest, TEMPLATE_HASH, templateHash } from "./template_hash.ts";

/** What a decision about a deployment is made from. */
export interface DeploymentView {
  readonly deployment: Deployment;
  /** The replica sets that the deployment controls. */
  readonly sets: readonly ReplicaSet[];
  /** The pods of a replica set. */
  readonly podsOf: (set: ReplicaSet) => Iterable<Pod>;
  /** Wall clock, in ms. */
  readonly now: number;
}

/** What to do, in order, and after how many ms to look again. */
export interface Plan {
  readonly steps: readonly Step[];
  readonly after?: number;
}

/** Stands for the uid of a replica set that is yet to be created. */
const UNBORN = "";

/** See the module's text. */
export class Rollout {
  /** Wall clock, in ms. */
  readonly now: number;
  readonly #before: Deployment;
  readonly #present: ReadonlyMap<string, ReplicaSet>;
  readonly #sets: Map<string, ReplicaSet>;
  readonly #notes = new Map<string, Note>();
  readonly #deleted = new Set<string>();
  #deployment: Deployment;
  #newest: string | undefined;
  #revision: string | undefined;

  /** Begins with what is there. */
  constructor({ deployment, sets, now }: DeploymentView) {
    this.#before = this.#deployment = deployment;
    this.#present = new Map(sets.map((set) => [set.metadata.uid, set]));
    this.#sets = new Map(this.#present);
    this.now = now;
  }

  /** The deployment, with the conditions set so far. */
  get deployment(): Deployment {
    return this.#deployment;
  }

  /** All replica sets. */
  get all(): ReplicaSet[] {
    return [...this.#sets.values()];
  }

  /** The replica set of the present template, once {@linkcode Rollout.findNewest} found it. */
  get newest(): ReplicaSet | undefined {
    return this.#newest === undefined ? undefined : this.#sets.get(this.#newest);
  }

  /** The replica sets of former templates. */
  get old(): ReplicaSet[] {
    return this.all.filter((set) => set.metadata.uid !== this.#newest);
  }

  /** Finds the replica set of the present template and brings its annotations up to date. */
  findNewest(): ReplicaSet | undefined {
    const found = findNewest(this.#deployment, this.all);
    if (!found) return undefined;
    this.#newest = found.metadata.uid;
    const revision = nextRevision(this.old);
    const annotations = newestAnnotations(this.#deployment, found.metadata.annotations, revision);
    this.#revision = annotations[REVISION];
    const minReadySeconds = this.#deployment.spec.minReadySeconds ?? 0;
    const spec = (found.spec.minReadySeconds ?? 0) === minReadySeconds
      ? found.spec
      : { ...found.spec, minReadySeconds };
    this.#replace({ ...found, metadata: { ...found.metadata, annotations }, spec });
    const name = found.metadata.name;
    this.#progressing(REASON.found, `Found new replica set "${name}"`, { unlessSet: true });
    return this.newest;
  }

  /** As {@linkcode Rollout.findNewest}; makes the replica set if there is none. */
  findOrCreateNewest(): ReplicaSet {
    return this.findNewest() ?? this.#create();
  }

  /**
   * Sets how many replicas a replica set shall have.
   *
   * @returns Whether that number changed.
   */
  scale(set: ReplicaSet, replicas: number): boolean {
    const current = this.#sets.get(set.metadata.uid) ?? set;
    const before = replicasOf(current);
    const annotations = { ...current.metadata.annotations, ...sizeAnnotations(this.#deployment) };
    this.#replace({
      ...current,
      metadata: { ...current.metadata, annotations },
      spec: { ...current.spec, replicas },
    });
    if (before === replicas) return false;
    this.#tellScaled(current, before, replicas);
    return true;
  }

  /** Deletes a replica set that is no longer needed. */
  delete(set: ReplicaSet): void {
    this.#deleted.add(set.metadata.uid);
  }

  /** Sets a condition of the deployment. */
  setCondition(condition: NewCondition): void {
    const status = this.#deployment.status;
    const conditions = setCondition(status?.conditions ?? [], condition, this.now);
    this.#deployment = { ...this.#deployment, status: { ...status, conditions } };
  }

  /** The writes that lead from what is there to what was decided. */
  plan(status: DeploymentStatus): Plan {
    const steps: Step[] = [];
    for (const set of this.#sets.values()) {
      const step = this.#stepFor(set);
      if (step) steps.push(step);
    }
    const { metadata } = this.#before;
    const { namespace, name, uid, resourceVersion } = metadata;
    let annotations = metadata.annotations;
    if (this.#revision !== undefined && annotations?.[REVISION] !== this.#revision) {
      const change = { [REVISION]: this.#revision };
      annotations = { ...annotations, ...change };
      const patch = { metadata: { uid, resourceVersion, annotations: change } };
      const target = { namespace, name };
      steps.push({ write: { verb: "patch", kind: DEPLOYMENTS, target, patch } });
    }
    const wanted = compact(status);
    if (!sameJson(wanted, compact(this.#before.status ?? {}))) {
      // a server may take annotations along with a status: they must not be the old ones
      const object = { ...this.#before, metadata: { ...metadata, annotations }, status: wanted };
      steps.push({ write: { verb: "update", kind: DEPLOYMENTS, object, subresource: "status" } });
    }
    return { steps, after: deadlineIn(this.#deployment, status, this.now) };
  }

  #stepFor(set: ReplicaSet): Step | undefined {
    const { uid, name, namespace } = set.metadata;
    const note = this.#notes.get(uid);
    if (uid === UNBORN) {
      const { name, namespace, labels, annotations, ownerReferences } = set.metadata;
      const object: Draft & { spec: unknown } = {
        apiVersion: set.apiVersion,
        kind: set.kind,
        metadata: { name, namespace, labels, annotations, ownerReferences },
        spec: set.spec,
      };
      return { write: { verb: "create", kind: REPLICA_SETS, object }, note };
    }
    if (this.#deleted.has(uid)) {
      const target = { namespace, name };
      return { write: { verb: "delete", kind: REPLICA_SETS, target, options: { uid } } };
    }
    if (sameJson(set, this.#present.get(uid))) return undefined;
    return { write: { verb: "update", kind: REPLICA_SETS, object: set }, note };
  }

  #create(): ReplicaSet {
    const { metadata, spec, status } = this.#deployment;
    const hash = templateHash(spec.template, status?.collisionCount);
    const labels: Labels = { ...spec.template.metadata?.labels, [TEMPLATE_HASH]: hash };
    const selector: LabelSelector = {
      ...spec.selector,
      matchLabels: { ...spec.selector.matchLabels, [TEMPLATE_HASH]: hash },
    };
    const revision = nextRevision(this.all);
    const name = `${metadata.name}-${hash}`;
    const unborn: ReplicaSet = {
      apiVersion: REPLICA_SETS.apiVersion,
      kind: REPLICA_SETS.kind,
      metadata: {
        name,
        namespace: metadata.namespace,
        uid: UNBORN,
        resourceVersion: "",
        labels,
        annotations: {
          ...newestAnnotations(this.#deployment, undefined, revision),
          ...sizeAnnotations(this.#deployment),
        },
        ownerReferences: [controlledBy(this.#deployment)],
      },
      spec: {
        replicas: 0,
        minReadySeconds: spec.minReadySeconds,
        selector,
        template: { ...spec.template, metadata: { ...spec.template.metadata, labels } },
      },
    };
    const replicas = newReplicas(this.#deployment, [...this.all, unborn], unborn);
    this.#newest = UNBORN;
    this.#revision = String(revision);
    this.#replace({ ...unborn, spec: { ...unborn.spec, replicas } });
    if (replicas > 0) this.#tellScaled(unborn, 0, replicas);
    this.#progressing(REASON.newReplicaSet, `Created new replica set "${name}"`);
    return this.#sets.get(UNBORN) ?? unborn;
  }

  #progressing(reason: string, message: string, { unlessSet = false } = {}): void {
    const { status } = this.#deployment;
    if (deadlineOf(this.#deployment) === undefined) return;
    if (unlessSet && conditionOf(status?.conditions, "Progressing")) return;
    this.setCondition({ type: "Progressing", status: "True", reason, message });
  }

  #replace(set: ReplicaSet): void {
    this.#sets.set(set.metadata.uid, set);
  }

  #tellScaled(set: ReplicaSet, from: number, to: number): void {
    this.#notes.set(set.metadata.uid, {
      about: this.#before,
      type: "Normal",
      reason: "ScalingReplicaSet",
      source: "deployment-controller",
      message: `Scaled ${to > from ? "up" : "down"} replica set ${set.metadata.name} ` +
        `from ${from} to ${to}`,
    });
  }
}

/** A status as the API writes it: what is zero is left out. */
function compact(status: DeploymentStatus): DeploymentStatus {
  const entries = Object.entries(status as Record<string, number | readonly Condition[]>);
  return Object.fromEntries(entries.filter(([, value]) => value !== 0 && value !== undefined));
}
