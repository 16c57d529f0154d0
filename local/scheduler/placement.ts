/**
 * Finds a node for a pod.
 *
 * What does not depend on other pods (taints, selectors, cordons) is decided once for all pods
 * that are alike and remembered until the node changes. In large clusters only as many nodes
 * are looked at as are needed for a good choice, beginning where the last search ended.
 *
 * @module
 */
import type { Labels } from "../objects/mod.ts";
import { fitMessage, lacking, unsuitable } from "./filters.ts";
import type { NodeInfo } from "./node_info.ts";
import type { PodInfo } from "./pod_info.ts";
import { best } from "./score.ts";
import { topologyRules } from "./topology.ts";

/** A node, or why there is none. */
export type Placement =
  | { readonly node: NodeInfo }
  | { readonly message: string };

/** Kinds of pods remembered; beyond that, memory starts again. */
const SIGNATURE_LIMIT = 256;

/** Below so many nodes all are looked at; mirrors minFeasibleNodesToFind. */
const LEAST_CANDIDATES = 100;

/** Options of {@linkcode Placer}. */
export interface PlacerOptions {
  /** Decides between equals, 0 ≤ x < 1. @default Math.random */
  readonly random?: () => number;
  /** The labels of a namespace. @default none are known */
  readonly labelsOf?: (namespace: string) => Labels | undefined;
}

interface Remembered {
  readonly version: number;
  readonly reason: string | undefined;
}

/** See the module's text. */
export class Placer {
  readonly #random: () => number;
  readonly #labelsOf: (namespace: string) => Labels | undefined;
  readonly #remembered = new Map<string, WeakMap<NodeInfo, Remembered>>();
  #start = 0;

  /** Remembers nothing yet. */
  constructor({ random = Math.random, labelsOf = () => undefined }: PlacerOptions = {}) {
    this.#random = random;
    this.#labelsOf = labelsOf;
  }

  /** Finds a node among `nodes`. */
  place(pod: PodInfo, nodes: readonly NodeInfo[]): Placement {
    const rules = topologyRules(pod, { nodes, labelsOf: this.#labelsOf });
    const known = this.#knownFor(pod.signature);
    const enough = candidatesFor(nodes.length);
    const reasons = new Map<string, number>();
    const candidates: NodeInfo[] = [];
    const start = nodes.length > 0 ? this.#start % nodes.length : 0;
    let looked = 0;
    while (looked < nodes.length && candidates.length < enough) {
      const node = nodes[(start + looked++) % nodes.length];
      if (!node) continue;
      const why = this.#whyNot(pod, node, { known, rules });
      if (why.length === 0) candidates.push(node);
      for (const reason of why) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    }
    this.#start = start + looked;
    const chosen = best(pod, candidates);
    const node = chosen[Math.floor(this.#random() * chosen.length)];
    return node ? { node } : { message: fitMessage(nodes.length, reasons) };
  }

  #whyNot(
    pod: PodInfo,
    node: NodeInfo,
    { known, rules }: {
      known: WeakMap<NodeInfo, Remembered>;
      rules: ReturnType<typeof topologyRules>;
    },
  ): readonly string[] {
    let remembered = known.get(node);
    if (remembered?.version !== node.version) {
      remembered = { version: node.version, reason: unsuitable(pod, node) };
      known.set(node, remembered);
    }
    if (remembered.reason !== undefined) return [remembered.reason];
    const lacks = lacking(pod, node);
    if (lacks.length > 0) return lacks;
    for (const rule of rules) {
      const reason = rule(node);
      if (reason !== undefined) return [reason];
    }
    return [];
  }

  #knownFor(signature: string): WeakMap<NodeInfo, Remembered> {
    let known = this.#remembered.get(signature);
    if (!known) {
      if (this.#remembered.size >= SIGNATURE_LIMIT) this.#remembered.clear();
      this.#remembered.set(signature, known = new WeakMap());
    }
    return known;
  }
}

/** Of many nodes, this many that suit are enough to choose from; as the real scheduler does. */
function candidatesFor(nodes: number): number {
  if (nodes <= LEAST_CANDIDATES) return nodes;
  const percent = Math.max(5, 50 - Math.floor(nodes / 125));
  return Math.max(LEAST_CANDIDATES, Math.floor(nodes * percent / 100));
}
