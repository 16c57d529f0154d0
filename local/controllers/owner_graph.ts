/**
 * Who owns whom, over all kinds, and what must go because of it: the decisions of the garbage
 * collector, from what is known and without asking anyone.
 *
 * @module
 */
import type { Change } from "../../kube/mod.ts";
import {
  isDeleting,
  type Item,
  type Kind,
  type Meta,
  type OwnerReference,
  type Write,
} from "../objects/mod.ts";

/** Keeps an object until those that depend on it, and say so, are gone. */
export const FOREGROUND = "foregroundDeletion";
/** Keeps an object until those that depend on it have forgotten it. */
export const ORPHAN = "orphan";

/** What is to be done about one object. */
export interface Verdict {
  readonly writes: readonly Write[];
  /** Uids of objects that are to be judged next. */
  readonly next: readonly string[];
}

interface GraphNode {
  readonly kind: Kind;
  readonly meta: Meta;
}

const NOTHING: Verdict = { writes: [], next: [] };

/** See the module's text. */
export class OwnerGraph {
  readonly #nodes = new Map<string, GraphNode>();
  readonly #dependents = new Map<string, Set<string>>();

  /**
   * Takes a change.
   *
   * @returns The uids of the objects that are to be judged because of it.
   */
  apply(kind: Kind, change: Change<Item>): string[] {
    const { metadata: meta } = change.object;
    const before = this.#nodes.get(meta.uid);
    const owners = before?.meta.ownerReferences?.map(({ uid }) => uid) ?? [];
    for (const owner of owners) this.#unlink(owner, meta.uid);
    // an owner that waits for its dependents may have lost its last one
    const waiting = owners.filter((uid) => this.#isWaiting(uid));
    if (change.type === "deleted") {
      this.#nodes.delete(meta.uid);
      return [...this.#dependentsOf(meta.uid), ...waiting];
    }
    this.#nodes.set(meta.uid, { kind, meta });
    for (const owner of meta.ownerReferences ?? []) this.#link(owner.uid, meta.uid);
    return this.#needsVerdict(meta) ? [meta.uid, ...waiting] : waiting;
  }

  /** All that have owners or wait for others: what to judge when everything was read anew. */
  *suspects(): Iterable<string> {
    for (const [uid, { meta }] of this.#nodes) if (this.#needsVerdict(meta)) yield uid;
  }

  /** The owners of an object that are not known here, and must be asked for. */
  unknownOwners(uid: string): { meta: Meta; owners: OwnerReference[] } | undefined {
    const node = this.#nodes.get(uid);
    if (!node || isDeleting(itemOf(node))) return undefined;
    const owners = (node.meta.ownerReferences ?? []).filter((owner) => !this.#owner(node, owner));
    return owners.length > 0 ? { meta: node.meta, owners } : undefined;
  }

  /**
   * Decides what to do about an object.
   *
   * @param absent The uids of unknown owners that the server says are not there.
   */
  judge(uid: string, absent: ReadonlySet<string>): Verdict {
    const node = this.#nodes.get(uid);
    if (!node) return NOTHING;
    const finalizers = node.meta.finalizers ?? [];
    if (isDeleting(itemOf(node))) {
      if (finalizers.includes(ORPHAN)) return this.#releaseDependents(node);
      if (finalizers.includes(FOREGROUND)) return this.#awaitDependents(node);
      return NOTHING;
    }
    return this.#judgeByOwners(node, absent);
  }

  #judgeByOwners(node: GraphNode, absent: ReadonlySet<string>): Verdict {
    const owners = node.meta.ownerReferences ?? [];
    if (owners.length === 0) return NOTHING;
    const solid: OwnerReference[] = [];
    const waiting: OwnerReference[] = [];
    for (const owner of owners) {
      const known = this.#owner(node, owner);
      if (!known && absent.has(owner.uid)) continue;
      if (known && isForeground(known.meta)) waiting.push(owner);
      else solid.push(owner);
    }
    if (solid.length === owners.length) return NOTHING;
    if (solid.length > 0) return { writes: [this.#setOwners(node, solid)], next: [] };
    if (waiting.length === 0) return { writes: [deletion(node, policyOf(node.meta))], next: [] };
    const dependents = this.#dependentsOf(node.meta.uid);
    if (dependents.length === 0) {
      return { writes: [deletion(node, policyOf(node.meta))], next: [] };
    }
    const writes: Write[] = [];
    if (dependents.some((uid) => this.#isWaiting(uid))) {
      // they wait for each other in a circle: this one no longer holds up its owner
      const freed = owners.map((owner) => ({ ...owner, blockOwnerDeletion: false }));
      writes.push(this.#setOwners(node, freed, { anyVersion: true }));
    }
    writes.push(deletion(node, "Foreground"));
    return { writes, next: [] };
  }

  /** Every dependent forgets this owner; then the owner may go. */
  #releaseDependents(node: GraphNode): Verdict {
    const writes: Write[] = [];
    for (const uid of this.#dependentsOf(node.meta.uid)) {
      const dependent = this.#nodes.get(uid);
      const owners = dependent?.meta.ownerReferences ?? [];
      if (!dependent) continue;
      writes.push(
        this.#setOwners(dependent, owners.filter((owner) => owner.uid !== node.meta.uid)),
      );
    }
    return { writes: [...writes, withoutFinalizer(node, ORPHAN)], next: [] };
  }

  /** Dependents that block go first; when none is left, the owner may go. */
  #awaitDependents(node: GraphNode): Verdict {
    const blocking = this.#dependentsOf(node.meta.uid).filter((uid) =>
      this.#nodes.get(uid)?.meta.ownerReferences?.some((owner) =>
        owner.uid === node.meta.uid && owner.blockOwnerDeletion === true
      )
    );
    if (blocking.length === 0) return { writes: [withoutFinalizer(node, FOREGROUND)], next: [] };
    return { writes: [], next: blocking.filter((uid) => !this.#isWaiting(uid)) };
  }

  #needsVerdict(meta: Meta): boolean {
    const finalizers = meta.finalizers ?? [];
    if (meta.deletionTimestamp !== undefined) {
      return finalizers.includes(FOREGROUND) || finalizers.includes(ORPHAN);
    }
    return (meta.ownerReferences ?? []).some(({ uid }) => {
      const owner = this.#nodes.get(uid);
      return !owner || isForeground(owner.meta);
    });
  }

  /** The owner that a reference means, if it is known and may own the object. */
  #owner(node: GraphNode, reference: OwnerReference): GraphNode | undefined {
    const owner = this.#nodes.get(reference.uid);
    if (!owner || owner.kind.kind !== reference.kind) return undefined;
    const inReach = !owner.kind.namespaced || owner.meta.namespace === node.meta.namespace;
    return inReach ? owner : undefined;
  }

  #isWaiting(uid: string): boolean {
    const node = this.#nodes.get(uid);
    return node !== undefined && isForeground(node.meta);
  }

  #dependentsOf(uid: string): string[] {
    return [...this.#dependents.get(uid) ?? []];
  }

  #setOwners(
    { kind, meta }: GraphNode,
    owners: readonly OwnerReference[],
    { anyVersion = false } = {},
  ): Write {
    const { namespace, name, uid, resourceVersion } = meta;
    const version = anyVersion ? {} : { resourceVersion };
    const ownerReferences = owners.length > 0 ? owners : null;
    const patch = { metadata: { uid, ...version, ownerReferences } };
    return { verb: "patch", kind, target: { namespace, name }, patch };
  }

  #link(owner: string, dependent: string): void {
    let dependents = this.#dependents.get(owner);
    if (!dependents) this.#dependents.set(owner, dependents = new Set());
    dependents.add(dependent);
  }

  #unlink(owner: string, dependent: string): void {
    const dependents = this.#dependents.get(owner);
    dependents?.delete(dependent);
    if (dependents?.size === 0) this.#dependents.delete(owner);
  }
}

function isForeground(meta: Meta): boolean {
  return meta.deletionTimestamp !== undefined && (meta.finalizers ?? []).includes(FOREGROUND);
}

function itemOf({ kind, meta }: GraphNode): Item {
  return { apiVersion: kind.apiVersion, kind: kind.kind, metadata: meta };
}

type Policy = "Background" | "Foreground" | "Orphan";

function policyOf({ finalizers = [] }: Meta): Policy {
  if (finalizers.includes(ORPHAN)) return "Orphan";
  return finalizers.includes(FOREGROUND) ? "Foreground" : "Background";
}

function deletion({ kind, meta }: GraphNode, propagationPolicy: Policy): Write {
  const { namespace, name, uid } = meta;
  return {
    verb: "delete",
    kind,
    target: { namespace, name },
    options: { uid, propagationPolicy },
  };
}

function withoutFinalizer({ kind, meta }: GraphNode, finalizer: string): Write {
  const { namespace, name, uid, resourceVersion, finalizers = [] } = meta;
  const rest = finalizers.filter((one) => one !== finalizer);
  const metadata = { uid, resourceVersion, finalizers: rest.length > 0 ? rest : null };
  return { verb: "patch", kind, target: { namespace, name }, patch: { metadata } };
}
