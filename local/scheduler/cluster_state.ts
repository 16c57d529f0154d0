/**
 * All nodes with what runs on them, including pods that were just given a node and of which
 * the cache does not know yet: so no room is given away twice.
 *
 * @module
 */
import { isTerminal, type Node, type Pod } from "../objects/mod.ts";
import { NodeInfo } from "./node_info.ts";
import { type PodInfo, podInfo } from "./pod_info.ts";

interface Placed {
  readonly nodeName: string;
  readonly assumed: boolean;
}

/** See the module's text. */
export class ClusterState {
  readonly #nodes = new Map<string, NodeInfo>();
  readonly #placed = new Map<string, Placed>();
  /** The nodes that exist, as an array: it is walked for every pod. */
  #existing: readonly NodeInfo[] | undefined;

  /** The nodes that exist. */
  get nodes(): readonly NodeInfo[] {
    return this.#existing ??= [...this.#nodes.values()].filter(({ node }) => node !== undefined);
  }

  /**
   * Takes a node's present state.
   *
   * @returns Whether pods that found no place may find one now.
   */
  updateNode(name: string, node: Node | undefined): boolean {
    const info = this.#nodeInfo(name);
    if ((info.node === undefined) !== (node === undefined)) this.#existing = undefined;
    const isBetter = info.update(node);
    if (!node && info.podCount === 0) this.#nodes.delete(name);
    return isBetter;
  }

  /**
   * Takes a pod's present state; `gone` when it was deleted.
   *
   * @returns Whether pods that found no place may find one now.
   */
  updatePod(pod: Pod, { gone = false } = {}): boolean {
    const { uid } = pod.metadata;
    const { nodeName } = pod.spec;
    const placed = this.#placed.get(uid);
    if (gone || isTerminal(pod)) return this.#remove(uid);
    if (!nodeName) return false; // if it is assumed somewhere, the cache lags
    if (placed) this.#nodes.get(placed.nodeName)?.remove(uid);
    this.#place(podInfo(pod), { nodeName, assumed: false });
    return placed !== undefined && placed.nodeName !== nodeName;
  }

  /** Counts a pod on a node before the API server has confirmed it. */
  assume(pod: PodInfo, nodeName: string): void {
    this.#place(pod, { nodeName, assumed: true });
  }

  /** Takes back {@linkcode ClusterState.assume}, unless the cache confirmed it meanwhile. */
  forget(uid: string): void {
    if (this.#placed.get(uid)?.assumed) this.#remove(uid);
  }

  /** Whether the pod has a node. */
  isPlaced(uid: string): boolean {
    return this.#placed.has(uid);
  }

  #place(pod: PodInfo, placed: Placed): void {
    this.#nodeInfo(placed.nodeName).add(pod);
    this.#placed.set(pod.uid, placed);
  }

  #remove(uid: string): boolean {
    const placed = this.#placed.get(uid);
    if (!placed) return false;
    this.#placed.delete(uid);
    const info = this.#nodes.get(placed.nodeName);
    info?.remove(uid);
    if (info && !info.node && info.podCount === 0) this.#nodes.delete(placed.nodeName);
    return true;
  }

  #nodeInfo(name: string): NodeInfo {
    let info = this.#nodes.get(name);
    if (!info) this.#nodes.set(name, info = new NodeInfo(name));
    return info;
  }
}
