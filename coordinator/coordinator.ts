import { type ClusterConfig, loadClusterConfig, Transport } from "../kube/mod.ts";
import { Election } from "../primitives/mod.ts";
import {
  type ErrorHandler,
  ErrorReporter,
  type Handler,
  onStopSignal,
  within,
} from "../runtime/mod.ts";
import { ClusterView } from "./cluster_view.ts";
import { EventHub, type OwnEvent } from "./events/event_hub.ts";
import type {
  ConnectionState,
  CoordinatorEvent,
  CoordinatorEvents,
  DeploymentEvent,
  NodeEvent,
  PodEvent,
  PodState,
  WorkloadEvent,
} from "./events/events.ts";
import { headState } from "./events/head_state.ts";
import { nodeState } from "./events/node_state.ts";
import { LABELS } from "./labels.ts";
import { ElectedLeadership } from "./leadership/elected_leadership.ts";
import type { Leadership } from "./leadership/leadership.ts";
import { LeadingHandlers, type LeadingTerm } from "./leadership/leading_handlers.ts";
import type { Mandate } from "./leadership/mandate.ts";
import { SoloLeadership } from "./leadership/solo_leadership.ts";
import { Tenure } from "./leadership/tenure.ts";
import {
  checkCoordinatorOptions,
  type CheckedCoordinatorOptions,
  type CoordinatorOptions,
} from "./options.ts";
import { explain } from "./recorder/explain_pod.ts";
import type { FlightRecorder } from "./recorder/flight_recorder.ts";
import { type Escalation, SupervisionReports, Supervisor, ViewCluster } from "./supervision/mod.ts";
import { Telemetry } from "./telemetry.ts";
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
  /** Whether this coordinator leads, and may change the cluster. */
  readonly leading: boolean;
  /** The fencing token of its term; none while it does not lead, and without an election. */
  readonly token: number | undefined;
  /** Who leads, if it is another one and known. */
  readonly leader: string | undefined;
}

/** Events that a coordinator does not have that is alone. */
const REPLICA_EVENTS: readonly string[] = ["leading", "following", "lost"];

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
  readonly #telemetry: Telemetry;
  readonly #transport: Transport;
  readonly #view: ClusterView;
  readonly #hub: EventHub;
  readonly #leading: LeadingHandlers;
  readonly #tenure: Tenure;
  readonly #workloads: Workloads;
  readonly #reports: SupervisionReports;
  readonly #supervisor: Supervisor;
  readonly #life = new AbortController();
  readonly #stopRequested = Promise.withResolvers<void>();
  readonly #onAbort = (): void => void this.stop().catch((e) => this.#errors.report(e));
  #state: State = "created";
  #running: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  private constructor(options: CheckedCoordinatorOptions, config: ClusterConfig) {
    this.#options = { ...options, namespace: options.namespace ?? config.namespace };
    this.#errors = new ErrorReporter(`coordinator "${options.name}"`);
    const onError = (error: unknown): void => this.#errors.report(error);
    this.#telemetry = new Telemetry({
      reflectors: () => this.#view.reflectors,
      queues: () => this.#hub.queues(),
      leadership: () => {
        const { mandate } = this.#tenure;
        return { leading: mandate !== undefined, token: mandate?.token };
      },
      transport: () => this.#transport.stats,
      stopping: () => this.#state === "stopping" || this.#state === "stopped",
    });
    const { onRequest } = this.#telemetry;
    this.#transport = new Transport(config, { budget: options.budget, onRequest });
    this.#view = new ClusterView(this.#transport, options.name, {
      kinds: options.kinds,
      watch: options.watch,
      onError,
      onState: (_, error) => this.#tellConnection(error),
      onObject: (change) => {
        this.#telemetry.onObject(change);
        this.#workloads.take(change);
        this.#supervisor.take(change.object);
      },
    });
    this.#hub = new EventHub(this.#view, onError, { onHandled: this.#telemetry.onHandled });
    this.#leading = new LeadingHandlers(onError);
    const leadership = this.#leadership();
    leadership.onChange((change) => this.#telemetry.onLeadership(change));
    this.#tenure = new Tenure(leadership, {
      takeOver: async (mandate) => {
        if (mandate.token === undefined) return; // it is alone: there is nobody to fence off
        this.#watch();
        await this.#workloads.takeOver(mandate);
      },
      begin: (mandate) => this.#begin(mandate),
      end: (_, reason) => this.#end(reason),
      follow: (leader) => this.#emit({ type: "following", leader }),
      onError,
    });
    this.#workloads = new Workloads({
      client: this.#transport,
      coordinator: options.name,
      view: this.#view,
      tenure: this.#tenure,
      life: this.#life.signal,
      owner: options.owner === undefined
        ? undefined
        : { name: options.owner, namespace: this.namespace },
      onError,
      onDrift: ({ head: { kind, metadata }, fields, repaired }) =>
        this.#emit({
          type: "drifted",
          object: { kind, name: metadata?.name ?? "", namespace: metadata?.namespace ?? "" },
          fields,
          repaired,
        }),
    });
    this.#reports = new SupervisionReports({ emit: (report) => this.#emit(report), onError });
    this.#supervisor = new Supervisor({
      client: this.#transport,
      coordinator: options.name,
      cluster: new ViewCluster(this.#transport, this.#view, this.#workloads),
      listener: this.#reports,
      onError,
    });
  }

  /**
   * Makes a coordinator. Nothing is sent to the cluster yet; with `health` it answers probes.
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
    coordinator.#telemetry.start(checked.health, { idleTimeout: checked.watch?.idleTimeout });
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

  /** How it stands with the API server and with the other replicas, now. */
  get health(): CoordinatorHealth {
    const { mandate, leader } = this.#tenure;
    const leadership = { leading: mandate !== undefined, token: mandate?.token, leader };
    const state = this.#view.state;
    if (state === undefined) return { state: "idle", stalenessMs: Infinity, ...leadership };
    return { state, stalenessMs: this.#view.lastHeardMs, ...leadership };
  }

  /** Where it answers probes; nothing without the option `health`. */
  get healthPort(): number | undefined {
    return this.#telemetry.port;
  }

  /** The last things that happened to it and that it did, linked by cause. */
  get recorder(): FlightRecorder {
    return this.#telemetry.recorder;
  }

  /**
   * Says why a pod is in its state, from all that is known here of it, its workload and its node: one
   * sentence for each cause, the most telling first.
   */
  explain(pod: PodState): string[] {
    const head = this.#view.head(pod.namespace, pod.workload);
    const node = this.#view.node(pod.node);
    return explain(pod, {
      ...(head && { workload: headState(head) }),
      ...(node && { node: nodeState(node) }),
    });
  }

  /** Calls `handler` for each event of the coordinator itself; returns what removes it. */
  onCoordinatorEvent(handler: Handler<CoordinatorEvent>): () => void {
    return this.#hub.onCoordinatorEvent(handler);
  }

  /** Calls `handler` for each event of a pod; returns what removes it. */
  onPodEvent(handler: Handler<PodEvent>): () => void {
    return this.#hub.onPodEvent(this.#bound(handler));
  }

  /** Calls `handler` for each event of a deployment; returns what removes it. */
  onDeploymentEvent(handler: Handler<DeploymentEvent>): () => void {
    return this.#hub.onDeploymentEvent(this.#bound(handler));
  }

  /** Calls `handler` for each event of a workload, whatever its kind; returns what removes it. */
  onWorkloadEvent(handler: Handler<WorkloadEvent>): () => void {
    return this.#hub.onWorkloadEvent(this.#bound(handler));
  }

  /**
   * Calls `handler` for each event of a node; returns what removes it. Nodes belong to no namespace:
   * the coordinator needs a ClusterRole with the verbs list and watch of nodes, and tells `onError`
   * without one.
   */
  onNodeEvent(handler: Handler<NodeEvent>): () => void {
    this.#view.watchNodes();
    return this.#hub.onNodeEvent(this.#bound(handler));
  }

  /**
   * Calls `handler` each time that this coordinator begins to lead, at once if it does; returns what
   * removes it. What needs leadership takes `term.signal`: it aborts before another one can lead, and
   * when the coordinator is stopped. Leadership is handed over when the handler has settled, or after
   * the grace period. Without an election it is called once, by `start()`.
   */
  onLeading(handler: Handler<LeadingTerm>): () => void {
    return this.#leading.add(this.#hub.scoped(this.#tenure.bind(handler)));
  }

  /**
   * Calls `handler` when a workload with the supervision `onFailure: "escalate"` has failed more often
   * than is borne; returns what removes it. It is told once in a window, twice if the leader dies
   * meanwhile. Nothing more is done about the workload until the window is over.
   */
  onEscalation(handler: Handler<Escalation>): () => void {
    return this.#reports.onEscalation(this.#hub.scoped(this.#tenure.bind(handler)));
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
   * Resolves when that is stored; the handle's `ready()` waits until it runs. From then on the
   * workload is kept as it was defined, or what is changed is told, by the parameter `drift`.
   *
   * With an election it stands for it first. On a follower it resolves at once: the workload is
   * declared, and this replica applies it when it comes to lead. A leader finds the number of workers
   * that `scale` has set and leaves it, unless the definition is another one.
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
    this.#supervisor.look(checked);
    if (this.#state === "running") this.#view.namespace(checked.namespace);
    return workload;
  }

  /**
   * A handle of a workload by its name, also of one that another replica or an earlier process of
   * this coordinator has run.
   */
  workload(name: string, options: { namespace?: string } = {}): Workload {
    return this.#workloads.workload({ name, namespace: options.namespace ?? this.namespace });
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
      // 3. Everything that was run is watched, and what an earlier coordinator of this name left: a
      //    follower too knows all of it when it comes to lead.
      this.#watch();
      // 4. Who leads already tells what it sees; all others stand for election.
      if (this.#tenure.mandate !== undefined) this.#tell(this.#tenure.mandate);
      else this.#tenure.start();
      await this.#stopRequested.promise;
      await this.#close();
    } finally {
      // 13. Signal listeners go last: until here the second signal must be able to force the end.
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
    const grace = started ? this.#options.grace : 0;
    const deadline = performance.now() + grace;
    // 5. Work that needs leadership ends while it still leads: the next one must find it settled.
    const supervised = this.#supervisor.close().then(() => this.#reports.settled());
    const settled = Promise.all([this.#leading.close(), supervised]);
    // 6. The hub takes no more changes, and what waits there is handled: a handler may still use
    //    workloads (delete them, say), so workloads and watches live until the handlers have ended.
    await this.#hub.close(grace);
    await within(Math.max(0, deadline - performance.now()), settled);
    // 7. Whoever waits for a workload is told, and nothing is repaired any more.
    this.#life.abort(new Error(`Cannot go on: coordinator "${this.name}" is stopped`));
    await Promise.all([this.#workloads.close(), this.#supervisor.close()]);
    // 8. Nothing of this term can happen any more: the next one may lead.
    await this.#tenure.close();
    // 9. Watches end before what they send their requests with.
    await this.#view.close();
    // 10. Nothing sends requests any more.
    await this.#transport.close();
    // 11. Until here probes are told that it is stopping, and not that it is gone.
    await this.#telemetry.close();
    // 12. The caller's signal needs nobody any more.
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#state = "stopped";
  }

  #leadership(): Leadership {
    const { election, name } = this.#options;
    if (election === false) return new SoloLeadership();
    const settings = election === true ? {} : election;
    return new ElectedLeadership(
      new Election(this.#transport, {
        ...settings,
        name: settings.name ?? `troupe-${name}`,
        namespace: this.namespace,
        labels: { [LABELS.managedBy]: "troupe", [LABELS.coordinator]: name },
      }),
    );
  }

  /** The mandate begins: handlers hear what is there. */
  #begin(mandate: Mandate): void {
    this.#workloads.begin();
    this.#supervisor.begin(mandate);
    if (this.#state === "running") this.#tell(mandate);
  }

  /** Tells handlers what is there, in the name of a mandate. */
  #tell(mandate: Mandate): void {
    this.#emit({ type: "leading", token: mandate.token });
    this.#hub.open();
    this.#leading.begin(mandate);
    if (this.#options.prune) {
      this.#workloads.prune().catch((e) => {
        if (!mandate.signal.aborted) this.#errors.report(e);
      });
    }
  }

  /** The mandate is over: handlers hear nothing until the next one. */
  #end(reason: Error): void {
    this.#supervisor.end();
    void this.#hub.shut(0);
    this.#emit({ type: "lost", reason });
  }

  /** Emits an event of a replica's leadership, which a coordinator that is alone does not have. */
  #emit(event: OwnEvent): void {
    const isOfReplica = REPLICA_EVENTS.includes(event.type);
    const alone = this.#options.election === false && isOfReplica;
    if (this.#state === "running" && !alone) this.#hub.emit(event);
  }

  /** A handler under the mandate of the moment, whose calls are recorded. */
  #bound<E extends { readonly source: object }>(handler: Handler<E>): Handler<E> {
    return this.#tenure.bind(this.#telemetry.caused(handler));
  }

  #watch(): void {
    const { namespaces = [] } = this.#options;
    const all = new Set([this.namespace, ...namespaces, ...this.#workloads.namespaces]);
    for (const namespace of all) this.#view.namespace(namespace);
  }

  #tellConnection(error?: Error): void {
    const state = this.#view.state;
    if (this.#state !== "running" || state === undefined || state === "connecting") return;
    if (state === "stale" || state === "disconnected") {
      this.#hub.emit({ type: state, ...(error && { error }) });
    } else this.#hub.emit({ type: state });
  }
}
