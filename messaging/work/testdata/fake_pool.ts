import { type CallLoad, CallMeter } from "../../group/call_meter.ts";
import type { Member, MemberState, WorkerRef } from "../../group/member.ts";
import type { CallOptions, Limits } from "../../session/channel.ts";
import type { Json } from "../../wire/frame.ts";
import type { Capacity, PlaceOptions, Pool } from "../pool.ts";

/** What a worker of a fake pool does with a call. */
export type Handle = (
  input: unknown,
  call: { worker: FakeMember; signal: AbortSignal; attempt: number },
) => unknown;

/** A worker in memory. */
export class FakeMember implements Member {
  readonly worker: WorkerRef;
  readonly limits: Limits;
  inFlight = 0;
  /** How often it was called. */
  calls = 0;
  readonly #handle: Handle;
  readonly #hearers = new Set<() => void>();
  readonly #pending = new Set<(error: Error) => void>();
  #state: MemberState = "ready";

  constructor(name: string, handle: Handle, concurrency: number) {
    this.worker = { name, uid: `uid-${name}` };
    this.limits = { concurrency, queue: 64, frameBytes: 1 << 20 };
    this.#handle = handle;
  }

  get state(): MemberState {
    return this.#state;
  }

  set state(state: MemberState) {
    this.#state = state;
    this.#changed();
  }

  get hasRoom(): boolean {
    return this.#state === "ready" && this.inFlight < this.limits.concurrency;
  }

  can(): boolean {
    return true;
  }

  /** Who hears changes, to find what is left behind. */
  get hearers(): number {
    return this.#hearers.size;
  }

  /** Ends all its calls with an error, each with one of its own. */
  failAll(error: () => Error): void {
    for (const fail of [...this.#pending]) fail(error());
  }

  /** It is lost with all its calls. */
  lose(error: () => Error): void {
    this.#state = "gone";
    this.failAll(error);
    this.#changed();
  }

  call(_: string, input: Json | undefined, options: CallOptions): Promise<Json | undefined> {
    this.inFlight++;
    this.calls++;
    const { promise, resolve, reject } = Promise.withResolvers<Json | undefined>();
    const stop = new AbortController();
    const onAbort = (): void => fail(options.signal!.reason);
    const over = (): boolean => {
      if (!this.#pending.delete(fail)) return true;
      options.signal?.removeEventListener("abort", onAbort);
      this.inFlight--;
      this.#changed();
      return false;
    };
    const fail = (error: unknown): void => {
      if (over()) return;
      stop.abort(error);
      reject(error);
    };
    this.#pending.add(fail);
    options.signal?.addEventListener("abort", onAbort, { once: true });
    const call = { worker: this, signal: stop.signal, attempt: options.attempt ?? 0 };
    Promise.resolve().then(() => this.#handle(input, call)).then(
      (output) => over() || resolve(output as Json),
      fail,
    );
    return promise;
  }

  tell(): boolean {
    return false;
  }

  stream(): never {
    throw new Error("There are no streams here");
  }

  onEvent(): () => void {
    return () => {};
  }

  onChange(hear: () => void): () => void {
    this.#hearers.add(hear);
    return () => void this.#hearers.delete(hear);
  }

  #changed(): void {
    for (const hear of [...this.#hearers]) hear();
  }
}

interface Waiting {
  readonly begin: (member: Member) => void;
  readonly avoid: ReadonlySet<string> | undefined;
}

/** Workers in memory, and a line of those who wait for them. */
export class FakePool implements Pool {
  readonly members = new Set<FakeMember>();
  readonly #line = new Map<symbol, Waiting>();
  readonly #refusals = new Map<symbol, (reason: unknown) => void>();
  readonly #hearers = new Set<() => void>();
  readonly meter = new CallMeter();
  #closed: Error | undefined;
  #serving = false;

  constructor(handle?: Handle, options: { workers?: number; concurrency?: number } = {}) {
    const { workers = 1, concurrency = 4 } = options;
    for (let n = 0; handle && n < workers; n++) this.add(`w${n}`, handle, concurrency);
  }

  /** Who hears changes, to find what is left behind. */
  get hearers(): number {
    return this.#hearers.size;
  }

  /** How many wait in line. */
  get waiting(): number {
    return this.#line.size;
  }

  /** Its workers have every method. */
  require(): void {}

  add(name: string, handle: Handle, concurrency = 4): FakeMember {
    const member = new FakeMember(name, handle, concurrency);
    this.members.add(member);
    member.onChange(() => {
      if (member.state === "gone") this.members.delete(member);
      this.#serve();
    });
    this.#serve();
    return member;
  }

  get closed(): Error | undefined {
    return this.#closed;
  }

  close(error: Error): void {
    this.#closed = error;
    for (const refuse of [...this.#refusals.values()]) refuse(error);
  }

  async place<T>(
    _: string,
    begin: (member: Member) => T,
    { avoid, signal }: PlaceOptions = {},
  ): Promise<T> {
    signal?.throwIfAborted();
    if (this.#closed) throw this.#closed;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const key = Symbol();
    const onAbort = (): void => reject(signal!.reason);
    this.#line.set(key, { begin: (member) => resolve(begin(member)), avoid });
    this.#refusals.set(key, reject);
    signal?.addEventListener("abort", onAbort, { once: true });
    this.#serve();
    try {
      return await promise;
    } finally {
      this.#line.delete(key);
      this.#refusals.delete(key);
      signal?.removeEventListener("abort", onAbort);
    }
  }

  call(member: Member, method: string, input: unknown, options: CallOptions): Promise<unknown> {
    if (input === "does not fit") {
      return Promise.reject(new TypeError("Cannot ask: it does not fit"));
    }
    return member.call(method, input as Json, options);
  }

  capacity(): Capacity {
    let [workers, concurrency, free] = [0, 0, 0];
    for (const { state, limits, inFlight } of this.members) {
      if (state !== "ready") continue;
      workers++;
      concurrency += limits.concurrency;
      free += Math.max(0, limits.concurrency - inFlight);
    }
    return { workers, concurrency, free };
  }

  onChange(hear: () => void): () => void {
    const own = (): void => hear();
    this.#hearers.add(own);
    return () => void this.#hearers.delete(own);
  }

  get calls(): CallLoad {
    return this.meter.load;
  }

  onCalls(hear: () => void): () => void {
    return this.meter.onChange(hear);
  }

  #serve(): void {
    if (this.#serving) return;
    this.#serving = true;
    for (const [key, { begin, avoid }] of this.#line) {
      const member = this.#choose(avoid);
      if (member === undefined) break;
      this.#line.delete(key);
      begin(member);
    }
    this.#serving = false;
    for (const hear of [...this.#hearers]) hear();
  }

  #choose(avoid: ReadonlySet<string> | undefined): FakeMember | undefined {
    let chosen: FakeMember | undefined;
    let last: FakeMember | undefined;
    for (const member of this.members) {
      if (!member.hasRoom) continue;
      if (avoid?.has(member.worker.uid)) last = member;
      else if (chosen === undefined || member.inFlight < chosen.inFlight) chosen = member;
    }
    return chosen ?? last;
  }
}
