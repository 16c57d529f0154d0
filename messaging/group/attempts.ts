import { quote } from "../../runtime/mod.ts";
import { LostError, NotRunError, OverloadedError, TimedOutError } from "../errors.ts";
import type { CallOptions } from "../session/channel.ts";
import type { ChoiceOptions } from "./asking.ts";
import type { CountedCall } from "./call_meter.ts";
import { isReady } from "./choice.ts";
import type { Member } from "./member.ts";
import type { Members } from "./members.ts";
import type { Placement } from "./placement.ts";

/** Workers that may be lost under one call: what has cost three is likely to be why. */
export const MAX_LOST = 3;

/** Pauses (ms) after a worker that seemed to have room has refused, as others fill it. */
const FIRST_PAUSE_MS = 10;
const LAST_PAUSE_MS = 1_000;

/** A call of a group, whatever its worker. */
export interface Attempted<T> extends ChoiceOptions {
  readonly method: string;
  /** Whether it may run again when its worker was lost. */
  readonly idempotent: boolean;
  /** Milliseconds for all of it. */
  readonly timeout: number;
  /** Milliseconds until a worker has it; not more than `timeout`. */
  readonly patience: number;
  readonly overload: "wait" | "reject";
  readonly signal?: AbortSignal;
  /** Hears whether a worker has it; who calls says when it is over. */
  readonly count: CountedCall;
  /** Gives it to a worker. */
  give(member: Member, options: CallOptions): Promise<T>;
}

/** What attempts need of their group. */
export interface AttemptsInit {
  readonly members: Members;
  readonly placement: Placement;
  readonly random: () => number;
  readonly now: () => number;
}

/** Gives a call to one worker after another until it has run, as far as that is safe. */
export class Attempts {
  readonly #members: Members;
  readonly #placement: Placement;
  readonly #random: () => number;
  readonly #now: () => number;

  constructor({ members, placement, random, now }: AttemptsInit) {
    this.#members = members;
    this.#placement = placement;
    this.#random = random;
    this.#now = now;
  }

  /**
   * Calls, and again: after a refusal as long as there is time, as it has not run; after a loss three
   * times at most, if it is idempotent.
   */
  async run<T>(call: Attempted<T>): Promise<T> {
    const { method, signal, timeout, to, balance, overload } = call;
    const begun = this.#now();
    const key = call.idempotent ? crypto.randomUUID() : undefined;
    const avoid = new Set<string>();
    let lost = 0;
    let refused = 0;
    for (let attempt = 0;; attempt++) {
      const gone = this.#now() - begun;
      let member: Member | undefined;
      try {
        return await this.#placement.place<Promise<T>>({
          method,
          room: "queue",
          to,
          balance,
          avoid,
          overload,
          signal,
          patience: left(call.patience, gone),
          begin: (chosen) => {
            member = chosen;
            call.count.runs();
            const time = left(timeout, this.#now() - begun);
            return call.give(chosen, { timeout: time, signal, key, attempt });
          },
        });
      } catch (e) {
        if (signal?.aborted || member === undefined) throw e;
        call.count.waits();
        if (e instanceof LostError && call.idempotent) {
          if (++lost === MAX_LOST) throw e;
        } else if (!(e instanceof OverloadedError || e instanceof NotRunError)) throw e;
        avoid.add(member.worker.uid);
        if (e instanceof LostError || this.#hasOther(call, avoid)) continue;
        // it stops, or is gone: that it is not chosen again is known already
        if (member.state !== "ready") continue;
        if (overload === "reject") throw e;
        avoid.clear();
        const pause = Math.min(LAST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(refused++, 16));
        await this.#pause(call, e, pause * (1 + this.#random()) / 2, this.#now() - begun);
      }
    }
  }

  /** Whether another worker may take it at once. */
  #hasOther({ method, to }: Attempted<unknown>, avoid: ReadonlySet<string>): boolean {
    return to === undefined &&
      this.#members.list.some((member) =>
        isReady(member, method) && member.hasRoom && !avoid.has(member.worker.uid)
      );
  }

  async #pause(
    { method, signal, patience }: Attempted<unknown>,
    cause: unknown,
    ms: number,
    gone: number,
  ): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = () => reject(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    const rest = left(patience, gone);
    const timer = setTimeout(resolve, Math.min(ms, rest));
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    }
    if (ms < rest) return;
    const message = `Cannot ask ${quote(method)}: no worker took it within ${patience} ms`;
    throw new TimedOutError(message, { method, cause });
  }
}

/** What is left of a time. */
function left(ms: number, gone: number): number {
  return Math.max(0, ms - gone);
}
