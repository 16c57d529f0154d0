/**
 * One task, from when it is taken on until there is a result of it or it is given up.
 *
 * Flow: wait for room at a worker, call it there, and by how the call ended be done, go to another
 * worker, or try again after a while.
 *
 * | how a call ends | what follows | counts as an attempt |
 * | --- | --- | --- |
 * | answered | done | yes |
 * | `OverloadedError`, `NotRunError`: handed back | another worker | no |
 * | `CanceledError`: its worker stops | another worker | yes |
 * | `LostError`, or unreachable for `unreachable` ms | another worker; set aside after `losses` | yes |
 * | `HandlerError`, `MethodError`, `TimedOutError` | again after a while, `retries` times | yes |
 * | anything else: input or output does not fit | set aside | yes, if the worker has had it |
 *
 * An attempt that was given up is not heard any more, so a worker that comes back with an outcome
 * does not make a second result.
 *
 * @module
 */
import { asError } from "../../runtime/mod.ts";
import {
  CanceledError,
  HandlerError,
  LostError,
  MethodError,
  NotRunError,
  OverloadedError,
  TimedOutError,
} from "../errors.ts";
import type { Member, WorkerRef } from "../group/member.ts";
import type { LoadMeter } from "./load.ts";
import type { MemberWatch } from "./member_watch.ts";
import { PoisonError } from "./poison_error.ts";
import type { Pool } from "./pool.ts";
import type { CheckedTaskOptions } from "./task_options.ts";
import type { Attempt, AttemptEnd } from "./task_result.ts";

/** Longest wait before another try, in milliseconds: a dependency that recovers is used again soon. */
const MAX_BACKOFF = 30_000;

/** First wait after a worker has handed a task back twice in a row; doubles, as it may do so again. */
const HANDED_BACK = 50;

/** Longest of these waits, in milliseconds. */
const MAX_HANDED_BACK = 2_000;

/** Attempts that a story tells; a task that goes on and on must not grow. */
const STORY = 20;

/** What tasks of one pool have in common. */
export interface TaskContext {
  readonly pool: Pool;
  readonly meter: LoadMeter;
  /** By how long a worker may be out of reach. */
  readonly watch: (patience: number) => MemberWatch;
  /** For jitter: from 0 to 1. */
  readonly random: () => number;
}

/** What became of a task. */
export type Outcome =
  | { readonly kind: "done"; readonly output: unknown; readonly worker: WorkerRef }
  | { readonly kind: "failed"; readonly error: Error }
  /** It was given up: canceled, or there are no workers any more. */
  | { readonly kind: "stopped"; readonly canceled: boolean; readonly reason: unknown };

/** Where a task is. */
export type TaskState = "waiting" | "running" | "done" | "failed" | "canceled";

/** See the module's text. */
export class Task {
  /** How often workers have begun it, or may have. */
  attempts = 0;
  readonly #context: TaskContext;
  readonly #method: string;
  readonly #input: unknown;
  readonly #options: CheckedTaskOptions;
  /** Told when a worker has it for the first time. */
  readonly #onPlaced: () => void;
  #state: TaskState = "waiting";
  #story: Attempt[] | undefined;
  #failures = 0;
  #losses = 0;
  /** How often in a row workers have not taken it. */
  #handedBack = 0;
  /** Milliseconds until the next try. */
  #wait = 0;
  #avoid: Set<string> | undefined;
  #canceled: { readonly reason: unknown } | undefined;
  /** Ends what is under way: the wait for room, the call, or the wait for another try. */
  #giveUp: ((reason: unknown) => void) | undefined;

  /** It is not begun yet. */
  constructor(
    context: TaskContext,
    { method, input, options, onPlaced = () => {} }: {
      method: string;
      input: unknown;
      options: CheckedTaskOptions;
      onPlaced?: () => void;
    },
  ) {
    this.#context = context;
    this.#method = method;
    this.#input = input;
    this.#options = options;
    this.#onPlaced = onPlaced;
  }

  /** Where it is. */
  get state(): TaskState {
    return this.#state;
  }

  /** Gives it up: its call is canceled, and its outcome is `stopped` with that reason. */
  cancel(reason: unknown): void {
    if (this.#canceled !== undefined) return;
    this.#canceled = { reason };
    this.#giveUp?.(reason);
  }

  /** Sees it through; never rejects. To be called once. */
  async run(): Promise<Outcome> {
    this.#context.meter.count(1, 0);
    let outcome: Outcome | undefined;
    try {
      while (outcome === undefined) outcome = await this.#try();
    } catch (reason) {
      outcome = { kind: "stopped", canceled: false, reason };
    }
    if (this.#canceled !== undefined && outcome.kind !== "done") {
      outcome = { kind: "stopped", canceled: true, reason: this.#canceled.reason };
    }
    this.#context.meter.count(-1, 0);
    this.#state = outcome.kind === "stopped" ? "canceled" : outcome.kind;
    return outcome;
  }

  /** One try; nothing if there is to be another one. */
  async #try(): Promise<Outcome | undefined> {
    if (this.#canceled !== undefined) throw this.#canceled.reason;
    const control = new AbortController();
    this.#giveUp = (reason) => control.abort(reason);
    let ended: Promise<Outcome | undefined> | undefined;
    await this.#context.pool.place(this.#method, (member) => {
      ended = this.#call(member, control);
    }, { avoid: this.#avoid, signal: control.signal });
    const outcome = await ended;
    this.#giveUp = undefined;
    if (outcome === undefined) await this.#pause();
    return outcome;
  }

  /** Waits before another try, if it is to. */
  #pause(): Promise<void> | undefined {
    const wait = this.#wait;
    this.#wait = 0;
    if (wait === 0 || this.#canceled !== undefined) return undefined;
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, wait);
      this.#giveUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #call(member: Member, control: AbortController): Promise<Outcome | undefined> {
    const { pool, meter, watch } = this.#context;
    const { timeout, unreachable } = this.#options;
    const attempt = this.attempts++;
    const began = Date.now();
    this.#state = "running";
    meter.count(-1, 1);
    if (attempt === 0 && this.#handedBack === 0) this.#onPlaced();
    const { promise, resolve } = Promise.withResolvers<Outcome | undefined>();
    let over = false;
    const end = (outcome: () => Outcome | undefined): void => {
      if (over) return; // what comes later is not heard
      over = true;
      unwatch();
      meter.count(1, -1);
      const result = outcome();
      if (result === undefined) this.#state = "waiting";
      resolve(result);
    };
    const failed = (error: unknown): void =>
      end(() => this.#afterFailure(member, new Date(began), asError(error)));
    const giveUp = (reason: unknown): void => {
      failed(reason);
      control.abort(reason);
    };
    const unwatch = watch(unreachable).add(member, () => {
      const { name } = member.worker;
      giveUp(
        new Unreachable(`Cannot reach worker "${name}": ${member.state} for ${unreachable} ms`),
      );
    });
    this.#giveUp = giveUp;
    const { signal } = control;
    try {
      pool.call(member, this.#method, this.#input, { timeout, signal, attempt }).then(
        (output) => end(() => ({ kind: "done", output, worker: member.worker })),
        failed,
      );
    } catch (error) {
      failed(error);
    }
    return promise;
  }

  #afterFailure(member: Member, began: Date, error: Error): Outcome | undefined {
    if (this.#canceled !== undefined) return undefined;
    const { retries, losses, backoff } = this.#options;
    if (error instanceof OverloadedError || error instanceof NotRunError) {
      this.attempts--;
      this.#wait = this.#handedBack === 0 ? 0 : this.#jittered(
        HANDED_BACK * 2 ** (this.#handedBack - 1),
        MAX_HANDED_BACK,
      );
      this.#handedBack++;
      return undefined;
    }
    const how = howEnded(error);
    if (how === undefined) {
      // who leads no more has no workers: that says nothing of the task
      const isClosed = error === this.#context.pool.closed;
      return isClosed
        ? { kind: "stopped", canceled: false, reason: error }
        : { kind: "failed", error };
    }
    this.#handedBack = 0;
    this.#note({ worker: member.worker, began, ended: new Date(), how, error });
    if (how === "lost" || how === "unreachable") {
      return ++this.#losses < losses ? undefined : { kind: "failed", error: this.#poison(error) };
    }
    if (how === "canceled") {
      this.#handedBack = 1; // should it be canceled again and again, it waits
      return undefined;
    }
    if (this.#failures >= retries) return { kind: "failed", error };
    this.#wait = this.#jittered(backoff * 2 ** this.#failures, MAX_BACKOFF);
    this.#failures++;
    (this.#avoid ??= new Set()).add(member.worker.uid);
    return undefined;
  }

  #note(attempt: Attempt): void {
    this.#story ??= [];
    this.#story.push(attempt);
    if (this.#story.length > STORY) this.#story.shift();
  }

  #poison(cause: Error): PoisonError {
    const method = this.#method;
    const times = this.#losses === 1 ? "once" : `${this.#losses} times`;
    return new PoisonError(
      `Cannot go on with a task of "${method}": its worker was lost ${times}, last ` +
        `"${this.#story?.at(-1)?.worker.name}"`,
      { method, story: this.#story ?? [], cause },
    );
  }

  /** Between half of it and all of it, so that those that failed together do not come together. */
  #jittered(wait: number, most: number): number {
    return Math.min(wait, most) * (1 + this.#context.random()) / 2;
  }
}

/** A worker was out of reach for too long. */
class Unreachable extends LostError {}

/** How an attempt ended with which another one may follow. */
function howEnded(error: Error): AttemptEnd | undefined {
  if (error instanceof Unreachable) return "unreachable";
  if (error instanceof LostError) return "lost";
  if (error instanceof CanceledError) return "canceled";
  if (error instanceof TimedOutError) return "timedOut";
  return error instanceof HandlerError || error instanceof MethodError ? "failed" : undefined;
}
