import { quote } from "../../runtime/mod.ts";
import { IncompatibleError, NotRunError, OverloadedError, TimedOutError } from "../errors.ts";
import type { Target } from "./asking.ts";
import { Chooser, hasRoom, isReady, type Need } from "./choice.ts";
import type { Member } from "./member.ts";
import type { Members } from "./members.ts";
import { type Waiter, WaitingLine } from "./waiting_line.ts";

/** What is placed. */
export interface Placing<T> extends Need {
  readonly to?: Target;
  /** What to do while none of those that are ready has room. */
  readonly overload: "wait" | "reject";
  /** Milliseconds that it waits at most. */
  readonly patience: number;
  readonly signal?: AbortSignal;
  /** Begins at a worker, in the moment of the choice. */
  begin(member: Member): T;
}

/** A {@linkcode Waiter} of a group. */
interface Waiting extends Waiter {
  readonly request: Placing<unknown>;
  fail(error: unknown): void;
}

/** Chooses workers for what comes, and lets it wait for one. */
export class Placement {
  readonly #contract: string;
  readonly #members: Members;
  readonly #chooser: Chooser;
  readonly #line = new WaitingLine();
  #turn = 0;
  #closed: Error | undefined;

  /** @param random numbers from 0 to below 1 */
  constructor(contract: string, members: Members, random: () => number) {
    this.#contract = contract;
    this.#members = members;
    this.#chooser = new Chooser(random);
  }

  /**
   * Begins at a worker as soon as there is one.
   *
   * @throws {NotRunError} the worker that was named is gone
   * @throws {IncompatibleError} the worker that was named has no such method
   * @throws {OverloadedError} none has room, with `overload: "reject"`
   * @throws {TimedOutError} there was none in time
   * @throws the signal's reason, or why the group is closed
   */
  place<T>(request: Placing<T>): Promise<Awaited<T>> {
    return new Promise<T>((resolve, reject) => {
      if (request.signal?.aborted) return reject(request.signal.reason);
      const impossible = this.#closed ?? this.#impossible(request);
      if (impossible) return reject(impossible);
      const lane = this.#lane(request);
      // nobody overtakes those who wait for the same
      const member = this.#line.has(lane) ? undefined : this.#find(request);
      if (member) return resolve(request.begin(member));
      if (request.overload === "reject" && this.#ready(request).length > 0) {
        return reject(this.#overloaded(request));
      }
      this.#wait(request, lane, resolve as (value: unknown) => void, reject);
    }) as Promise<Awaited<T>>;
  }

  /** One to begin at now, if there is one. */
  #find({ to, ...need }: Placing<unknown>): Member | undefined {
    if (to === undefined) return this.#chooser.choose(this.#members.list, need);
    const member = this.#members.find(to);
    if (member === undefined || !isReady(member, need.method)) return undefined;
    return hasRoom(member, need.room) ? member : undefined;
  }

  /** Another try: something has changed. @param who whether also which worker a target means */
  changed(who: boolean): void {
    if (who) {
      for (const waiter of this.#line.takeAll() as Waiting[]) {
        const impossible = this.#impossible(waiter.request);
        if (impossible) {
          waiter.fail(impossible);
          continue;
        }
        waiter.lane = this.#lane(waiter.request);
        this.#line.add(waiter);
      }
    }
    this.#line.serve();
  }

  /** Why it is closed; undefined while it is open. */
  get closed(): Error | undefined {
    return this.#closed;
  }

  /** Takes what comes again after `close`. */
  open(): void {
    this.#closed = undefined;
  }

  /** Rejects all that wait, and all that comes. */
  close(reason: Error): void {
    this.#closed ??= reason;
    for (const waiter of this.#line.takeAll() as Waiting[]) waiter.fail(reason);
  }

  #wait(
    request: Placing<unknown>,
    lane: string,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
  ): void {
    const { patience, signal } = request;
    const timer = Number.isFinite(patience)
      ? setTimeout(() => give(this.#timedOut(request)), patience)
      : undefined;
    const onAbort = () => give(signal?.reason);
    const over = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    };
    const give = (error: unknown) => {
      this.#line.remove(waiter);
      waiter.fail(error);
    };
    const waiter: Waiting = {
      turn: ++this.#turn,
      lane,
      request,
      find: () => this.#find(request),
      begin: (member) => {
        over();
        try {
          resolve(request.begin(member));
        } catch (e) {
          reject(e);
        }
      },
      fail: (error) => {
        over();
        reject(error);
      },
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    this.#line.add(waiter);
  }

  #lane({ method, room, to, avoid }: Placing<unknown>): string {
    const uid = to && (this.#members.find(to)?.worker.uid ?? "none");
    return JSON.stringify([method, room, uid, to ? undefined : [...avoid ?? []].sort()]);
  }

  #ready({ method, to }: Placing<unknown>): readonly Member[] {
    const member = to && this.#members.find(to);
    const candidates = to ? (member ? [member] : []) : this.#members.list;
    return candidates.filter((m) => isReady(m, method));
  }

  /** Why it can never begin. */
  #impossible({ to, method }: Placing<unknown>): Error | undefined {
    if (to === undefined || !("worker" in to)) return undefined;
    const { worker } = to;
    const member = this.#members.find(to);
    const purpose = `Cannot ask ${quote(method)} of worker ${quote(worker)}`;
    if (member === undefined) {
      return new NotRunError(`${purpose}: there is no such worker, or it stops`, {
        method,
        worker,
      });
    }
    if (member.state !== "ready" || member.can(method)) return undefined;
    return new IncompatibleError(`${purpose}: its contract has no such method`, { method, worker });
  }

  #overloaded(request: Placing<unknown>): OverloadedError {
    const { method } = request;
    const ready = this.#ready(request);
    const message =
      `${this.#purpose(request)}: ${workers(ready.length)} ready, with as much to do ` +
      `as ${ready.length === 1 ? "it takes" : "they take"}`;
    return new OverloadedError(message, { method });
  }

  #timedOut(request: Placing<unknown>): TimedOutError {
    const { method, to, patience } = request;
    const ready = this.#ready(request).length;
    const all = this.#members.list.length;
    const state = ready > 0
      ? `${workers(ready)} ready, but had no room`
      : to !== undefined && all > 0 && this.#members.find(to) === undefined
      ? `none of ${all} ${all === 1 ? "worker" : "workers"} was that one`
      : `of ${workers(all).replace(/ (is|are)$/, "")} none was ready that has the method`;
    return new TimedOutError(
      `${this.#purpose(request)}: ${state}, within ${Math.round(patience)} ms`,
      { method },
    );
  }

  #purpose({ method, to }: Placing<unknown>): string {
    const which = to === undefined
      ? ""
      : ` with ${Object.keys(to)[0]} ${quote(Object.values(to)[0])}`;
    return `Cannot ask ${quote(method)} of a worker of ${quote(this.#contract)}${which}`;
  }
}

function workers(n: number): string {
  return n === 1 ? "1 worker is" : `${n} workers are`;
}
