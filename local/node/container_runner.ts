/**
 * Drives one attempt of a container from the start to its end: hooks, probes, signals.
 *
 * Start: the runtime starts it, the postStart hook runs beside it (a failing one stops it).
 * Stop: the preStop hook, then SIGTERM, then SIGKILL when the grace is over; the hook counts
 * against the grace. A later stop with a shorter grace ends the hook and moves the SIGKILL.
 * Whatever runs beside the container ends with it.
 */
import type { Container, Lifecycle } from "@cloudydeno/kubernetes-apis/core/v1";
import { anySignal } from "../../runtime/mod.ts";
import { type Clock, pause } from "./clock.ts";
import { probeTiming, toAction } from "./probe_spec.ts";
import { runProber } from "./prober.ts";
import type { ProbeKind } from "./pod_state.ts";
import {
  type ContainerExit,
  type ExecProcess,
  type RunningContainer,
  StartError,
} from "./runtime.ts";

/** What a preStop hook must leave of the grace for SIGTERM (ms). */
const MIN_TERM_MS = 2000;

/** What an attempt is driven with. */
export interface RunnerOptions {
  readonly spec: Container;
  readonly clock: Clock;
  readonly podIP: string;
  /** In ports mode: the port that stands for the container's first one. */
  readonly port?: number;
  readonly onProbe: (probe: ProbeKind, ok: boolean) => void;
  readonly onEvent: (reason: string, message: string) => void;
}

/** One running attempt. */
export class ContainerRunner {
  #container: RunningContainer;
  #options: RunnerOptions;
  /** Ends with the container. */
  #life = new AbortController();
  /** Ends when the container is told to stop: from then on, its liveness is not asked for. */
  #stopping = new AbortController();
  #hook: AbortController | undefined;
  #cancelKill: (() => void) | undefined;
  #terminated = false;
  #tasks = new Set<Promise<unknown>>();
  /** Resolves when the container and all that runs beside it have ended. */
  readonly ended: Promise<ContainerExit>;

  /** Takes over a container that was just started. */
  constructor(container: RunningContainer, options: RunnerOptions) {
    this.#container = container;
    this.#options = options;
    this.ended = this.#end();
    const { postStart } = options.spec.lifecycle ?? {};
    if (postStart) this.#run(this.#postStart(postStart));
  }

  /** Runs a command in the container; see {@linkcode RunningContainer.exec}. */
  exec(command: readonly string[]): ExecProcess {
    if (!this.#container.exec) {
      throw new StartError(`Cannot run "${command[0]}": the pod is simulated, nothing runs in it`);
    }
    return this.#container.exec(command);
  }

  /** Begins to probe. */
  probe(kind: ProbeKind): void {
    const { spec, clock, onProbe, onEvent } = this.#options;
    const probe = spec[`${kind}Probe`];
    if (!probe) {
      // The runtime itself tells when it is ready.
      if (kind === "readiness") this.#run(this.#untilReady());
      return;
    }
    const signal = kind === "readiness"
      ? this.#life.signal
      : anySignal([this.#life.signal, this.#stopping.signal]);
    this.#run(runProber({
      timing: probeTiming(probe),
      clock,
      signal,
      eager: kind !== "liveness",
      act: (signal) => {
        const action = toAction(probe, { ...this.#options, container: spec });
        if (action === undefined) {
          return Promise.resolve({ ok: false, message: "this kind of probe is not supported" });
        }
        return this.#container.act(action, { purpose: kind, signal });
      },
      onFailure: (message) =>
        onEvent("Unhealthy", `${kind[0]!.toUpperCase()}${kind.slice(1)} probe failed: ${message}`),
      onResult: (ok) => onProbe(kind, ok),
    }));
  }

  /** Stops the container within `grace` ms; again with a shorter grace, it hurries. */
  stop(grace: number): void {
    const { clock, spec } = this.#options;
    if (this.#life.signal.aborted) return;
    const first = !this.#stopping.signal.aborted;
    this.#stopping.abort();
    this.#hook?.abort();
    this.#hook = undefined;
    this.#killAfter(grace);
    if (grace === 0) return;
    const { preStop } = spec.lifecycle ?? {};
    if (first && preStop) this.#run(this.#preStop(preStop, clock.now() + grace));
    else this.#terminate();
  }

  /** Once: to many programs, a second SIGTERM says to drop everything. */
  #terminate(): void {
    if (!this.#terminated) this.#container.signal("SIGTERM");
    this.#terminated = true;
  }

  #killAfter(ms: number): void {
    const { clock } = this.#options;
    this.#cancelKill?.();
    if (ms <= 0) this.#container.signal("SIGKILL");
    else this.#cancelKill = clock.after(ms, () => this.#container.signal("SIGKILL"));
  }

  async #end(): Promise<ContainerExit> {
    const exit = await this.#container.exited;
    this.#life.abort();
    this.#hook?.abort();
    this.#cancelKill?.();
    await Promise.all(this.#tasks);
    return exit;
  }

  #run(task: Promise<unknown>): void {
    this.#tasks.add(task);
    task.then(() => this.#tasks.delete(task));
  }

  async #untilReady(): Promise<void> {
    await Promise.race([this.#container.ready, this.#container.exited]);
    if (!this.#life.signal.aborted) this.#options.onProbe("readiness", true);
  }

  async #postStart(handler: Handler): Promise<void> {
    const message = await this.#perform(handler, this.#life.signal);
    if (message === undefined || this.#life.signal.aborted) return;
    this.#options.onEvent("FailedPostStartHook", `PostStartHook failed: ${message}`);
    this.stop(0);
  }

  async #preStop(handler: Handler, deadline: number): Promise<void> {
    const { clock, onEvent } = this.#options;
    const hook = this.#hook = new AbortController();
    const latest = Math.max(0, deadline - MIN_TERM_MS - clock.now());
    const cancel = clock.after(latest, () => hook.abort());
    const message = await this.#perform(handler, hook.signal);
    cancel();
    if (this.#life.signal.aborted || this.#hook !== hook) return;
    if (message !== undefined) onEvent("FailedPreStopHook", `PreStopHook failed: ${message}`);
    this.#terminate();
  }

  /** Performs a hook; returns why it failed. */
  async #perform(handler: Handler, signal: AbortSignal): Promise<string | undefined> {
    const { clock, spec } = this.#options;
    try {
      if (handler.sleep) {
        await pause(clock, handler.sleep.seconds * 1000, signal);
        return undefined;
      }
      const action = toAction(handler, { ...this.#options, container: spec });
      if (action === undefined) return "this kind of hook is not supported";
      const { ok, message } = await this.#container.act(action, { purpose: "hook", signal });
      return ok ? undefined : message;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
}

type Handler = NonNullable<Lifecycle["preStop"]>;
