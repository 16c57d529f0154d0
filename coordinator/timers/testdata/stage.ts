// Replicas of a coordinator whose timers share a record in memory, on virtual time.
import { FakeTime } from "@std/testing/time";
import { type Mandate, NotLeadingError } from "../../leadership/mandate.ts";
import { checkAt, checkCron, type CheckedTimer, checkEvery, type TimerEvent } from "../mod.ts";
import { Timers } from "../mod.ts";
import type { TimerRecord } from "../timer_record.ts";

/** A call of a handler. */
export interface Called extends TimerEvent {
  readonly replica: number;
  /** What the clock of the replica showed. */
  readonly at: number;
}

/** Milliseconds. */
const STEP = 100;
/** More than what follows from one step takes. */
const TURNS = 100;

type Change = (value: TimerRecord | undefined) => TimerRecord | undefined;

/** What becomes of a write. */
export type Outcome = "ok" | "refused" | "lost answer";

/** See above. */
export class Stage implements Disposable {
  readonly time: FakeTime;
  /** Milliseconds by which the clocks are wrong. */
  skew = 0;
  stored: TimerRecord | undefined;
  /** The highest term that has written. */
  term = 0;
  writes = 0;
  readonly calls: Called[] = [];
  readonly errors: Error[] = [];
  /** What becomes of the next write. */
  outcome: () => Outcome = () => "ok";
  /** Called once a write is stored, before the writer knows. */
  onStored: () => void = () => {};

  constructor(start: string) {
    this.time = new FakeTime(Date.parse(start));
  }

  /** What the clock shows. */
  now(): number {
    return Date.now() + this.skew;
  }

  /** Another process. */
  replica(): Replica {
    return new Replica(this);
  }

  /** Lets time pass, in small steps, and all that follows from it. */
  async pass(ms: number): Promise<void> {
    for (let rest = ms;; rest -= STEP) {
      for (let i = 0; i < TURNS; i++) await Promise.resolve();
      if (rest <= 0) return;
      this.time.tick(Math.min(rest, STEP));
    }
  }

  /** Due times of the calls so far, as `HH:MM:SS`. */
  get dues(): string[] {
    return this.calls.map(({ due }) => due.toISOString().slice(11, 19));
  }

  [Symbol.dispose](): void {
    this.time.restore();
  }
}

let replicas = 0;

/** A process: its timers, and the term that it leads in. */
export class Replica {
  readonly #stage: Stage;
  readonly id: number = ++replicas;
  readonly timers: Timers;
  /** What its handlers do. */
  handler: (call: Called) => unknown = () => {};
  #end: AbortController | undefined;
  #dead = false;

  constructor(stage: Stage) {
    this.#stage = stage;
    this.timers = new Timers({
      record: { update: (mandate, change) => this.#update(mandate, change) },
      onError: (error) => this.#dead || stage.errors.push(error as Error),
      handled: (_, call) => call(),
      now: () => stage.now(),
    });
  }

  every(interval: string, options: Parameters<typeof checkEvery>[2] = {}) {
    return this.timers.add(this.#timer(checkEvery(interval, () => {}, options)));
  }

  at(date: string, options: Parameters<typeof checkAt>[2] = {}) {
    return this.timers.add(this.#timer(checkAt(new Date(date), () => {}, options)));
  }

  cron(expression: string, options: Parameters<typeof checkCron>[2] = {}) {
    return this.timers.add(this.#timer(checkCron(expression, () => {}, options)));
  }

  /** Leads with the next token. */
  lead(): void {
    const end = this.#end = new AbortController();
    const token = ++terms;
    this.timers.begin({
      token,
      signal: end.signal,
      check: () => {
        if (end.signal.aborted) throw new NotLeadingError("write", { why: "over" });
      },
    });
  }

  /** Leads no more. */
  depose(): void {
    this.#end?.abort(new Error("the term is over"));
  }

  /** As kill -9 does: nothing that it does is seen any more. */
  kill(): void {
    this.#dead = true;
    this.depose();
  }

  #timer(timer: CheckedTimer): CheckedTimer {
    return {
      ...timer,
      handler: (event) => {
        if (this.#dead) return;
        const call = { ...event, replica: this.id, at: this.#stage.now() };
        this.#stage.calls.push(call);
        return this.handler(call);
      },
    };
  }

  async #update(mandate: Mandate, change: Change): Promise<TimerRecord | undefined> {
    const stage = this.#stage;
    mandate.check();
    if (stage.term > mandate.token!) throw new NotLeadingError("write", { why: "deposed" });
    const next = change(structuredClone(stage.stored));
    const isSame = JSON.stringify(next) === JSON.stringify(stage.stored);
    if (isSame && stage.term === mandate.token) return next;
    await Promise.resolve();
    mandate.check();
    const outcome = stage.outcome();
    if (outcome === "refused") throw new Error("the write was refused");
    stage.term = mandate.token!;
    stage.stored = structuredClone(next);
    stage.writes++;
    stage.onStored();
    await Promise.resolve();
    mandate.check();
    if (outcome === "lost answer") throw new Error("the answer was lost");
    return next;
  }
}

let terms = 0;
