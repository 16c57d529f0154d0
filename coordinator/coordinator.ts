import { type ClusterConfig, loadClusterConfig, Transport } from "../kube/mod.ts";
import { type ErrorHandler, ErrorReporter, type Handler, onStopSignal } from "../runtime/mod.ts";
import { ClusterView } from "./cluster_view.ts";
import { EventHub } from "./events/event_hub.ts";
import type {
  ConnectionState,
  CoordinatorEvent,
  CoordinatorEvents,
  DeploymentEvent,
  NodeEvent,
  PodEvent,
  WorkloadEvent,
} from "./events/events.ts";
import {
  checkCoordinatorOptions,
  type CheckedCoordinatorOptions,
  type CoordinatorOptions,
} from "./options.ts";
import { checkRunParams, type RunParams } from "./workloads/run_params.ts";
import type { Workload } from "./workloads/workload.ts";
import { Workloads } from "./workloads/workloads.ts";

/** Options of `Coordinator.start`. */
export interface CoordinatorStartOptions {
  /** Stops the coordinator when it aborts. */
  signal?: AbortSignal;
}

/** Options of `Coordinator.events`. */
export interface CoordinatorEventsOptions {
  /** Ends the sequence with its reason as error when it aborts. */
  signal?: AbortSignal;
}

/** How a coordinator stands with the API server. */
export interface CoordinatorHealth {
  /**
   * The worst state of its watches: `idle` while there is none, `connecting` before the first
   * answer, `connected` after it, `synced` while all it knows is complete and kept up to date,
   * `stale` when nothing was heard for long, `disconnected` while it tries again.
   */
  readonly state: "idle" | "connecting" | ConnectionState;
  /** Milliseconds since all watches were last heard of; Infinity while one never was. */
  readonly stalenessMs: number;
}

type State = "created" | "running" | "stopping" | "stopped";

/**
 * Launches, coordinates and monitors the workers of an application.
 *
 * Flow: create, define handlers, run workloads, start. `run`, `ready`, `pods` and all else of a
 * workload work before `start`, which is what begins to deliver events.
 *
 * Guarantees: for one object a handler hears one event after another, in order; other objects and
 * other handlers go on meanwhile. While a handler is busy, states of an object may be merged; the
 * last one is never lost, nor is a deletion, even one that happened while the connection was down.
 * At the start, after a reconnect, and for a handler added later, what is there is told again,
 * with `replayed: true`. Changes that alter no field of an event but `source` are left out.
 *
 * Caveats: a handler may hear a state twice.
 *
 * Errors: what a handler throws, and failed attempts to reach the API server, go to `onError`, or
 * are printed if there is no such handler; they never stop the coordinator.
 *
 * @example
 * ```ts ignore
 * import { Coordinator } from "@troupe/troupe/coordinator";
 *
 * await using coordinator = await Coordinator.create({ name: "greeter-supervisor" });
 * coordinator.onPodEvent(async (e) => {
 *   if (!e.running) return;
 *   const res = await fetch(`http://${e.podIP}:${e.port}/`);
 *   console.log(await res.text());
 * });
 * await coordinator.run({ name: "worker", image: "worker:latest", port: 8086 });
 * await coordinator.start();
 * ```
 */
export class Coordinator implements AsyncDisposable {
  readonly #options: CheckedCoordinatorOptions & { namespace: string };
  readonly #errors: ErrorReporter;
  readonly #transport: Transport;
  readonly #view: ClusterView;
  readonly #hub: EventHub;
  readonly #workloads: Workloads;
  readonly #life = new AbortController();
  readonly #stopRequested = Promise.withResolvers<void>();
  readonly #onAbort = (): void => void this.stop().catch((e) => this.#errors.report(e));
  #state: State = "created";
  #running: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  private constructor(options: CheckedCoordinatorOptions, config: ClusterConfig) {
    this.#options = { ...options, namespace: options.namespace ?? config.namespace };
    this.#errors = new ErrorReporter(`coordinator "${options.name}"`);
    this.#transport = new Transport(config, { budget: options.budget });
    this.#view = new ClusterView(this.#transport, options.name, {
      watch: options.watch,
      onError: (error) => this.#errors.report(error),
      onState: (_, error) => this.#tellConnection(error),
    });
    this.#hub = new EventHub(this.#view, (error) => this.#errors.report(error));
    this.#workloads = new Workloads({
      client: this.#transport,
      coordinator: options.name,
      view: this.#view,
      life: this.#life.signal,
      owner: options.owner === undefined
        ? undefined
        : { name: options.owner, namespace: this.namespace },
    });
  }

  /**
   * Makes a coordinator. Nothing is sent to the cluster yet.
   *
   * @throws {TypeError} naming each bad option, what was given and what is allowed
   * @throws {ConfigError} when no cluster is found, saying where it was looked for
   */
  static async create(options: CoordinatorOptions): Promise<Coordinator> {
    const checked = checkCoordinatorOptions(options);
    const { kubeconfig, context, signal } = checked;
    signal?.throwIfAborted();
    const config = checked.config ?? await loadClusterConfig({ kubeconfig, context, signal });
    const coordinator = new Coordinator(checked, config);
    signal?.addEventListener("abort", coordinator.#onAbort, { once: true });
    return coordinator;
  }

  /** The coordinator's name. */
  get name(): string {
    return this.#options.name;
  }

  /** Where it runs workloads that name no namespace. */
  get namespace(): string {
    return this.#options.namespace;
  }

  /** How it stands with the API server, now. */
  get health(): CoordinatorHealth {
    const state = this.#view.state;
    if (state === undefined) return { state: "idle", stalenessMs: Infinity };
    return { state, stalenessMs: this.#view.lastHeardMs };
  }

  /** Calls `handler` for each event of the coordinator itself; returns what removes it. */
  onCoordinatorEvent(handler: Handler<CoordinatorEvent>): () => void {
    return this.#hub.onCoordinatorEvent(handler);
  }

  /** Calls `handler` for each event of a pod; returns what removes it. */
  onPodEvent(handler: Handler<PodEvent>): () => void {
    return this.#hub.onPodEvent(handler);
  }

  /** Calls `handler` for each event of a deployment; returns what removes it. */
  onDeploymentEvent(handler: Handler<DeploymentEvent>): () => void {
    return this.#hub.onDeploymentEvent(handler);
  }

  /** Calls `handler` for each event of a workload, of whatever kind; returns what removes it. */
  onWorkloadEvent(handler: Handler<WorkloadEvent>): () => void {
    return this.#hub.onWorkloadEvent(handler);
  }

  /** Calls `handler` for each event of a node; returns what removes it. */
  onNodeEvent(handler: Handler<NodeEvent>): () => void {
    return this.#hub.onNodeEvent(handler);
  }

  /** Calls `handler` for each error that has no caller; without one they are printed. */
  onError(handler: ErrorHandler): () => void {
    return this.#errors.add(handler);
  }

  /**
   * All events as a sequence. It ends when the coordinator has stopped. While the consumer is busy
   * states are merged as for a handler; `break` releases everything.
   */
  events(options: CoordinatorEventsOptions = {}): AsyncIterableIterator<CoordinatorEvents> {
    return this.#hub.events(options.signal);
  }

  /**
   * Runs a workload: makes the cluster match the parameters, whatever ran under that name before.
   * Resolves when that is stored; the handle's `ready()` waits until it runs.
   *
   * @throws {TypeError} naming each bad parameter, what was given and what is allowed; then
   *   nothing was sent
   * @throws {Error} when objects of that name belong to somebody else, or when the API server
   *   refuses
   */
  async run(params: RunParams): Promise<Workload> {
    const checked = checkRunParams(params, this.namespace);
    if (this.#life.signal.aborted) {
      throw new Error(`Cannot run "${checked.name}": the coordinator is stopped`);
    }
    const workload = await this.#workloads.run(checked);
    if (this.#state === "running") this.#view.namespace(checked.namespace);
    return workload;
  }

  /**
   * Delivers events. Resolves when the coordinator has stopped: after SIGTERM, SIGINT, `stop()`, or
   * when a signal given here or to `create` aborts. Handlers then have the grace period to finish.
   * A second SIGTERM or SIGINT ends the process at once. Workloads go on without it.
   *
   * @throws {Error} if it was started before
   */
  async start(options: CoordinatorStartOptions = {}): Promise<void> {
    if (this.#state !== "created") {
      throw new Error(`Cannot start coordinator "${this.name}": it is ${this.#state}`);
    }
    this.#state = "running";
    this.#running = this.#run(options.signal);
    await this.#running;
  }

  /**
   * Stops as SIGTERM does; resolves when the coordinator has stopped. In a handler it resolves at
   * once, as it would wait for that handler; then `start()` tells the end.
   */
  async stop(): Promise<void> {
    this.#stopRequested.resolve();
    if (this.#hub.insideHandler) return;
    await (this.#running ?? this.#close());
  }

  /** Stops the coordinator. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Start order; the stop order follows in `#close`. */
  async #run(signal: AbortSignal | undefined): Promise<void> {
    // 1. Signals come first: a SIGTERM while it starts must find someone who drains.
    const processSignals = onStopSignal(this.#onAbort);
    signal?.addEventListener("abort", this.#onAbort, { once: true });
    if (signal?.aborted) this.#stopRequested.resolve();
    try {
      // 2. The first event comes before any that it explains.
      this.#hub.emit({ type: "started" });
      this.#tellConnection();
      // 3. The feeds open before the watches begin, so that nothing is told twice.
      this.#hub.open();
      // 4. Everything that was run is watched, and what an earlier coordinator of this name left.
      for (const namespace of this.#watchedNamespaces()) this.#view.namespace(namespace);
      await this.#stopRequested.promise;
      await this.#close();
    } finally {
      // 9. Signal listeners go last: until here the second signal must be able to force the end.
      signal?.removeEventListener("abort", this.#onAbort);
      processSignals[Symbol.dispose]();
    }
  }

  /** Stop order; also for a coordinator that was never started. */
  #close(): Promise<void> {
    return this.#closing ??= this.#closeOnce();
  }

  async #closeOnce(): Promise<void> {
    const started = this.#state === "running";
    this.#state = "stopping";
    if (started) this.#hub.emit({ type: "stopping" });
    // 5. The hub takes no more changes, and what waits there is handled: a handler may still use
    //    workloads (delete them, say), so workloads and watches live until the handlers have ended.
    await this.#hub.close(started ? this.#options.grace : 0);
    // 6. Whoever waits for a workload is told.
    this.#life.abort(new Error(`Cannot go on: coordinator "${this.name}" is stopped`));
    // 7. Watches end before what they send their requests with.
    await this.#view.close();
    // 8. Nothing sends requests any more.
    await this.#transport.close();
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#state = "stopped";
  }

  #watchedNamespaces(): Set<string> {
    const { namespaces = [] } = this.#options;
    return new Set([this.namespace, ...namespaces, ...this.#workloads.namespaces]);
  }

  #tellConnection(error?: Error): void {
    const state = this.#view.state;
    if (this.#state !== "running" || state === undefined || state === "connecting") return;
    if (state === "connected" || state === "synced") this.#hub.emit({ type: state });
    else this.#hub.emit({ type: state, ...(error && { error }) });
  }
}
