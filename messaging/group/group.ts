/**
 * Many workers with one contract as one.
 *
 * A call is placed at a worker that is ready and has room, or waits for one in the order in which calls
 * came; what the worker rejects it with says whether it is given to another one. Members are added by
 * who knows of workers; they leave when they are gone.
 */
import { ErrorReporter } from "../../runtime/mod.ts";
import type {
  Contract,
  EventName,
  HeardOf,
  InputOf,
  ItemOf,
  MethodName,
  OutputOf,
  Specs,
  StreamName,
} from "../contract/contract.ts";
import type { CallOptions } from "../session/channel.ts";
import type {
  AskAllOptions,
  Asking,
  AskOptions,
  ChoiceOptions,
  EventOrigin,
  StreamOptions,
  WorkerAnswer,
  WorkerChange,
  WorkerStatus,
} from "./asking.ts";
import { checkAskOptions } from "./ask_options.ts";
import { type Attempted, Attempts } from "./attempts.ts";
import { type CallLoad, CallMeter } from "./call_meter.ts";
import { Chooser, isReady } from "./choice.ts";
import { GroupEvents } from "./group_events.ts";
import type { Member } from "./member.ts";
import { Members } from "./members.ts";
import { Placement } from "./placement.ts";
import { Typed } from "./typed.ts";

/** Milliseconds that an ask may take, and that a stream may wait for a worker. */
const TIMEOUT_MS = 30_000;

/** Options of {@linkcode Group}. */
export interface GroupOptions {
  /**
   * Gets what handlers of events and of workers throw or reject with.
   * @default it is printed
   */
  onError?: (error: unknown) => void;
  /**
   * Numbers from 0 to below 1, for the choice among equals.
   * @default `Math.random`
   */
  random?: () => number;
  /**
   * Milliseconds, never going back.
   * @default `performance.now()`
   */
  now?: () => number;
}

/** See the file's text. */
export class Group<S extends Specs> implements Asking<S> {
  readonly #typed: Typed;
  readonly #members: Members;
  readonly #placement: Placement;
  readonly #attempts: Attempts;
  readonly #events: GroupEvents;
  readonly #chooser: Chooser;
  readonly #calls = new CallMeter();
  readonly #hearers = new Set<(change: WorkerChange) => unknown>();
  readonly #capacityHearers = new Set<() => void>();
  readonly #onError: (error: unknown) => void;

  /** A group without workers. */
  constructor(contract: Contract<S>, options: GroupOptions = {}) {
    const { random = Math.random, now = () => performance.now() } = options;
    const reporter = new ErrorReporter(`workers of ${contract.name}`);
    this.#onError = options.onError ?? ((e) => reporter.report(e));
    this.#typed = new Typed(contract);
    this.#events = new GroupEvents(this.#typed, this.#onError);
    const members = new Members({
      came: (member) => this.#events.came(member),
      stands: (change) => void this.#tellStanding(change),
      changed: (who) => this.#changed(who),
    });
    const placement = new Placement(contract.name, members, random);
    this.#members = members;
    this.#placement = placement;
    this.#chooser = new Chooser(random);
    this.#attempts = new Attempts({ members, placement, random, now });
  }

  /** Adds a worker; it leaves by itself when it is gone. */
  add(member: Member): void {
    this.#members.add(member);
  }

  /** Takes a worker out: it gets nothing more from here. */
  remove(member: Member): void {
    this.#members.remove(member);
  }

  /** Takes calls again after `close`. */
  open(): void {
    this.#placement.open();
  }

  /** Rejects what waits and what comes with the reason, and leaves all workers: their calls go on. */
  close(reason: Error): void {
    this.#placement.close(reason);
    for (const member of this.#members.list) this.#members.remove(member);
  }

  get workers(): readonly WorkerStatus[] {
    return this.#members.statuses;
  }

  async ask<M extends MethodName<S>>(
    method: M,
    input: InputOf<S, M>,
    options: AskOptions = {},
  ): Promise<OutputOf<S, M>> {
    const json = this.#typed.input("method", method, input);
    const { timeout = TIMEOUT_MS } = options;
    const attempted = this.#attempted(method, { ...options, timeout });
    const count = this.#calls.begin();
    try {
      return await this.#attempts.run({
        ...attempted,
        count,
        idempotent: this.#typed.isIdempotent(method),
        give: async (member, call) => {
          const answer = member.call(method, json, call); // counts at once
          return this.#typed.output(method, await this.#parsed(answer, member), member.worker);
        },
      }) as OutputOf<S, M>;
    } finally {
      count.ends();
    }
  }

  tell<M extends MethodName<S>>(
    method: M,
    input: InputOf<S, M>,
    options: ChoiceOptions = {},
  ): boolean {
    const json = this.#typed.input("method", method, input);
    checkAskOptions(options, method);
    const { to, balance } = options;
    const members = this.#members.list;
    const member = to === undefined
      ? this.#chooser.choose(members, { method, room: "none", balance })
      : this.#members.find(to);
    return member !== undefined && isReady(member, method) && member.tell(method, json);
  }

  async *stream<M extends StreamName<S>>(
    method: M,
    input: InputOf<S, M>,
    options: StreamOptions = {},
  ): AsyncGenerator<ItemOf<S, M>, void, undefined> {
    const json = this.#typed.input("stream", method, input);
    const attempted = this.#attempted(method, options);
    const count = this.#calls.begin();
    try {
      const { items, first, member } = await this.#attempts.run({
        ...attempted,
        count,
        idempotent: false,
        give: async (member, call) => {
          const items = member.stream(method, json, call);
          const first = items.next(); // begins it, so that it counts at once
          return { items, member, first: await this.#parsed(first, member) };
        },
      });
      try {
        for (let next = first; !next.done; next = await this.#parsed(items.next(), member)) {
          yield this.#typed.item(method, next.value, member.worker) as ItemOf<S, M>;
        }
      } finally {
        await items.return?.();
      }
    } finally {
      count.ends();
    }
  }

  // deno-lint-ignore require-await -- so that what it throws is a rejection
  async broadcast<M extends MethodName<S>>(method: M, input: InputOf<S, M>): Promise<number> {
    const json = this.#typed.input("method", method, input);
    let told = 0;
    for (const member of this.#members.list) {
      if (isReady(member, method) && member.tell(method, json)) told++;
    }
    return told;
  }

  async askAll<M extends MethodName<S>>(
    method: M,
    input: InputOf<S, M>,
    options: AskAllOptions = {},
  ): Promise<WorkerAnswer<OutputOf<S, M>>[]> {
    this.#typed.input("method", method, input);
    return await Promise.all(this.#members.keyed.map(async ({ worker }) => {
      try {
        const to = { worker: worker.name };
        return {
          worker,
          ok: true as const,
          output: await this.ask(method, input, { ...options, to }),
        };
      } catch (error) {
        return { worker, ok: false as const, error };
      }
    }));
  }

  on<E extends EventName<S>>(
    event: E,
    handler: (data: HeardOf<S, E>, origin: EventOrigin) => unknown,
  ): () => void {
    this.#typed.spec("event", event, `Cannot hear "${event}"`);
    if (typeof handler !== "function") {
      throw new TypeError(`Cannot hear "${event}": "handler" is no function`);
    }
    return this.#events.on(event, (data, origin) => handler(data as HeardOf<S, E>, origin));
  }

  onWorkers(handler: (change: WorkerChange) => unknown): () => void {
    const entry = (change: WorkerChange) => handler(change);
    this.#hearers.add(entry);
    return () => void this.#hearers.delete(entry);
  }

  /** For `work/`, see `Pool` there. */
  require(method: string, purpose: string): void {
    this.#typed.spec("method", method, purpose);
  }

  /** For `work/`, see `Pool` there. */
  place<T>(
    method: string,
    begin: (member: Member) => T,
    options: { readonly avoid?: ReadonlySet<string>; readonly signal?: AbortSignal } = {},
  ): Promise<Awaited<T>> {
    return this.#placement.place({
      method,
      begin,
      ...options,
      room: "run",
      overload: "wait",
      patience: Infinity,
    });
  }

  /** For `work/`, see `Pool` there. */
  call(member: Member, method: string, input: unknown, options: CallOptions): Promise<unknown> {
    let answer: Promise<unknown>;
    try {
      answer = member.call(method, this.#typed.fittingInput(method, input), options);
    } catch (e) {
      return Promise.reject(e);
    }
    return this.#parsed(answer, member).then((output) =>
      this.#typed.output(method, output, member.worker)
    );
  }

  /** Why it is closed; undefined while it is open. */
  get closed(): Error | undefined {
    return this.#placement.closed;
  }

  /** For `work/`, see `Pool` there. */
  capacity(method: string): { workers: number; concurrency: number; free: number } {
    const sum = { workers: 0, concurrency: 0, free: 0 };
    for (const member of this.#members.list) {
      if (!isReady(member, method)) continue;
      const { concurrency = 0 } = member.limits ?? {};
      sum.workers++;
      sum.concurrency += concurrency;
      if (member.hasRoom) sum.free += Math.max(0, concurrency - member.inFlight);
    }
    return sum;
  }

  /** For `work/`, see `Pool` there. */
  onChange(hear: () => void): () => void {
    const entry = () => hear();
    this.#capacityHearers.add(entry);
    return () => void this.#capacityHearers.delete(entry);
  }

  /** For `work/`, see `Pool` there. */
  get calls(): CallLoad {
    return this.#calls.load;
  }

  /** For `work/`, see `Pool` there. */
  onCalls(hear: () => void): () => void {
    return this.#calls.onChange(hear);
  }

  /** What asks and streams have in common. */
  #attempted(
    method: string,
    options: StreamOptions,
  ): Omit<Attempted<unknown>, "count" | "give" | "idempotent"> {
    checkAskOptions(options, method);
    const { timeout, to, balance, overload = "wait", signal } = options;
    const times = { timeout: timeout ?? Infinity, patience: timeout ?? TIMEOUT_MS };
    return { method, to, balance, overload, signal, ...times };
  }

  /** What a worker's promise resolves with; errors of the method are parsed. */
  async #parsed<T>(answer: Promise<T>, { worker }: Member): Promise<T> {
    try {
      return await answer;
    } catch (e) {
      throw this.#typed.error(e, worker);
    }
  }

  #changed(who: boolean): void {
    this.#placement.changed(who);
    for (const hear of this.#capacityHearers) hear();
  }

  async #tellStanding(change: WorkerChange): Promise<void> {
    await Promise.all([...this.#hearers].map(async (hear) => {
      try {
        await hear(change);
      } catch (e) {
        this.#onError(e);
      }
    }));
  }
}
