/**
 * The parts of a coordinator, how they hang together, and the order in which they start and stop.
 *
 * Data flows one way: the transport's reflectors (`ClusterView`) tell changes to the telemetry, to
 * `Workloads` and `Supervisor`, which keep what runs as it should be, and by the feeds to the
 * `EventHub`, which calls handlers. What those and the user decide goes through `Workloads` and its
 * fenced writer back to the transport. `Tenure` says when any of it may change the cluster.
 *
 * It stops by `stop()`, a signal, SIGTERM or SIGINT; the stop order stands beside the start order, as
 * each step of the one answers one of the other.
 *
 * @module
 */
import { type ClusterConfig, IN_CLUSTER, Transport } from "../kube/mod.ts";
import type { Primitives } from "../primitives/mod.ts";
import {
  ErrorReporter,
  type Handler,
  type OnDemand,
  onStopSignal,
  outside,
  within,
} from "../runtime/mod.ts";
import { Autoscalers } from "./autoscale/autoscalers.ts";
import { Batches } from "./batches/batches.ts";
import { ClusterView } from "./cluster_view.ts";
import { EventHub } from "./events/event_hub.ts";
import { OwnEvents } from "./events/own_events.ts";
import { leadershipOf } from "./leadership/leadership_of.ts";
import { LeadingHandlers } from "./leadership/leading_handlers.ts";
import type { Mandate } from "./leadership/mandate.ts";
import { Messaging } from "./messaging/messaging.ts";
import { Tenure } from "./leadership/tenure.ts";
import type { CheckedCoordinatorOptions } from "./options.ts";
import { ownPrimitives } from "./own_primitives.ts";
import { Records } from "./records/mod.ts";
import { SupervisionReports, Supervisor, ViewCluster } from "./supervision/mod.ts";
import { Telemetry } from "./telemetry.ts";
import { type TimerEvent, timerRecord, Timers } from "./timers/mod.ts";
import { Workloads } from "./workloads/workloads.ts";

/** Where a coordinator is in its life. */
export type State = "created" | "running" | "stopping" | "stopped";

/**
 * Milliseconds in which what is held by primitives is given back though the grace is over: a request, which may
 * take 1.5 s.
 */
const GIVING_BACK = 2_000;

/** See the module's text. */
export class Engine {
  /** Where it runs workloads that name no namespace. */
  readonly namespace: string;
  /** Hears what has no caller. */
  readonly errors: ErrorReporter;
  /** Recorder, metrics and health server. */
  readonly telemetry: Telemetry;
  /** What is seen of the cluster. */
  readonly view: ClusterView;
  /** Brings events to handlers. */
  readonly hub: EventHub;
  /** The handlers of `onLeading`. */
  readonly leading: LeadingHandlers;
  /** What may be done now. */
  readonly tenure: Tenure;
  /** Talks to workers. */
  readonly messaging: Messaging;
  /** What runs. */
  readonly workloads: Workloads;
  /** Gives workloads as many workers as there is work for. */
  readonly autoscalers: Autoscalers;
  /** What it remembers in the cluster. */
  readonly records: Records;
  /** Calls handlers when they are due. */
  readonly timers: Timers;
  /** Sees lists of tasks through. */
  readonly batches: Batches;
  /** Brings what supervision decides to handlers. */
  readonly reports: SupervisionReports;
  /** Sees to workers that fail. */
  readonly supervisor: Supervisor;
  /** What the program agrees by with others; requests and errors go the coordinator's way. */
  readonly primitives: OnDemand<Primitives>;
  readonly #own: OwnEvents;
  readonly #options: CheckedCoordinatorOptions;
  readonly #transport: Transport;
  readonly #life = new AbortController();
  readonly #stopRequested = Promise.withResolvers<void>();
  readonly #onAbort = (): void => void this.stop().catch((e) => this.errors.report(e));
  #state: State = "created";
  #running: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  /** Puts the parts together; nothing is sent yet. */
  constructor(options: CheckedCoordinatorOptions, config: ClusterConfig) {
    this.#options = options;
    this.namespace = options.namespace ?? config.namespace;
    this.errors = new ErrorReporter(`coordinator "${options.name}"`);
    const onError = (error: unknown): void => this.errors.report(error);
    this.telemetry = new Telemetry({
      reflectors: () => this.view.reflectors,
      queues: () => this.hub.queues(),
      leadership: () => {
        const { mandate } = this.tenure;
        return { leading: mandate !== undefined, token: mandate?.token };
      },
      transport: () => this.#transport.stats,
      stopping: () => this.#state === "stopping" || this.#state === "stopped",
    });
    const { onRequest } = this.telemetry;
    this.#transport = new Transport(config, { budget: options.budget, onRequest });
    this.view = new ClusterView(this.#transport, options.name, {
      kinds: options.kinds,
      watch: options.watch,
      onError,
      onState: (_, error) => this.#own.emitConnection(error),
      onObject: (change) => {
        this.telemetry.onObject(change);
        this.messaging.take(change);
        this.workloads.take(change);
        this.supervisor.take(change.object);
      },
    });
    this.hub = new EventHub(this.view, onError, { onHandled: this.telemetry.onHandled });
    this.#own = new OwnEvents({
      hub: this.hub,
      telemetry: this.telemetry,
      view: this.view,
      isReplica: options.election !== false,
      isRunning: () => this.#state === "running",
    });
    this.leading = new LeadingHandlers(onError);
    const leadership = leadershipOf(options, this.namespace, this.#transport);
    leadership.onChange((change) => this.telemetry.onLeadership(change));
    this.tenure = new Tenure(leadership, {
      takeOver: async (mandate) => {
        if (mandate.token === undefined) return; // it is alone: there is nobody to fence off
        this.#watch();
        await this.workloads.takeOver(mandate);
      },
      begin: (mandate) => this.#begin(mandate),
      end: (_, reason) => this.#end(reason),
      follow: (leader) => this.#own.emit({ type: "following", leader }),
      onError,
    });
    this.messaging = new Messaging({
      client: this.#transport,
      coordinator: options.name,
      namespace: this.namespace,
      view: this.view,
      ...options.messaging,
      inCluster: config.source === IN_CLUSTER,
      onError,
    });
    this.workloads = new Workloads({
      messaging: this.messaging,
      tls: options.messaging.tls,
      client: this.#transport,
      coordinator: options.name,
      view: this.view,
      tenure: this.tenure,
      life: this.#life.signal,
      record: (operation, target, fn) => this.telemetry.operation(operation, target, fn),
      owner: options.owner === undefined
        ? undefined
        : { name: options.owner, namespace: this.namespace },
      onDeclared: () => outside(() => this.autoscalers.look()),
      onError,
      onDrift: ({ head: { kind, metadata }, fields, repaired }) =>
        this.#own.emit({
          type: "drifted",
          object: { kind, name: metadata?.name ?? "", namespace: metadata?.namespace ?? "" },
          fields,
          repaired,
        }),
    });
    this.autoscalers = new Autoscalers({
      declared: () => this.workloads.declared,
      target: (params) =>
        this.workloads.workload(params).scaleTarget({
          idle: ({ uid }) => !this.#isBusy(params, uid),
        }),
      source: (params) => this.messaging.team(params, params.contract!).work,
      onError,
    });
    this.records = new Records({
      client: this.#transport,
      coordinator: options.name,
      namespace: this.namespace,
    });
    this.timers = new Timers({
      record: this.records.record("timers", timerRecord),
      onError,
      handled: (name, call) => this.telemetry.timer(name, call),
    });
    this.batches = new Batches({
      record: (what, schema) => this.records.record(what, schema),
      require: (what) => this.tenure.require(what),
      bind: (handler) => this.hub.scoped(this.tenure.bind(handler)),
      onError,
    });
    this.reports = new SupervisionReports({ emit: (report) => this.#own.emit(report), onError });
    this.supervisor = new Supervisor({
      client: this.#transport,
      coordinator: options.name,
      cluster: new ViewCluster(this.#transport, this.view, this.workloads),
      listener: this.reports,
      onError,
    });
    this.primitives = ownPrimitives(options, {
      client: this.#transport,
      namespace: this.namespace,
      onError,
    });
  }

  /** Where it is in its life. */
  get state(): State {
    return this.#state;
  }

  /** Whether it has stopped, or is about to. */
  get isOver(): boolean {
    return this.#life.signal.aborted;
  }

  /** Begins to answer probes, and to hear the signal of `create`. */
  open(): void {
    const { health, watch, signal } = this.#options;
    this.telemetry.start(health, { idleTimeout: watch?.idleTimeout });
    signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  /**
   * Delivers events until it is stopped.
   *
   * @throws {Error} if it was started before
   */
  async start(signal: AbortSignal | undefined): Promise<void> {
    if (this.#state !== "created") {
      throw new Error(`Cannot start coordinator "${this.#options.name}": it is ${this.#state}`);
    }
    this.#state = "running";
    this.#running = this.#run(signal);
    await this.#running;
  }

  /** Stops; resolves when it has stopped, in a handler at once. */
  async stop(): Promise<void> {
    this.#stopRequested.resolve();
    if (this.hub.insideHandler) return;
    await (this.#running ?? this.#close());
  }

  /** A handler under the mandate of the moment, whose calls are recorded. */
  bound<E extends { readonly source: object }>(handler: Handler<E>): Handler<E> {
    return this.tenure.bind(this.telemetry.caused(handler));
  }

  /** A timer's handler under the mandate of the moment. */
  called(handler: Handler<TimerEvent>): Handler<TimerEvent> {
    return this.hub.scoped(this.tenure.bind(handler));
  }

  /** Start order; the stop order follows in `#close`. */
  async #run(signal: AbortSignal | undefined): Promise<void> {
    // 1. Signals come first: a SIGTERM while it starts must find someone who drains.
    const processSignals = onStopSignal(this.#onAbort);
    signal?.addEventListener("abort", this.#onAbort, { once: true });
    if (signal?.aborted) this.#stopRequested.resolve();
    try {
      // 2. The first event comes before any that it explains.
      this.hub.emit({ type: "started" });
      this.#own.emitConnection();
      // 3. Everything that was run is watched, and what an earlier coordinator of this name left: a
      //    follower too knows all of it when it comes to lead.
      this.#watch();
      // 4. Who leads already tells what it sees; all others stand for election.
      const { mandate, leader } = this.tenure;
      if (mandate !== undefined) this.#tell(mandate);
      else if (leader !== undefined) this.#own.emit({ type: "following", leader });
      this.tenure.start();
      await this.#stopRequested.promise;
      await this.#close();
    } finally {
      // 14. Signal listeners go last: until here the second signal must be able to force the end.
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
    if (started) this.hub.emit({ type: "stopping" });
    const grace = started ? this.#options.grace : 0;
    const deadline = performance.now() + grace;
    const stopped = new Error(`Cannot go on: coordinator "${this.#options.name}" is stopped`);
    // 5. Work that needs leadership ends while it still leads: the next one must find it settled.
    const supervised = this.supervisor.close().then(() => this.reports.settled());
    //    A timer that took a due time after this would begin what the grace does not cover.
    const settled = Promise.all([
      this.leading.close(),
      this.timers.close(),
      this.batches.close(stopped),
      this.autoscalers.close(),
      supervised,
    ]);
    // 6. The hub takes no more changes, and what waits there is handled: a handler may still use
    //    workloads (delete them, say), so workloads and watches live until the handlers have ended.
    await this.hub.close(grace);
    await within(Math.max(0, deadline - performance.now()), settled);
    // 7. Whoever waits for a workload or a worker is told, and nothing is repaired any more.
    this.#life.abort(stopped);
    await Promise.all([
      this.messaging.end(stopped),
      this.workloads.close(),
      this.supervisor.close(),
      this.autoscalers.close(),
    ]);
    // 8. What is held is given back, or the next one that leads would wait until it has expired.
    //    Handlers of its elections are waited for, as others are, within the grace.
    await within(Math.max(GIVING_BACK, deadline - performance.now()), this.primitives.close());
    // 9. Nothing of this term can happen any more: the next one may lead.
    await this.tenure.close();
    // 10. Watches end before what they send their requests with.
    await this.view.close();
    // 11. Nothing sends requests any more.
    await this.#transport.close();
    // 12. Until here probes are told that it is stopping, and not that it is gone.
    await this.telemetry.close();
    // 13. The caller's signal needs nobody any more.
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#state = "stopped";
  }

  /** Whether a worker has calls from here. */
  #isBusy(params: { name: string; namespace: string }, uid: string): boolean {
    const workers = this.messaging.known(params)?.group.workers ?? [];
    return workers.some(({ worker, inFlight }) => worker.uid === uid && inFlight > 0);
  }

  /** The mandate begins: handlers hear what is there. */
  #begin(mandate: Mandate): void {
    this.messaging.begin(mandate); // handlers may ask at once
    this.workloads.begin();
    this.autoscalers.begin(mandate);
    this.supervisor.begin(mandate);
    this.batches.begin(mandate);
    if (this.#state === "running") this.#tell(mandate);
  }

  /** Tells handlers what is there, in the name of a mandate. */
  #tell(mandate: Mandate): void {
    this.#own.emit({ type: "leading", token: mandate.token });
    this.hub.open();
    this.leading.begin(mandate);
    // after what an earlier leader could write is fenced off: a timer's handler may use workloads
    this.timers.begin(mandate);
    if (this.#options.prune) {
      this.workloads.prune().catch((e) => {
        if (!mandate.signal.aborted) this.errors.report(e);
      });
    }
  }

  /** The mandate is over: handlers hear nothing until the next one. */
  #end(reason: Error): void {
    this.batches.end();
    this.autoscalers.end();
    this.supervisor.end();
    void this.messaging.end(reason);
    void this.hub.shut(0);
    this.#own.emit({ type: "lost", reason });
  }

  #watch(): void {
    const { namespaces = [] } = this.#options;
    const all = new Set([this.namespace, ...namespaces, ...this.workloads.namespaces]);
    for (const namespace of all) this.view.namespace(namespace);
  }
}
