import type { MergePatch } from "../../kube/mod.ts";
import type { ScaleTarget } from "../autoscale/autoscaler.ts";
import { workloadTarget } from "../autoscale/workload_target.ts";
import type {
  AskAllOptions,
  Asking,
  AskOptions,
  ChoiceOptions,
  Contract,
  EventName,
  EventOrigin,
  HeardOf,
  InputOf,
  Inputs,
  ItemOf,
  MapOptions,
  MethodName,
  NoContract,
  OutputOf,
  Specs,
  StreamName,
  StreamOptions,
  SubmitOptions,
  TaskHandle,
  TaskResult,
  WorkerAnswer,
  WorkerChange,
  WorkerStatus,
} from "../../messaging/mod.ts";
import type { PodState } from "../events/events.ts";
import type { Head } from "../heads.ts";
import type { Mandate } from "../leadership/mandate.ts";
import { waitFor } from "../wait.ts";
import type { Team } from "../messaging/team.ts";
import { waitUntilAnswering } from "./operations/answering.ts";
import { amendHead } from "./operations/change_head.ts";
import type { ClusterEvent } from "./operations/cluster_event.ts";
import { type DeleteOptions, deleteWorkload, removeWorkload } from "./operations/delete.ts";
import { workloadEvents, type WorkloadEventsOptions } from "./operations/events.ts";
import {
  execInWorkload,
  type ExecOptions,
  execStreamInWorkload,
  type ExecStreamOptions,
  type WorkloadExecResult,
  type WorkloadExecStreams,
} from "./operations/exec.ts";
import { type LogsOptions, type WorkloadLogLine, workloadLogs } from "./operations/logs.ts";
import { pauseWorkload, resumeWorkload } from "./operations/paused.ts";
import { type ReadyOptions, waitUntilReady } from "./operations/ready.ts";
import { restartWorkload } from "./operations/restart.ts";
import { type ScaleOptions, scaleWorkload } from "./operations/scale.ts";
import { Scope, type WaitForWorkloadOptions } from "./operations/scope.ts";
import { type WorkloadStatus, workloadStatus } from "./operations/status.ts";
import { startWorkload, stopWorkload } from "./operations/stop.ts";
import { type UndoOptions, undoWorkload } from "./operations/undo.ts";
import { updateWorkload } from "./operations/update.ts";
import type { RunParams } from "./run_params.ts";
import type { WorkloadContext } from "./workload_context.ts";

/**
 * A handle of a workload; what `Coordinator.run` and `Coordinator.workload` return.
 *
 * What changes the workload is done in the order of the calls, by whichever handle, and only by the
 * coordinator that leads; on others it rejects with a `NotLeadingError`. It resolves when the change is
 * stored, `update` when it is rolled out; `ready` waits for that. What only looks works on all of them.
 * What is changed by a handle stays, also under the next leader, until `run` is called with another
 * definition.
 *
 * @example
 * ```ts ignore
 * const worker = coordinator.workload("worker");
 * await worker.update({ image: "worker:2" }, { onProgress: (p) => console.log(p.message) })
 *   .catch(async (error) => {
 *     console.error(error.message); // such as: pod "worker-…" cannot get its image "worker:2": …
 *     await worker.undo();
 *   });
 * for await (const { pod, text } of worker.logs({ follow: true })) console.log(pod, text);
 * ```
 */
export class Workload<S extends Specs = NoContract["specs"]> implements Asking<S> {
  readonly #scope: Scope;
  readonly #contract: Contract<S> | undefined;

  /** @ignore made by `Coordinator.run` */
  constructor(
    target: { name: string; namespace: string },
    context: WorkloadContext,
    contract?: Contract<S>,
  ) {
    this.#scope = new Scope(target, context);
    this.#contract = contract;
    if (contract !== undefined) context.messaging.team(target, contract);
  }

  /** The workload's name. */
  get name(): string {
    return this.#scope.name;
  }

  /** The workload's namespace. */
  get namespace(): string {
    return this.#scope.namespace;
  }

  /** What its workers can be asked, if this handle was made with a contract. */
  get contract(): Contract<S> | undefined {
    return this.#contract;
  }

  /**
   * Resolves when all that was last applied runs and is ready, and nothing older is left; for what
   * runs to completion, when it has completed. With a contract, also when they can be asked. Works before `start()` of the coordinator and on a
   * follower too.
   *
   * @throws {RolloutError} when it cannot come to that unless something is changed, saying what
   * @throws {DOMException} named `TimeoutError`, saying what is not ready and why
   * @throws {Error} when it was deleted, or when a role does not allow to watch it
   */
  async ready(options: ReadyOptions = {}): Promise<void> {
    const begun = performance.now();
    await waitUntilReady(this.#scope, options);
    if (this.#contract === undefined) return;
    const { timeout } = options;
    await waitUntilAnswering(this.#scope, this.#team("wait for") as unknown as Team<Specs>, {
      ...options,
      ...(timeout !== undefined && { timeout: Math.max(1, timeout - (performance.now() - begun)) }),
    });
  }

  /**
   * Changes how many workers run, and nothing else; ends a `stop()`. If they become fewer, those go
   * first that are idle, then the youngest; of a workload with identity those with the highest numbers.
   *
   * @throws {TypeError} when it is no integer from 0 up, or the workload has no number of workers
   * @throws {NotLeadingError} when another coordinator leads
   * @throws {Error} when the workload was deleted
   */
  async scale(replicas: number, options: ScaleOptions = {}): Promise<void> {
    await this.#record("scale", () => scaleWorkload(this.#scope, replicas, options));
  }

  /**
   * Changes some of the parameters that the workload was run with, and leaves the others as they are,
   * the number of workers as it was scaled to. Resolves when that is rolled out. `undefined` takes a
   * parameter away. Of a Job, whose definition cannot be changed, it makes a new one. Ends a `stop()`.
   *
   * @throws {TypeError} naming each bad parameter, what was given and what is allowed
   * @throws {Error} when this process has not run it, and so does not know the other parameters
   * @throws what `ready` throws
   */
  async update(changes: Partial<RunParams>, options: ReadyOptions = {}): Promise<void> {
    await this.#record("update", () => updateWorkload(this.#scope, changes, options));
  }

  /**
   * Holds rollouts up: what is changed from now on is noted, and workers go on as they are. The number
   * of workers can still be changed.
   *
   * @throws {TypeError} when it is not a Deployment or a StatefulSet
   */
  async pause(options: WaitForWorkloadOptions = {}): Promise<void> {
    await this.#record("pause", () => pauseWorkload(this.#scope, options));
  }

  /** Ends `pause()`: what was changed meanwhile is rolled out. */
  async resume(options: WaitForWorkloadOptions = {}): Promise<void> {
    await this.#record("resume", () => resumeWorkload(this.#scope, options));
  }

  /**
   * Goes back to an earlier template of its workers: image, environment and so on; the number of
   * workers stays. It is not drift: it stays until another definition is run.
   *
   * @throws {TypeError} when it is a Job or a CronJob
   * @throws {RangeError} when there is no such revision
   * @throws {Error} when no earlier revision is kept
   */
  async undo(options: UndoOptions = {}): Promise<void> {
    await this.#record("undo", () => undoWorkload(this.#scope, options));
  }

  /**
   * Replaces all workers by new ones, a few at a time, as a change of the definition does.
   *
   * @throws {TypeError} when it is a Job or a CronJob
   */
  async restart(options: WaitForWorkloadOptions = {}): Promise<void> {
    await this.#record("restart", () => restartWorkload(this.#scope, options));
  }

  /**
   * Takes all workers away and keeps the rest, until `start`, `scale`, `update` or `run` is called. Of
   * a CronJob it keeps new jobs from beginning. A Job's worker that ends with exit code 0 when it gets
   * SIGTERM counts as done.
   *
   * @throws {TypeError} when it is a DaemonSet
   */
  async stop(options: WaitForWorkloadOptions = {}): Promise<void> {
    await this.#record("stop", () => stopWorkload(this.#scope, options));
  }

  /** Ends `stop()`, or a stop by supervision: as many workers run as before. */
  async start(options: WaitForWorkloadOptions = {}): Promise<void> {
    await this.#record("start", () => startWorkload(this.#scope, options));
  }

  /**
   * Deletes the workload; resolves when all of it is gone, its pods included, and also when it was
   * gone before. Workers get SIGTERM, and the time that they were given as `grace`.
   *
   * @throws {DOMException} named `TimeoutError`, saying what is still there
   * @throws {NotLeadingError} when another coordinator leads
   */
  async delete(options: DeleteOptions = {}): Promise<void> {
    await this.#record("delete", () => deleteWorkload(this.#scope, options));
  }

  /** @ignore Has the workload deleted; resolves with the heads that will be gone. */
  async remove(signal: AbortSignal = this.#scope.signal()): Promise<Head[]> {
    return await removeWorkload(this.#scope, signal);
  }

  /** @ignore See `amendHead`. */
  async amend(mandate: Mandate, decide: (live: Head) => MergePatch): Promise<Head | undefined> {
    return await amendHead(this.#scope, mandate, decide);
  }

  /** @ignore See `workloadTarget`. */
  scaleTarget(options: Pick<ScaleOptions, "idle"> = {}): ScaleTarget {
    return workloadTarget(this.#scope, options);
  }

  /**
   * The workload's pods as they are now, in the order of their names. Works before `start()` of the
   * coordinator too; then, and while the connection is down for the first time, it waits for the first
   * list.
   */
  async pods(options: { signal?: AbortSignal } = {}): Promise<PodState[]> {
    const { pods } = this.#scope.view();
    return await waitFor([pods], this.#scope.signal(options.signal), () => this.#scope.pods());
  }

  /** How it stands, and in one sentence why. */
  async status(options: { signal?: AbortSignal } = {}): Promise<WorkloadStatus> {
    return await workloadStatus(this.#scope, options);
  }

  /**
   * The logs of all its pods, line by line as they come; lines of one container in their order. A pod
   * whose log cannot be read, or not on, gives an item with `error`, and the others go on. It needs
   * `pods/log`: `get`.
   */
  logs(options: LogsOptions = {}): AsyncIterableIterator<WorkloadLogLine> {
    return workloadLogs(this.#scope, options);
  }

  /**
   * Runs a command in one of its pods, to its end. An exit code other than 0 is a result, not an
   * error. It needs `pods/exec`: `get`, and from Kubernetes 1.35 on `create` too.
   *
   * @throws {Error} when no pod is ready, or there is none of that name
   * @throws {RangeError} when it prints too much: then use `execStream`
   * @throws {ConnectionError} whose `timedOut` is true when the time is over
   */
  async exec(command: readonly string[], options: ExecOptions = {}): Promise<WorkloadExecResult> {
    return await this.#record("exec", () => execInWorkload(this.#scope, command, options));
  }

  /** Begins a command in one of its pods, and hands on its streams. */
  async execStream(
    command: readonly string[],
    options: ExecStreamOptions = {},
  ): Promise<WorkloadExecStreams> {
    return await execStreamInWorkload(this.#scope, command, options);
  }

  /**
   * What Kubernetes tells about its objects and pods, for people: the oldest first, then as it comes.
   * It needs `events`: `list` and `watch`.
   */
  events(options: WorkloadEventsOptions = {}): AsyncIterableIterator<ClusterEvent> {
    return workloadEvents(this.#scope, options);
  }

  /** See {@linkcode Asking.ask}. Only the leader asks: on others it rejects with a `NotLeadingError`. */
  async ask<M extends MethodName<S>>(
    method: M,
    input: InputOf<S, M>,
    options: AskOptions = {},
  ): Promise<OutputOf<S, M>> {
    return await this.#leading("ask").group.ask(method, input, options);
  }

  /** See {@linkcode Asking.tell}. */
  tell<M extends MethodName<S>>(
    method: M,
    input: InputOf<S, M>,
    options: ChoiceOptions = {},
  ): boolean {
    return this.#leading("tell").group.tell(method, input, options);
  }

  /** See {@linkcode Asking.stream}. */
  stream<M extends StreamName<S>>(
    method: M,
    input: InputOf<S, M>,
    options: StreamOptions = {},
  ): AsyncIterableIterator<ItemOf<S, M>> {
    return this.#leading("ask").group.stream(method, input, options);
  }

  /** See {@linkcode Asking.broadcast}. */
  async broadcast<M extends MethodName<S>>(method: M, input: InputOf<S, M>): Promise<number> {
    return await this.#leading("tell").group.broadcast(method, input);
  }

  /** See {@linkcode Asking.askAll}. */
  async askAll<M extends MethodName<S>>(
    method: M,
    input: InputOf<S, M>,
    options: AskAllOptions = {},
  ): Promise<WorkerAnswer<OutputOf<S, M>>[]> {
    return await this.#leading("ask").group.askAll(method, input, options);
  }

  /** See {@linkcode Asking.on}. It hears while this coordinator leads. */
  on<E extends EventName<S>>(
    event: E,
    handler: (data: HeardOf<S, E>, origin: EventOrigin) => unknown,
  ): () => void {
    const { tenure } = this.#scope.context;
    const bound = tenure.bind((heard: Parameters<typeof handler>) => handler(...heard));
    return this.#team("hear").group.on(event, (...heard) => bound(heard));
  }

  /** The workers as they answer, while this coordinator leads; `pods` has them as Kubernetes sees them. */
  get workers(): readonly WorkerStatus[] {
    return this.#team("see").group.workers;
  }

  /** See {@linkcode Asking.onWorkers}. */
  onWorkers(handler: (change: WorkerChange) => unknown): () => void {
    return this.#team("see").group.onWorkers(this.#scope.context.tenure.bind(handler));
  }

  /**
   * Calls a method with each of many inputs, and hands on the results as they come, or in order. An input
   * is pulled when a worker has room for it and the reader keeps up; `break` cancels what runs. What does
   * not work out is a result too, and the rest goes on. The task of a worker that is lost goes to another
   * one: it may run twice.
   *
   * @throws {NotLeadingError} when another coordinator leads
   * @throws {TypeError} naming each bad option
   */
  map<M extends MethodName<S>>(
    method: M,
    inputs: Inputs<InputOf<S, M>>,
    options: MapOptions = {},
  ): AsyncIterableIterator<TaskResult<OutputOf<S, M>>> {
    return this.#leading("map over").work.map(method, inputs, options);
  }

  /**
   * Has a method called with an input as soon as a worker has room for it, at least once.
   *
   * @throws {NotLeadingError} when another coordinator leads
   * @throws {OverloadedError} when as many tasks wait as may
   */
  submit<M extends MethodName<S>>(
    method: M,
    input: InputOf<S, M>,
    options: SubmitOptions = {},
  ): TaskHandle<OutputOf<S, M>> {
    return this.#leading("submit to").work.submit(method, input, options);
  }

  #leading(verb: string): Team<S> {
    const team = this.#team(verb);
    this.#scope.context.tenure.require(`${verb} "${this.name}"`);
    return team;
  }

  #team(verb: string): Team<S> {
    const { context } = this.#scope;
    context.life.throwIfAborted();
    if (this.#contract !== undefined) return context.messaging.team(this, this.#contract);
    throw new TypeError(
      `Cannot ${verb} workers of "${this.name}": this handle has no contract; give one to run() or workload()`,
    );
  }

  #record<R>(operation: string, fn: () => Promise<R>): Promise<R> {
    return this.#scope.context.record(operation, this, fn);
  }
}
