/**
 * Carries out what `pod_machine.ts` says for one pod.
 *
 * Inputs come from the API (the object changed), from containers (started, exited, probed) and
 * from the clock; each is one synchronous `#feed`: step, status, effects. Effects run beside each
 * other and feed their outcome back. `ended` resolves when the pod is over, gone from the API, and
 * nothing of it runs; `shutdown` ends it without telling the API, so that the next agent of this
 * node starts it again.
 */
import type { Pod, PodCondition } from "@cloudydeno/kubernetes-apis/core/v1";
import { adoptedState } from "./adoption.ts";
import type { PodAddress } from "./addresses.ts";
import type { RestartBackoff } from "./backoff.ts";
import { BlockedError } from "./blocked_error.ts";
import type { Clock } from "./clock.ts";
import { ContainerRunner } from "./container_runner.ts";
import type { EventRecorder, EventText } from "./event_recorder.ts";
import { step, type StepContext } from "./pod_machine.ts";
import { containerSpec } from "./pod_rules.ts";
import {
  containerConfig,
  podRef,
  type PodSetup,
  servingContainer,
  type SetupContext,
  setUpPod,
  takeAddress,
} from "./pod_setup.ts";
import { containerState, type PodEffect, type PodInput, type PodState } from "./pod_state.ts";
import { podStatus } from "./pod_status.ts";
import { type ExecProcess, type PodRef, StartError } from "./runtime.ts";
import type { StatusManager } from "./status_manager.ts";

/** Grace of a pod whose object was removed by force (ms). */
const VANISHED_GRACE_MS = 2000;

/** What all pods of a node share. */
export interface PodWorkerContext extends SetupContext {
  readonly clock: Clock;
  readonly backoff: RestartBackoff;
  readonly status: StatusManager;
  readonly events: EventRecorder;
}

/** Runs one pod. */
export class PodWorker {
  /** Which pod this is. */
  readonly ref: PodRef;
  #pod: Pod;
  #state: PodState;
  #context: PodWorkerContext;
  #runners = new Map<string, ContainerRunner>();
  #tasks = new Set<Promise<void>>();
  #address: PodAddress;
  #setup: Promise<PodSetup> | undefined;
  #conditions: readonly PodCondition[] | null | undefined;
  #cancelWake: (() => void) | undefined;
  #vanished = false;
  #shutdown = false;
  #ended = Promise.withResolvers<void>();

  /** Takes a pod on, as new or as its status tells it was. */
  constructor(pod: Pod, context: PodWorkerContext) {
    this.ref = podRef(pod);
    this.#pod = pod;
    this.#context = context;
    this.#address = takeAddress(pod, context.addresses);
    this.#conditions = pod.status?.conditions;
    this.#state = adoptedState(this.#stepContext());
    this.#feed({ type: "look" });
    if (this.#state.finished) this.#finish();
  }

  /** Resolves when the pod is over and gone, or shut down. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** The API has a newer object of the pod. */
  update(pod: Pod): void {
    this.#pod = pod;
    this.#context.status.observe(pod);
    this.#feed({ type: "look" });
    if (this.#state.finished) this.#finish();
  }

  /** Whether its object is gone from the API. */
  get vanished(): boolean {
    return this.#vanished;
  }

  /** The object is gone from the API. */
  vanish(): void {
    if (this.#vanished) return;
    this.#vanished = true;
    this.#context.status.forget(this.ref.uid);
    this.#feed({ type: "vanished", grace: VANISHED_GRACE_MS });
    if (this.#state.finished) this.#finish();
  }

  /** Ends the containers within `grace` ms; the API is not told. */
  shutdown(grace: number): Promise<void> {
    this.#shutdown = true;
    this.#feed({ type: "shutdown", grace });
    if (this.#state.finished) this.#finish();
    return this.ended;
  }

  /** The attempt whose log is meant, or why there is none. */
  logAttempt(container: string, previous: boolean): number | string {
    const state = containerState(this.#state, container);
    if (state === undefined) return `container ${container} is not valid for pod ${this.ref.pod}`;
    const newest = state.attempts - 1;
    const current = state.now.is === "running" || state.now.is === "terminated";
    const attempt = previous && current ? newest - 1 : newest;
    if (attempt >= 0) return attempt;
    if (previous) {
      return `previous terminated container "${container}" in pod "${this.ref.pod}" not found`;
    }
    const reason = state.now.is === "waiting" ? state.now.reason : "ContainerCreating";
    return `container "${container}" in pod "${this.ref.pod}" is waiting to start: ${reason}`;
  }

  /** Runs a command in a container that runs; or says why not. */
  exec(container: string, command: readonly string[]): ExecProcess | string {
    if (containerState(this.#state, container) === undefined) {
      return `container ${container} is not valid for pod ${this.ref.pod}`;
    }
    const runner = this.#runners.get(container);
    if (!runner) return `container "${container}" of pod "${this.ref.pod}" does not run`;
    try {
      return runner.exec(command);
    } catch (error) {
      return (error as Error).message;
    }
  }

  #stepContext(): StepContext {
    const { clock, backoff } = this.#context;
    return { pod: this.#pod, now: clock.now(), date: clock.date(), backoff };
  }

  #feed(input: PodInput): void {
    const { state, effects, after } = step(this.#state, input, this.#stepContext());
    this.#state = state;
    this.#tell();
    this.#cancelWake?.();
    this.#cancelWake = after === undefined || state.finished
      ? undefined
      : this.#context.clock.after(after, () => this.#feed({ type: "look" }));
    for (const effect of effects) this.#carryOut(effect);
  }

  /** Hands the present status to the status manager, which tells whether it is news. */
  #tell(): void {
    if (this.#vanished || (this.#shutdown && !this.#pod.metadata?.deletionTimestamp)) return;
    const { clock, addresses, status } = this.#context;
    const wanted = podStatus(this.#state, {
      pod: this.#pod,
      date: clock.date(),
      hostIP: addresses.hostIP,
      podIP: this.#address.ip,
      previous: this.#conditions,
    });
    this.#conditions = wanted.conditions;
    status.set(this.ref, wanted);
  }

  #carryOut(effect: PodEffect): void {
    switch (effect.do) {
      case "start":
        return this.#run(this.#start(effect.container, effect.attempt));
      case "stop":
        return this.#runners.get(effect.container)?.stop(effect.grace);
      case "probe":
        // After `started` was taken in, when the runner is there.
        return queueMicrotask(() => this.#runners.get(effect.container)?.probe(effect.probe));
      case "event":
        return this.#record(effect, effect.container);
      case "finish":
        return this.#finish();
    }
  }

  #run(task: Promise<void>): void {
    this.#tasks.add(task);
    task.then(() => this.#tasks.delete(task));
  }

  #record(event: EventText, container?: string): void {
    if (this.#shutdown) return;
    const { namespace, pod: name, uid } = this.ref;
    const list = this.#pod.spec?.initContainers?.some((one) => one.name === container)
      ? "initContainers"
      : "containers";
    const { type, reason, message } = event;
    this.#context.events.record({
      apiVersion: "v1",
      kind: "Pod",
      namespace,
      name,
      uid,
      resourceVersion: this.#pod.metadata?.resourceVersion,
      ...(container !== undefined && { fieldPath: `spec.${list}{${container}}` }),
    }, { type, reason, message });
  }

  /** Starts an attempt and sees it to its end; never rejects. */
  async #start(container: string, attempt: number): Promise<void> {
    const { runtime, clock } = this.#context;
    const spec = containerSpec(this.#pod, container)!;
    const event = (type: "Normal" | "Warning", reason: string, message: string) =>
      this.#record({ type, reason, message }, container);
    try {
      const setup = await this.#prepared();
      const what = { pod: this.#pod, container, attempt };
      const config = await containerConfig(what, setup, this.#context);
      event("Normal", "Pulled", `Container image "${spec.image}" already present on machine`);
      const running = await runtime.start(config);
      event("Normal", "Created", `Created container: ${container}`);
      const runner = new ContainerRunner(running, {
        spec,
        clock,
        podIP: setup.address.ip,
        port: container === servingContainer(this.#pod) ? setup.address.port : undefined,
        onProbe: (probe, ok) => this.#feed({ type: "probed", container, probe, ok }),
        onEvent: (reason, message) => event("Warning", reason, message),
      });
      this.#runners.set(container, runner);
      const waits = spec.readinessProbe != null || running.ready !== undefined;
      const { id, startedAt } = running;
      this.#feed({ type: "started", container, id, startedAt, waits });
      const { code, signal, finishedAt } = await runner.ended;
      this.#runners.delete(container);
      this.#feed({ type: "exited", container, code, signal, finishedAt });
    } catch (error) {
      this.#feed(this.#failure(container, error));
    }
  }

  /** What it means that an attempt could not be started. */
  #failure(container: string, error: unknown): PodInput {
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof StartError) return { type: "start failed", container, message };
    const blocked = error instanceof BlockedError ? error : undefined;
    const reason = blocked?.reason ?? "CreateContainerConfigError";
    this.#record({ type: "Warning", reason: "Failed", message: `Error: ${message}` }, container);
    return {
      type: "blocked",
      container,
      reason,
      message,
      waitReason: blocked?.again?.reason,
      waitMessage: blocked?.again?.message,
    };
  }

  /** Sets the pod up once; a failure is forgotten, so that the next attempt tries again. */
  #prepared(): Promise<PodSetup> {
    this.#setup ??= setUpPod(this.#pod, this.#address, this.#context).catch((error) => {
      this.#setup = undefined;
      throw error;
    });
    return this.#setup;
  }

  /** Nothing runs any more: the object is removed if it was deleted, else it stays to be seen. */
  #finish(): void {
    this.#cancelWake?.();
    if (this.#vanished || this.#shutdown) {
      Promise.all(this.#tasks).then(() => this.#ended.resolve());
    }
    if (this.#pod.metadata?.deletionTimestamp) this.#context.status.remove(this.ref.uid);
  }
}
