/**
 * What scheduling needs to know of a node: what it offers and what its pods take of it, kept
 * up to date pod by pod.
 *
 * @module
 */
import {
  conditionOf,
  type Node,
  NOT_READY_TAINT,
  sameJson,
  type Taint,
  UNREACHABLE_TAINT,
} from "../objects/mod.ts";
import { amounts, type HostPort, type PodInfo, type Resources } from "./pod_info.ts";

/** See the module's text. */
export class NodeInfo {
  /** The node's name. */
  readonly name: string;
  /** What the node's pods request, in the units of {@linkcode Resources}. */
  readonly requested: Record<string, number> = {};
  /** The same with an assumed amount for pods that request nothing. */
  readonly cost = { cpu: 0, memory: 0 };
  readonly #pods = new Map<string, PodInfo>();
  readonly #owners = new Map<string, number>();
  #node: Node | undefined;
  #allocatable: Resources = {};
  #taints: readonly Taint[] = [];
  #version = 0;
  #antiAffine = 0;

  /** A node of which nothing is known but the name. */
  constructor(name: string) {
    this.name = name;
  }

  /** The node; `undefined` while only pods are known that name it. */
  get node(): Node | undefined {
    return this.#node;
  }

  /** Changes when something changes that decides which pods suit the node. */
  get version(): number {
    return this.#version;
  }

  /** What the node offers. */
  get allocatable(): Resources {
    return this.#allocatable;
  }

  /** The node's taints, and one for its not being ready. */
  get taints(): readonly Taint[] {
    return this.#taints;
  }

  /** The node's pods. */
  get pods(): Iterable<PodInfo> {
    return this.#pods.values();
  }

  /** How many pods the node has. */
  get podCount(): number {
    return this.#pods.size;
  }

  /** Whether the node has pods that keep others away. */
  get hasAntiAffinity(): boolean {
    return this.#antiAffine > 0;
  }

  /**
   * Takes the node's present state.
   *
   * @returns Whether more, or other, pods may suit it now.
   */
  update(node: Node | undefined): boolean {
    const before = this.#node;
    this.#node = node;
    if (before && node && sameJson(relevant(before), relevant(node))) return false;
    this.#version++;
    this.#allocatable = amounts(Object.entries(node?.status?.allocatable ?? {}));
    this.#taints = node ? taintsOf(node) : [];
    return node !== undefined;
  }

  /** Adds a pod. */
  add(pod: PodInfo): void {
    this.#pods.set(pod.uid, pod);
    this.#count(pod, 1);
  }

  /** Removes a pod. */
  remove(uid: string): void {
    const pod = this.#pods.get(uid);
    if (!pod) return;
    this.#pods.delete(uid);
    this.#count(pod, -1);
  }

  /** How many pods of that controller the node has. */
  countOf(owner: string): number {
    return this.#owners.get(owner) ?? 0;
  }

  /** Whether a port that the pod wants is taken. */
  hasPortConflict({ hostPorts }: PodInfo): boolean {
    if (hostPorts.length === 0) return false;
    for (const { hostPorts: taken } of this.#pods.values()) {
      if (taken.some((port) => hostPorts.some((wanted) => overlaps(wanted, port)))) return true;
    }
    return false;
  }

  #count({ requests, cost, owner, antiAffinity }: PodInfo, sign: 1 | -1): void {
    for (const name in requests) {
      this.requested[name] = (this.requested[name] ?? 0) + sign * (requests[name] ?? 0);
    }
    this.cost.cpu += sign * cost.cpu;
    this.cost.memory += sign * cost.memory;
    if (antiAffinity.length > 0) this.#antiAffine += sign;
    if (owner !== undefined) {
      const count = this.countOf(owner) + sign;
      if (count > 0) this.#owners.set(owner, count);
      else this.#owners.delete(owner);
    }
  }
}

function overlaps(a: HostPort, b: HostPort): boolean {
  return a.port === b.port && a.protocol === b.protocol &&
    (a.ip === b.ip || a.ip === "0.0.0.0" || b.ip === "0.0.0.0");
}

/** What decides which pods suit a node; not its heartbeats. */
function relevant({ metadata, spec, status }: Node): unknown {
  const ready = conditionOf(status?.conditions, "Ready")?.status;
  return [metadata.labels, spec?.taints, spec?.unschedulable, status?.allocatable, ready];
}

/**
 * A node that is not ready counts as tainted even before a controller has said so: between its
 * first registration and that taint no pod may slip in.
 */
function taintsOf(node: Node): readonly Taint[] {
  const taints = node.spec?.taints ?? [];
  const isReady = conditionOf(node.status?.conditions, "Ready")?.status === "True";
  const said = taints.some(({ key }) => key === NOT_READY_TAINT || key === UNREACHABLE_TAINT);
  return isReady || said ? taints : [...taints, { key: NOT_READY_TAINT, effect: "NoSchedule" }];
}
