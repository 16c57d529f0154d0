/**
 * Brings the events of a coordinator to its handlers and streams.
 *
 * Changes come from the feeds. Every handler and every stream has a subscription of its own for
 * each kind of event, so that for one object it hears one event after another, while other objects
 * and other handlers go on. The coordinator's own events are rare and never merged. Feeds tell
 * between `open()` and `shut()`, any number of times. It stops at `close()`: what waits is handled
 * within the grace period, then comes the last event, `stopped`.
 *
 * @module
 */
import { type Handler, HandlerScope, SerialHandlers, within } from "../../runtime/mod.ts";
import type { EventFeeds } from "./event_feeds.ts";
import { EventStream } from "./event_stream.ts";
import type {
  CoordinatorEvent,
  CoordinatorEvents,
  DeploymentEvent,
  NodeEvent,
  PodEvent,
  WorkloadEvent,
  WorkloadState,
} from "./events.ts";
import { nodeEvents } from "./node_events.ts";
import { type Handled, observed } from "./observed.ts";
import { podEvents } from "./pod_events.ts";
import type { ObservedState, StateFeed } from "./state_feed.ts";
import { Subscription, type SubscriptionOptions } from "./subscription.ts";
import { workloadEvents } from "./workload_events.ts";

/** An event of the coordinator itself, without the kind that all of them have. */
export type OwnEvent = WithoutKind<CoordinatorEvent>;

type WithoutKind<E> = E extends unknown ? Omit<E, "kind"> : never;

/** Options of {@linkcode EventHub}. */
export interface EventHubOptions {
  /**
   * Hears how handlers end with events of pods, workloads and nodes. What reads a stream is no
   * handler.
   *
   * @default nobody
   */
  onHandled?: (handled: Handled) => void;
}

/** What waits for the handlers of a kind of events. */
export interface HubQueue {
  /** `Pod`, `Workload` or `Node`. */
  readonly kind: string;
  /** Changes that wait. */
  readonly depth: number;
  /** Objects that are being handled. */
  readonly running: number;
}

type AnySubscription = Pick<Subscription<never, never>, "drop" | "close" | "depth" | "running">;

/** See the module's text. */
export class EventHub {
  readonly #feeds: EventFeeds;
  readonly #onError: (error: unknown) => void;
  readonly #own: SerialHandlers<CoordinatorEvent>;
  readonly #scope = new HandlerScope();
  /** All subscriptions, and what kind of events they are to. */
  readonly #subscriptions = new Map<AnySubscription, string>();
  readonly #streams = new Set<EventStream<CoordinatorEvents>>();
  readonly #onHandled: (handled: Handled) => void;
  #closed = false;

  /** @param onError hears what handlers throw or reject with */
  constructor(
    feeds: EventFeeds,
    onError: (error: unknown) => void,
    options: EventHubOptions = {},
  ) {
    this.#feeds = feeds;
    this.#onError = onError;
    this.#onHandled = options.onHandled ?? (() => {});
    this.#own = new SerialHandlers(onError);
  }

  /** Whether the caller runs on behalf of a handler, and so must not wait for `close()`. */
  get insideHandler(): boolean {
    return this.#scope.inside;
  }

  /** A handler as this hub calls its own: what it calls knows that it runs in a handler. */
  scoped<E, R>(handler: (event: E) => R): (event: E) => R {
    return this.#scope.wrap(handler);
  }

  /** Adds a handler of the coordinator's own events; returns what removes it. */
  onCoordinatorEvent(handler: Handler<CoordinatorEvent>): () => void {
    return this.#own.add(this.#scope.wrap(handler));
  }

  /** Adds a handler of pods' events; returns what removes it. */
  onPodEvent(handler: Handler<PodEvent>): () => void {
    return this.#onPod(observed(handler, this.#onHandled));
  }

  /** Adds a handler of workloads' events, of all kinds; returns what removes it. */
  onWorkloadEvent(handler: Handler<WorkloadEvent>): () => void {
    return this.#onWorkload(observed(handler, this.#onHandled));
  }

  /** Adds a handler of Deployments' events; returns what removes it. */
  onDeploymentEvent(handler: Handler<DeploymentEvent>): () => void {
    const hear = observed(handler, this.#onHandled);
    return this.#onWorkload(
      (event) => event.kind === "Deployment" ? hear(event) : undefined,
      ({ kind }) => kind === "Deployment",
    );
  }

  /** Adds a handler of nodes' events; returns what removes it. */
  onNodeEvent(handler: Handler<NodeEvent>): () => void {
    return this.#onNode(observed(handler, this.#onHandled));
  }

  /** What waits, for each handler and stream. */
  queues(): HubQueue[] {
    return [...this.#subscriptions].map(([{ depth, running }, kind]) => ({ kind, depth, running }));
  }

  /** Emits an event of the coordinator itself. */
  emit(event: OwnEvent): void {
    this.#own.emit({ kind: "Coordinator", ...event });
  }

  /** Begins to tell changes, or begins again: first what is there, as replayed. */
  open(): void {
    for (const feed of this.#all()) feed.open();
  }

  /**
   * Tells no more changes until it is opened again, and drops those that wait: a handler that is
   * behind hears the present state then, and as deleted what it heard of and is gone. Resolves when
   * the handlers that run have ended, or after `grace` ms.
   */
  async shut(grace: number): Promise<void> {
    for (const feed of this.#all()) feed.shut();
    const subscriptions = [...this.#subscriptions.keys()];
    await within(grace, Promise.all(subscriptions.map((each) => each.drop())));
  }

  /** All events as a sequence, until `close()`, `break`, or an abort, which it throws. */
  events(signal: AbortSignal | undefined): EventStream<CoordinatorEvents> {
    const onAbort = (): void => stream.end({ error: signal?.reason });
    const stream = new EventStream<CoordinatorEvents>(() => {
      signal?.removeEventListener("abort", onAbort);
      this.#streams.delete(stream);
      for (const remove of removers) remove();
    });
    const removers: (() => void)[] = [];
    if (this.#closed) {
      stream.end();
      return stream;
    }
    if (signal?.aborted) {
      onAbort();
      return stream;
    }
    signal?.addEventListener("abort", onAbort, { once: true });
    this.#streams.add(stream);
    const push = (event: CoordinatorEvents): Promise<void> => stream.push(event);
    removers.push(
      this.onCoordinatorEvent(push),
      this.#onPod(push),
      this.#onWorkload(push),
      this.#onNode(push),
    );
    return stream;
  }

  /** Waits up to `grace` ms for the handlers, emits `stopped`, and ends the streams. */
  async close(grace: number): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const deadline = performance.now() + grace;
    for (const stream of this.#streams) stream.flush();
    await Promise.all([...this.#subscriptions.keys()].map((each) => each.close(grace)));
    this.emit({ type: "stopped" });
    await within(Math.max(0, deadline - performance.now()), this.#own.settled());
    for (const stream of this.#streams) stream.end();
  }

  #all(): { open(): void; shut(): void }[] {
    const { pods, workloads, nodes } = this.#feeds;
    return [workloads, pods, nodes];
  }

  #onPod(handler: Handler<PodEvent>): () => void {
    return this.#subscribe("Pod", this.#feeds.pods, { derive: podEvents, handler });
  }

  #onWorkload(
    handler: Handler<WorkloadEvent>,
    accepts?: (state: WorkloadState) => boolean,
  ): () => void {
    const options = { derive: workloadEvents, handler, accepts };
    return this.#subscribe("Workload", this.#feeds.workloads, options);
  }

  #onNode(handler: Handler<NodeEvent>): () => void {
    return this.#subscribe("Node", this.#feeds.nodes, { derive: nodeEvents, handler });
  }

  #subscribe<T, S extends ObservedState, E extends { type: string }>(
    kind: string,
    feed: StateFeed<T, S>,
    options: Omit<SubscriptionOptions<S, E>, "onError">,
  ): () => void {
    if (this.#closed) return () => {};
    const handler = this.#scope.wrap(options.handler);
    const onError = this.#onError;
    const subscription = new Subscription<S, E>(feed, { ...options, handler, onError });
    this.#subscriptions.set(subscription, kind);
    return () => {
      this.#subscriptions.delete(subscription);
      void subscription.drop(); // a handler that is removed hears nothing more at once
      subscription.close(0).catch(this.#onError);
    };
  }
}
