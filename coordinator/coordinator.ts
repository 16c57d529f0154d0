import { type ClusterConfig, loadClusterConfig } from "../kube/mod.ts";
import type { Contract, MethodName, NoContract, Specs } from "../messaging/mod.ts";
import type { Primitives } from "../primitives/mod.ts";
import { type ErrorHandler, type Handler, outside } from "../runtime/mod.ts";
import type { BatchHandle } from "./batches/batch.ts";
import type { BatchOptions } from "./batches/batch_options.ts";
import { Engine } from "./engine.ts";
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
import type { LeadingTerm } from "./leadership/leading_handlers.ts";
import {
  checkCoordinatorOptions,
  type CheckedCoordinatorOptions,
  type CoordinatorOptions,
} from "./options.ts";
import { explain } from "./recorder/explain_pod.ts";
import type { FlightRecorder } from "./recorder/flight_recorder.ts";
import type { Escalation } from "./supervision/mod.ts";
import {
  checkAt,
  checkCron,
  type CheckedTimer,
  checkEvery,
  type CronTimerOptions,
  type Timer,
  type TimerEvent,
  type TimerOptions,
} from "./timers/mod.ts";
import { checkRunParams, type RunParams } from "./workloads/run_params.ts";
import type { Workload } from "./workloads/workload.ts";

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
  /** The coordinator's name. */
  readonly name: string;
  readonly #engine: Engine;

  private constructor(options: CheckedCoordinatorOptions, config: ClusterConfig) {
    this.name = options.name;
    this.#engine = new Engine(options, config);
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
    coordinator.#engine.open();
    return coordinator;
  }

  /** Where it runs workloads that name no namespace. */
  get namespace(): string {
    return this.#engine.namespace;
  }

  /** How it stands with the API server and with the other replicas, now. */
  get health(): CoordinatorHealth {
    const { mandate, leader } = this.#engine.tenure;
    const leadership = { leading: mandate !== undefined, token: mandate?.token, leader };
    const state = this.#engine.view.state;
    if (state === undefined) return { state: "idle", stalenessMs: Infinity, ...leadership };
    return { state, stalenessMs: this.#engine.view.lastHeardMs, ...leadership };
  }

  /** Where it answers probes; nothing without the option `health`. */
  get healthPort(): number | undefined {
    return this.#engine.telemetry.port;
  }

  /** The last things that happened to it and that it did, linked by cause. */
  get recorder(): FlightRecorder {
    return this.#engine.telemetry.recorder;
  }

  /**
   * Says why a pod is in its state, from all that is known here of it, its workload and its node: one
   * sentence for each cause, the most telling first.
   */
  explain(pod: PodState): string[] {
    const head = this.#engine.view.head(pod.namespace, pod.workload);
    const node = this.#engine.view.node(pod.node);
    return explain(pod, {
      ...(head && { workload: headState(head) }),
      ...(node && { node: nodeState(node) }),
    });
  }

  /** Calls `handler` for each event of the coordinator itself; returns what removes it. */
  onCoordinatorEvent(handler: Handler<CoordinatorEvent>): () => void {
    return this.#engine.hub.onCoordinatorEvent(handler);
  }

  /** Calls `handler` for each event of a pod; returns what removes it. */
  onPodEvent(handler: Handler<PodEvent>): () => void {
    return this.#engine.hub.onPodEvent(this.#engine.bound(handler));
  }

  /** Calls `handler` for each event of a deployment; returns what removes it. */
  onDeploymentEvent(handler: Handler<DeploymentEvent>): () => void {
    return this.#engine.hub.onDeploymentEvent(this.#engine.bound(handler));
  }

  /** Calls `handler` for each event of a workload, whatever its kind; returns what removes it. */
  onWorkloadEvent(handler: Handler<WorkloadEvent>): () => void {
    return this.#engine.hub.onWorkloadEvent(this.#engine.bound(handler));
  }

  /**
   * Calls `handler` for each event of a node; returns what removes it. Nodes belong to no namespace:
   * the coordinator needs a ClusterRole with the verbs list and watch of nodes, and tells `onError`
   * without one.
   */
  onNodeEvent(handler: Handler<NodeEvent>): () => void {
    this.#engine.view.watchNodes();
    return this.#engine.hub.onNodeEvent(this.#engine.bound(handler));
  }

  /**
   * Calls `handler` after each interval: a number of milliseconds, or a text such as `"10m"`, `"1h30m"`
   * or `"500ms"`, from 100 ms to 366 days. The times are counted from when the timer was set for the
   * first time, by whichever replica; a restart does not shift them, another interval begins anew.
   *
   * Only the leader calls handlers, once for each due time over all replicas and restarts, and for one
   * timer one at a time; it works before and after `start()`, which begins to call. What handlers throw
   * goes to `onError`. Each due time is one write to ConfigMap `troupe-<coordinator>-timers`, which
   * timers that are due at once share. See `docs/timers.md`.
   *
   * @example
   * ```ts ignore
   * coordinator.every("10m", ({ due, missed }) => console.log(`due at ${due}, ${missed} left out`));
   * ```
   *
   * @throws {TypeError} naming each bad parameter, or when there is a timer of its name
   * @throws {RangeError} when there are 1,000 timers
   */
  every(
    interval: number | string,
    handler: Handler<TimerEvent>,
    options: TimerOptions = {},
  ): Timer {
    return this.#set(checkEvery(interval, handler, options));
  }

  /**
   * Calls `handler` once, at `date`; at once if that is past, unless it is so by more than a week when
   * the timer is set for the first time. What `every` says holds for it too.
   *
   * @throws {TypeError} naming each bad parameter, or when there is a timer of its name
   * @throws {RangeError} when there are 1,000 timers
   */
  at(date: Date, handler: Handler<TimerEvent>, options: TimerOptions = {}): Timer {
    return this.#set(checkAt(date, handler, options));
  }

  /**
   * Calls `handler` at the times of a cron expression, such as `"0 3 * * *"` (minute, hour, day of the
   * month, month, day of the week) or `"@daily"`, in a time zone. Times of the day come once a day, also
   * when a clock change skips or repeats them; with an hour of `*` or every n-th it goes by the hours that
   * pass. What `every` says holds for it too.
   *
   * @throws {TypeError} naming each bad parameter, or when there is a timer of its name
   * @throws {RangeError} when there are 1,000 timers
   */
  cron(
    expression: string,
    handler: Handler<TimerEvent>,
    options: CronTimerOptions = {},
  ): Timer {
    return this.#set(checkCron(expression, handler, options));
  }

  /**
   * Calls `handler` each time that this coordinator begins to lead, at once if it does; returns what
   * removes it. What needs leadership takes `term.signal`: it aborts before another one can lead, and
   * when the coordinator is stopped. Leadership is handed over when the handler has settled, or after
   * the grace period. Without an election it is called once, by `start()`.
   */
  onLeading(handler: Handler<LeadingTerm>): () => void {
    return this.#engine.leading.add(this.#engine.hub.scoped(this.#engine.tenure.bind(handler)));
  }

  /**
   * Calls `handler` when a workload with the supervision `onFailure: "escalate"` has failed more often
   * than is borne; returns what removes it. It is told once in a window, twice if the leader dies
   * meanwhile. Nothing more is done about the workload until the window is over.
   */
  onEscalation(handler: Handler<Escalation>): () => void {
    return this.#engine.reports.onEscalation(
      this.#engine.hub.scoped(this.#engine.tenure.bind(handler)),
    );
  }

  /** Calls `handler` for each error that has no caller; without one they are printed. */
  onError(handler: ErrorHandler): () => void {
    return this.#engine.errors.add(handler);
  }

  /**
   * All events as a sequence. It ends when the coordinator has stopped. While the consumer is busy
   * states are merged as for a handler; `break` releases everything.
   */
  events(options: CoordinatorEventsOptions = {}): AsyncIterableIterator<CoordinatorEvents> {
    return this.#engine.hub.events(options.signal);
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
  async run<S extends Specs = NoContract["specs"]>(params: RunParams<S>): Promise<Workload<S>> {
    const checked = checkRunParams(params as RunParams, this.namespace);
    if (this.#engine.isOver) {
      throw new Error(`Cannot run "${checked.name}": the coordinator is stopped`);
    }
    // before it is written, so that a contract that does not fit the one before changes nothing
    const workload = this.#engine.workloads.workload(checked, params.contract);
    await this.#engine.workloads.run(checked);
    outside(() => this.#engine.supervisor.look(checked));
    if (this.#engine.state === "running") this.#engine.view.namespace(checked.namespace);
    return workload;
  }

  /**
   * A handle of a workload by its name, also of one that another replica or an earlier process of
   * this coordinator has run. With a contract its workers can be asked.
   *
   * @throws {TypeError} when it was run here with another contract
   */
  workload<S extends Specs = NoContract["specs"]>(
    name: string,
    options: { namespace?: string; contract?: Contract<S> } = {},
  ): Workload<S> {
    const { namespace = this.namespace, contract } = options;
    return this.#engine.workloads.workload({ name, namespace }, contract);
  }

  /**
   * Sees tasks for the inputs of a list through to the end, whoever leads: each is done by a worker of
   * `workers`, its result is given to `onResult`, and it is noted in the ConfigMap
   * `troupe-<coordinator>-batch-<name>`, in one write for all of half a second. The next leader goes on with
   * what is not noted, so each program of this coordinator declares it, before or after `start()`. A follower
   * only declares it. See `docs/work.md`.
   *
   * Guarantees: `onResult` hears each index at least once, and never again once it is noted. It is called for
   * one result at a time. A batch that is done stays so, also for a restarted program, until `delete()` or
   * another `id`.
   *
   * Errors: `done` rejects; so it does with the reason of a stop of the coordinator, after which another
   * leader goes on. Writes that fail are tried again, and `onError` hears of them.
   *
   * @example
   * ```ts ignore
   * const greeters = await coordinator.run({ name: "greeter", image, contract: greeter, workers: { max: 9 } });
   * const batch = coordinator.batch("greet-all", {
   *   workers: greeters,
   *   method: "greet",
   *   inputs: names.map((name) => ({ name })),
   *   onResult: (result) => store(result.index, result.ok ? result.output : undefined),
   * });
   * const { done, failures } = await batch.done;
   * ```
   *
   * @throws {TypeError} naming each bad option
   * @throws {Error} when one of that name is under way here, or the coordinator is stopped
   */
  batch<S extends Specs, M extends MethodName<S>>(
    name: string,
    options: BatchOptions<S, M>,
  ): BatchHandle {
    return outside(() => this.#engine.batches.batch(name, options));
  }

  /**
   * What it agrees by with workers, other replicas and any other program: locks, elections, shared values and
   * more, in the coordinator's namespace. Each call returns the same, which is made by the first one, sends
   * its requests with the coordinator's connection and budget, and tells its errors to `onError`.
   *
   * It is closed when the coordinator stops, after handlers have settled and before another one leads: what is
   * held is given back then. It knows nothing of leadership: a follower may use it too. See
   * `docs/primitives.md`.
   *
   * @example
   * ```ts ignore
   * const primitives = await coordinator.primitives();
   * await using held = await primitives.mutex("orders").acquire();
   * ```
   *
   * @throws {TypeError} naming each bad field of the option `primitives`
   * @throws {Error} when the coordinator has stopped
   */
  async primitives(): Promise<Primitives> {
    return await this.#engine.primitives.get();
  }

  /**
   * Gives coordinator and workers a new key, by which they know each other. Connected workers are told it;
   * connections, and what runs over them, go on. The former key is good until the next rotation.
   *
   * @throws {NotLeadingError} when another coordinator leads
   */
  async rotateKey(): Promise<void> {
    const { tenure, messaging } = this.#engine;
    await messaging.rotateKey(tenure.require("rotate the key"));
  }

  /**
   * Delivers events. Resolves when the coordinator has stopped: after SIGTERM, SIGINT, `stop()`, or
   * when a signal given here or to `create` aborts. Handlers then have the grace period to finish.
   * A second SIGTERM or SIGINT ends the process at once. Workloads go on without it.
   *
   * @throws {Error} if it was started before
   */
  async start(options: CoordinatorStartOptions = {}): Promise<void> {
    await this.#engine.start(options.signal);
  }

  /**
   * Stops as SIGTERM does; resolves when the coordinator has stopped. In a handler it resolves at
   * once, as it would wait for that handler; then `start()` tells the end.
   */
  async stop(): Promise<void> {
    await this.#engine.stop();
  }

  /** Stops the coordinator. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #set(timer: CheckedTimer): Timer {
    return this.#engine.timers.add({ ...timer, handler: this.#engine.called(timer.handler) });
  }
}
