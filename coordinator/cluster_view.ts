/**
 * What a coordinator sees of the cluster: for each namespace that it works in, a reflector of its
 * pods, one of each kind of head, and one of each kind of part.
 *
 * Reflectors start when a namespace is first asked for and end with `close()`. Their changes go to
 * the feeds, their errors to the caller's `onError`, and their states, as the worst of all, to
 * `onState`. Changes of heads and parts go to `onObject` too, for who keeps them as they should be.
 *
 * @module
 */
import type { Node, Pod } from "@cloudydeno/kubernetes-apis/core/v1";
import type { RestClient } from "@cloudydeno/kubernetes-client";
import {
  type Change,
  type KubeObject,
  NODES,
  PODS,
  Reflector,
  type ReflectorState,
  type ResourceKind,
  type WritableKind,
} from "../kube/mod.ts";
import { outside } from "../runtime/mod.ts";
import type { EventFeeds } from "./events/event_feeds.ts";
import type { NodeState, PodState, WorkloadState } from "./events/events.ts";
import { headState } from "./events/head_state.ts";
import { nodeState } from "./events/node_state.ts";
import { podState } from "./events/pod_state.ts";
import { type ObservedState, StateFeed } from "./events/state_feed.ts";
import {
  FORMER_KINDS,
  type Head,
  HEAD_KINDS,
  type HeadKind,
  isHead,
  type Part,
  PART_KINDS,
} from "./heads.ts";
import { LABELS } from "./labels.ts";
import { isSeed } from "./workloads/seed.ts";

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
  /** Of each kind of head that the coordinator works with. */
  readonly heads: ReadonlyMap<HeadKind, Reflector<Head>>;
  readonly parts: ReadonlyMap<Part["kind"], Reflector<Part>>;
}

/** A namespace's view, to which Roles may come. */
interface OwnNamespaceView extends NamespaceView {
  readonly parts: Map<Part["kind"], Reflector<Part>>;
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
  /** Kinds of heads that are watched. */
  kinds: readonly HeadKind[];
  /** How watches behave. */
  watch?: WatchOptions;
  /** Hears each failed attempt of a reflector. */
  onError: (error: Error) => void;
  /** Hears when the state of the whole view changes. */
  onState: (state: ReflectorState, error?: Error) => void;
  /** Hears each change of a pod, a head or a part, before handlers do. */
  onObject: (change: Change<KubeObject>) => void;
}

/** Any of the reflectors of a view. */
export type AnyReflector = Pick<
  Reflector<KubeObject>,
  | "kind"
  | "namespace"
  | "health"
  | "close"
  | "synced"
  | "onChange"
  | "onState"
  | "onError"
  | "start"
>;

/** See the module's text. */
export class ClusterView implements EventFeeds {
  /** Changes of pods. */
  readonly pods: StateFeed<Pod, PodState> = new StateFeed(podState);
  /** Changes of heads. */
  readonly workloads: StateFeed<Head, WorkloadState> = new StateFeed(headState);
  /** Changes of nodes. */
  readonly nodes: StateFeed<Node, NodeState> = new StateFeed(nodeState);
  readonly #client: RestClient;
  readonly #labelSelector: string;
  readonly #options: ClusterViewOptions;
  readonly #namespaces = new Map<string, OwnNamespaceView>();
  #nodes: Reflector<Node> | undefined;
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
    return this.#namespace(namespace);
  }

  /**
   * Watches Roles and their bindings too in a namespace, from now on: only who runs workloads with primitives
   * may do so.
   */
  watchRoles(namespace: string): void {
    const { parts } = this.#namespace(namespace);
    for (const kind of ["Role", "RoleBinding"] as const) {
      if (parts.has(kind)) continue;
      const reflector = this.#reflector(PART_KINDS[kind], namespace);
      parts.set(kind, reflector);
      if (!this.#closed) outside(() => reflector.start());
    }
  }

  #namespace(namespace: string): OwnNamespaceView {
    const known = this.#namespaces.get(namespace);
    if (known !== undefined) return known;
    const { kinds } = this.#options;
    const heads = kinds.map((kind) => {
      const formerKind = FORMER_KINDS[kind];
      const options = { feed: this.workloads, formerKind, ofSeveral: true };
      return [kind, this.#reflector(HEAD_KINDS[kind], namespace, options)] as const;
    });
    const view: OwnNamespaceView = {
      namespace,
      pods: this.#reflector(PODS, namespace, { feed: this.pods }),
      heads: new Map(heads),
      parts: new Map(
        partKinds(kinds).map((kind) => [kind, this.#reflector(PART_KINDS[kind], namespace)]),
      ),
    };
    this.#namespaces.set(namespace, view);
    if (this.#closed) return view; // which never syncs
    for (const reflector of reflectorsOf(view)) outside(() => reflector.start());
    return view;
  }

  /** The namespaces that are seen. */
  get namespaces(): readonly NamespaceView[] {
    return [...this.#namespaces.values()];
  }

  /** Watches the cluster's nodes too, from now on; a Role in a namespace does not allow that. */
  watchNodes(): void {
    if (this.#nodes !== undefined || this.#closed) return;
    this.#nodes = this.#reflector(NODES, undefined, { feed: this.nodes });
    outside(() => this.#nodes?.start());
  }

  /** The head of that name, whatever its kind; one that is being deleted only if there is no other. */
  head(namespace: string, name: string): Head | undefined {
    const found = [...this.namespace(namespace).heads.values()]
      .map((heads) => heads.store.get(`${namespace}/${name}`))
      .filter((head) => head !== undefined);
    return found.find(({ metadata }) => metadata?.deletionTimestamp == null) ?? found[0];
  }

  /**
   * How a kind of head is called where it is watched, which older servers have under a former name.
   *
   * @throws {TypeError} when the coordinator does not work with that kind
   */
  kindOf(namespace: string, kind: HeadKind): WritableKind<Head> {
    const served = this.namespace(namespace).heads.get(kind);
    if (served === undefined) {
      throw new TypeError(
        `Cannot run a ${kind}: the coordinator's option "kinds" does not name it`,
      );
    }
    return served.kind as WritableKind<Head>;
  }

  /** The node of that name, if nodes are watched. */
  node(name: string | undefined): Node | undefined {
    return name === undefined ? undefined : this.#nodes?.store.get(name);
  }

  /** The worst state of all reflectors; `undefined` while there is none. */
  get state(): ReflectorState | undefined {
    const states = new Set(this.reflectors.map((reflector) => reflector.health.state));
    return WORST_FIRST.find((state) => states.has(state));
  }

  /** Milliseconds since the reflector that has heard nothing for longest has heard something. */
  get lastHeardMs(): number {
    return Math.max(-Infinity, ...this.reflectors.map(({ health }) => health.lastHeardMs));
  }

  /** All reflectors. */
  get reflectors(): AnyReflector[] {
    const nodes = this.#nodes === undefined ? [] : [this.#nodes];
    return [...nodes, ...this.namespaces.flatMap(reflectorsOf)];
  }

  /** Stops at once; what was seen stays readable. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.reflectors.map((reflector) => reflector.close()));
  }

  #reflector<T extends KubeObject, S extends ObservedState>(
    kind: ResourceKind<T>,
    namespace: string | undefined,
    options: { feed?: StateFeed<T, S>; formerKind?: ResourceKind<T>; ofSeveral?: boolean } = {},
  ): Reflector<T> {
    const { feed, formerKind } = options;
    const reflector = new Reflector(this.#client, kind, {
      ...this.#options.watch,
      formerKind,
      ...(namespace === undefined ? {} : { namespace, labelSelector: this.#labelSelector }),
    });
    reflector.onChange((change) => {
      this.#options.onObject(change);
      if (!isUnapplied(change)) feed?.take(change);
    });
    reflector.onError(this.#options.onError);
    let lost: { relists: number } | undefined;
    reflector.onState((state, error) => {
      const { synced, relists } = reflector.health;
      // A watch that resumes lists nothing: what is there must be told again all the same.
      if (state === "synced" && lost?.relists === relists) {
        feed?.replay(namespace ?? "", options.ofSeveral ? kind.kind : undefined);
      }
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

function reflectorsOf({ pods, heads, parts }: NamespaceView): AnyReflector[] {
  return [pods, ...heads.values(), ...parts.values()];
}

/** Whether it is a head that was created a moment ago, and has yet to become what it is to be. */
function isUnapplied({ type, object }: Change<KubeObject>): boolean {
  return type !== "deleted" && isHead(object) && isSeed(object);
}

/** What workloads of these kinds have beside their heads: only stateful sets have a service. */
function partKinds(kinds: readonly HeadKind[]): Part["kind"][] {
  return kinds.includes("StatefulSet") ? ["ServiceAccount", "Service"] : ["ServiceAccount"];
}
