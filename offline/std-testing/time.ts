/**
 * A clock that stands still until a test moves it: `Date`, the timers and `AbortSignal.timeout`.
 *
 * Timers run in order of their due time, those of one time in the order in which they were set.
 *
 * @module
 */
import { TimerList } from "./timer_list.ts";

const real = {
  Date,
  setTimeout,
  clearTimeout,
  setInterval,
  clearInterval,
  abortSignalTimeout: AbortSignal.timeout,
};

/** An operation that the state of the clock does not allow. */
export class TimeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "TimeError";
  }
}

export interface FakeTimeOptions {
  /** How fast time runs by itself, 1 being real speed. @default {0} */
  advanceRate: number;
  /** Milliseconds between its steps if it does. @default {10} */
  advanceFrequency?: number;
}

export interface DelayOptions {
  signal?: AbortSignal;
  /** Whether the wait keeps the process alive. @default {true} */
  persistent?: boolean;
}

let current: FakeTime | undefined;
let timers = new TimerList();
let present = 0;

/** Takes the place of the global clock from its construction until `restore()`. */
export class FakeTime {
  readonly #start: number;
  readonly #advance: ReturnType<typeof setInterval> | undefined;

  constructor(start?: number | string | Date | null, options?: FakeTimeOptions) {
    if (current) throw new TimeError("Cannot construct FakeTime: time is already faked");
    const at = start == null ? real.Date.now() : Math.floor(+new real.Date(start));
    if (isNaN(at)) throw new TypeError(`Cannot construct FakeTime: invalid start time ${at}`);
    this.#start = present = at;
    timers = new TimerList();
    current = this;
    replaceGlobals();
    const { advanceRate = 0, advanceFrequency = 10 } = options ?? {};
    if (advanceRate <= 0) return;
    const step = Math.max(0, advanceFrequency);
    this.#advance = real.setInterval.call(null, () => this.tick(advanceRate * step), step);
  }

  /** Restores the clock that is faked at present. */
  static restore(): void {
    if (!current) throw new TimeError("Cannot restore time: time is already restored");
    current.restore();
  }

  /** Calls `callback` on the real clock, which stays until its promise has settled. */
  static async restoreFor<T>(
    // deno-lint-ignore no-explicit-any
    callback: (...args: any[]) => Promise<T> | T,
    // deno-lint-ignore no-explicit-any
    ...args: any[]
  ): Promise<T> {
    if (!current) throw new TimeError("Cannot restore time: time is not faked");
    restoreGlobals();
    try {
      return await callback(...args);
    } finally {
      replaceGlobals();
    }
  }

  /** The time at construction, in milliseconds since 1970. */
  get start(): number {
    return this.#start;
  }

  /** Milliseconds since 1970. Setting it runs what is due until then. */
  get now(): number {
    return present;
  }

  set now(value: number) {
    if (value < present) {
      throw new RangeError(
        `Cannot set current time in the past, time must be >= ${present}: received ${value}`,
      );
    }
    for (let timer = timers.takeDue(value); timer; timer = timers.takeDue(value)) {
      present = timer.due;
      timer.callback(...timer.args);
    }
    present = value;
  }

  /** Waits in real time. */
  async delay(ms: number, options: DelayOptions = {}): Promise<void> {
    const { signal } = options;
    const aborted = () => new DOMException("Delay was aborted.", "AbortError");
    if (signal?.aborted) throw aborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = real.setTimeout.call(null, resolve, ms);
    const abort = () => {
      real.clearTimeout.call(null, timer);
      reject(aborted());
    };
    signal?.addEventListener("abort", abort, { once: true });
    await promise.finally(() => signal?.removeEventListener("abort", abort));
  }

  /** Lets all promises that can settle do so. */
  async runMicrotasks(): Promise<void> {
    await this.delay(0);
  }

  /** Moves the clock by `ms` milliseconds. */
  tick(ms = 0): void {
    this.now += ms;
  }

  /** `runMicrotasks()`, then `tick()`. */
  async tickAsync(ms = 0): Promise<void> {
    await this.runMicrotasks();
    this.tick(ms);
  }

  /** Moves the clock to the next timer; false if there is none. */
  next(): boolean {
    const due = timers.nextDue();
    if (due !== undefined) this.now = due;
    return due !== undefined;
  }

  /** `runMicrotasks()`, then `next()`. */
  async nextAsync(): Promise<boolean> {
    await this.runMicrotasks();
    return this.next();
  }

  /** Moves from timer to timer as long as there are any. */
  runAll(): void {
    while (this.next());
  }

  /** As `runAll()`, with `runMicrotasks()` before each timer. */
  async runAllAsync(): Promise<void> {
    while (timers.size > 0) await this.nextAsync();
  }

  /** Gives the real clock back. Throws if that has been done. */
  restore(): void {
    if (!current) throw new TimeError("Cannot restore time: time is already restored");
    current = undefined;
    restoreGlobals();
    clearInterval(this.#advance);
  }

  [Symbol.dispose](): void {
    this.restore();
  }
}

function FakeDate(...args: unknown[]): unknown {
  if (!new.target) return new real.Date(fakeNow()).toString();
  return Reflect.construct(real.Date, args.length > 0 ? args : [fakeNow()]);
}
Object.setPrototypeOf(FakeDate, real.Date);
FakeDate.prototype = real.Date.prototype;
FakeDate.now = fakeNow;

function fakeNow(): number {
  return current ? present : real.Date.now();
}

function replaceGlobals(): void {
  globalThis.Date = FakeDate as unknown as DateConstructor;
  globalThis.setTimeout = startTimer.bind(null, "setTimeout") as unknown as typeof setTimeout;
  globalThis.setInterval = startTimer.bind(null, "setInterval") as unknown as typeof setInterval;
  globalThis.clearTimeout = stopTimer.bind(null, "timeout");
  globalThis.clearInterval = stopTimer.bind(null, "interval");
  AbortSignal.timeout = fakeAbortSignalTimeout;
}

function restoreGlobals(): void {
  globalThis.Date = real.Date;
  globalThis.setTimeout = real.setTimeout;
  globalThis.setInterval = real.setInterval;
  globalThis.clearTimeout = real.clearTimeout;
  globalThis.clearInterval = real.clearInterval;
  AbortSignal.timeout = real.abortSignalTimeout;
}

function startTimer(
  name: "setTimeout" | "setInterval",
  callback: unknown,
  delay = 0,
  ...args: unknown[]
): number {
  if (typeof callback !== "function") {
    throw new TimeError(`FakeTime does not support non-function callbacks to ${name}`);
  }
  const repeat = name === "setInterval";
  if (!current) {
    const what = repeat ? "interval" : "timeout";
    throw new TimeError(`Cannot set ${what}: time is not faked`);
  }
  const period = Math.max(repeat ? 1 : 0, Math.floor(delay) || 0);
  const run = callback as (...args: unknown[]) => void;
  return timers.add({ callback: run, args, due: present + period, period: repeat ? period : 0 });
}

function stopTimer(name: "timeout" | "interval", id?: unknown): void {
  if (!current) throw new TimeError(`Cannot clear ${name}: time is not faked`);
  if (typeof id === "number") timers.delete(id);
}

function fakeAbortSignalTimeout(ms: number): AbortSignal {
  const controller = new AbortController();
  startTimer("setTimeout", () => {
    controller.abort(new DOMException("Signal timed out.", "TimeoutError"));
  }, ms);
  return controller.signal;
}
