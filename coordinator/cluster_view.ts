/**
 * What a coordinator sees of the cluster: for each namespace that it works in, a reflector of its
 * pods and one of its deployments.
 *
 * Reflectors start when a namespace is first asked for and end with `close()`. Their changes go to
 * the feeds, their errors to the caller's `onError`, and their states, as the worst of all,
 * to `onState`.
 *
 * @module
 */
import type { Deployment } from "@cloudydeno/kubernetes-apis/apps/v1";
import type { Node, Pod } from "@cloudydeno/kubernetes-apis/core/v1";
import type { RestClient } from "@cloudydeno/kubernetes-client";
import {
  DEPLOYMENTS,
  type KubeObject,
  PODS,
  Reflector,
  type ReflectorState,
  type ResourceKind,
} from "../kube/mod.ts";
import type { EventFeeds } from "./events/event_feeds.ts";
import type { NodeState, PodState, WorkloadState } from "./events/events.ts";
import { headState } from "./events/head_state.ts";
import { nodeState } from "./events/node_state.ts";
import type { Head } from "./heads.ts";
import { LABELS } from "./labels.ts";
import { podState } from "./events/pod_state.ts";
import { type ObservedState, StateFeed } from "./events/state_feed.ts";

/** How watches behave. */
export interface WatchOptions {
  /**
   * Milliseconds of silence that end a connection; an API server sends something each 60 s.
   * @default 90_000
   */
  idleTimeout?: number;
  /**
   * Milliseconds of silence until the state is `stale`.
   * @default five sixths of `idleTimeout`
   */
  staleAfter?: number;
  /**
   * Milliseconds to wait after the first failure, before jitter.
   * @default 500
   */
  minBackoff?: number;
  /**
   * Milliseconds that no wait exceeds unless the server asks for more.
   * @default 30_000
   */
  maxBackoff?: number;
  /**
   * Objects in one page of a list.
   * @default 500
   */
  pageSize?: number;
}

/** What is seen of one namespace. */
export interface NamespaceView {
  readonly namespace: string;
  readonly pods: Reflector<Pod>;
  readonly deployments: Reflector<Deployment>;
}

/** States of a connection, the worst first: the view's is the worst of its reflectors'. */
const WORST_FIRST: readonly ReflectorState[] = [
  "disconnected",
  "stale",
  "connecting",
  "connected",
  "synced",
];

/** Options of {@linkcode ClusterView}. */
export interface ClusterViewOptions {
  /** How watches behave. */
  watch?: WatchOptions;
  /** Hears each failed attempt of a reflector. */
  onError: (error: Error) => void;
  /** Hears when the state of the whole view changes. */
  onState: (state: ReflectorState, error?: Error) => void;
}

/** See the module's text. */
export class ClusterView implements EventFeeds {
  /** Changes of pods. */
  readonly pods: StateFeed<Pod, PodState> = new StateFeed(podState);
  /** Changes of workloads; for now those that are Deployments. */
  readonly workloads: StateFeed<Head, WorkloadState> = new StateFeed(headState);
  /** Changes of nodes; for now there are none. */
  readonly nodes: StateFeed<Node, NodeState> = new StateFeed(nodeState);
  readonly #client: RestClient;
  readonly #labelSelector: string;
  readonly #options: ClusterViewOptions;
  readonly #namespaces = new Map<string, NamespaceView>();
  #state: ReflectorState | undefined;
  #closed = false;

  /** @param coordinator name of the coordinator; only what carries its label is seen */
  constructor(client: RestClient, coordinator: string, options: ClusterViewOptions) {
    this.#client = client;
    this.#labelSelector = `${LABELS.coordinator}=${coordinator}`;
    this.#options = options;
  }

  /** What is seen of a namespace, from now on. */
  namespace(namespace: string): NamespaceView {
    const known = this.#namespaces.get(namespace);
    if (known !== undefined) return known;
    const pods = this.#reflector(PODS, namespace, this.pods);
    const deployments = this.#reflector(
      DEPLOYMENTS,
      namespace,
      this.workloads as StateFeed<unknown, WorkloadState> as StateFeed<Deployment, WorkloadState>,
    );
    const view = { namespace, pods, deployments };
    this.#namespaces.set(namespace, view);
    if (this.#closed) return view; // which never syncs
    pods.start();
    deployments.start();
    return view;
  }

  /** The worst state of all reflectors; `undefined` while there is none. */
  get state(): ReflectorState | undefined {
    const states = new Set(this.#reflectors().map((reflector) => reflector.health.state));
    return WORST_FIRST.find((state) => states.has(state));
  }

  /** Milliseconds since the reflector that has heard nothing for longest has heard something. */
  get lastHeardMs(): number {
    return Math.max(-Infinity, ...this.#reflectors().map(({ health }) => health.lastHeardMs));
  }

  /** Stops at once; what was seen stays readable. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#reflectors().map((reflector) => reflector.close()));
  }

  #reflectors(): (Reflector<Pod> | Reflector<Deployment>)[] {
    return [...this.#namespaces.values()].flatMap(({ pods, deployments }) => [pods, deployments]);
  }

  #reflector<T extends KubeObject, S extends ObservedState>(
    kind: ResourceKind<T>,
    namespace: string,
    feed: StateFeed<T, S>,
  ): Reflector<T> {
    const reflector = new Reflector(this.#client, kind, {
      ...this.#options.watch,
      namespace,
      labelSelector: this.#labelSelector,
    });
    reflector.onChange((change) => feed.take(change));
    reflector.onError(this.#options.onError);
    let lost: { relists: number } | undefined;
    reflector.onState((state, error) => {
      const { synced, relists } = reflector.health;
      // A watch that resumes lists nothing: what is there must be told again all the same.
      if (state === "synced" && lost?.relists === relists) feed.replay(namespace);
      if (state === "synced") lost = undefined;
      if (state === "disconnected" && synced) lost ??= { relists };
      this.#update(error);
    });
    return reflector;
  }

  #update(error: Error | undefined): void {
    const state = this.state;
    if (state === undefined || state === this.#state) return;
    this.#state = state;
    this.#options.onState(state, error);
  }
}
