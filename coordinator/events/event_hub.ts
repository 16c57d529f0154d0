/**
 * Brings the events of a coordinator to its handlers and streams.
 *
 * Changes come from the two feeds of the cluster view. Every handler and every stream has a
 * dispatcher of its own for pods and one for deployments, so that for one object it hears one
 * event after another, while other objects and other handlers go on. The coordinator's own events
 * are rare and never merged. It stops at `close()`: what waits is handled within the grace
 * period, then comes the last event, `stopped`.
 *
 * @module
 */
import { type Change, Dispatcher } from "../../kube/mod.ts";
import { type Handler, HandlerScope, SerialHandlers, within } from "../../runtime/mod.ts";
import type { ClusterView } from "../cluster_view.ts";
import { EventStream } from "./event_stream.ts";
import type {
  CoordinatorEvent,
  CoordinatorEvents,
  DeploymentEvent,
  DeploymentState,
  PodEvent,
  PodState,
} from "./events.ts";
import { type ObservedState, type StateFeed, stateKey } from "./state_feed.ts";

/** See the module's text. */
export class EventHub {
  readonly #view: ClusterView;
  readonly #onError: (error: unknown) => void;
  readonly #own: SerialHandlers<CoordinatorEvent>;
  readonly #scope = new HandlerScope();
  readonly #dispatchers = new Set<{ close(graceMs?: number): Promise<void> }>();
  readonly #streams = new Set<EventStream<CoordinatorEvents>>();
  #closed = false;

  /** @param onError hears what handlers throw or reject with */
  constructor(view: ClusterView, onError: (error: unknown) => void) {
    this.#view = view;
    this.#onError = onError;
    this.#own = new SerialHandlers(onError);
  }

  /** Whether the caller runs on behalf of a handler, and so must not wait for `close()`. */
  get insideHandler(): boolean {
    return this.#scope.inside;
  }

  /** Adds a handler of the coordinator's own events; returns what removes it. */
  onCoordinatorEvent(handler: Handler<CoordinatorEvent>): () => void {
    return this.#own.add(this.#scope.wrap(handler));
  }

  /** Adds a handler of pods' events; returns what removes it. */
  onPodEvent(handler: Handler<PodEvent>): () => void {
    const scoped = this.#scope.wrap(handler);
    return this.#dispatch(this.#view.pods, (change) => scoped(podEvent(change)));
  }

  /** Adds a handler of deployments' events; returns what removes it. */
  onDeploymentEvent(handler: Handler<DeploymentEvent>): () => void {
    const scoped = this.#scope.wrap(handler);
    return this.#dispatch(this.#view.deployments, (change) => scoped(deploymentEvent(change)));
  }

  /** Emits an event of the coordinator itself. */
  emit(type: CoordinatorEvent["type"], error?: Error): void {
    this.#own.emit({ kind: "Coordinator", type, ...(error && { error }) });
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
      this.onPodEvent(push),
      this.onDeploymentEvent(push),
    );
    return stream;
  }

  /** Waits up to `grace` ms for the handlers, emits `stopped`, and ends the streams. */
  async close(grace: number): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const deadline = performance.now() + grace;
    for (const stream of this.#streams) stream.flush();
    await Promise.all([...this.#dispatchers].map((dispatcher) => dispatcher.close(grace)));
    this.emit("stopped");
    await within(Math.max(0, deadline - performance.now()), this.#own.settled());
    for (const stream of this.#streams) stream.end();
  }

  #dispatch<T, S extends ObservedState>(
    feed: StateFeed<T, S>,
    handle: (change: Change<S>) => unknown,
  ): () => void {
    if (this.#closed) return () => {};
    const dispatcher = new Dispatcher<S>(async (change) => void await handle(change), {
      key: stateKey,
      onError: this.#onError,
    });
    this.#dispatchers.add(dispatcher);
    const unsubscribe = feed.subscribe((change) => dispatcher.push(change));
    return () => {
      unsubscribe();
      this.#dispatchers.delete(dispatcher);
      dispatcher.close(0).catch(this.#onError);
    };
  }
}

function podEvent({ type, object, replayed }: Change<PodState>): PodEvent {
  return { kind: "Pod", type, replayed, ...object };
}

function deploymentEvent({ type, object, replayed }: Change<DeploymentState>): DeploymentEvent {
  return { kind: "Deployment", type, replayed, ...object };
}
