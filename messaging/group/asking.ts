import type {
  EventName,
  HeardOf,
  InputOf,
  ItemOf,
  MethodName,
  OutputOf,
  Specs,
  StreamName,
} from "../contract/contract.ts";
import type { MemberState, WorkerRef } from "./member.ts";

/**
 * Which worker is asked: the one with that name, the one with that number, or the one that a key falls
 * to. A key falls to the same worker as long as that is there, and few keys move when workers come and
 * go.
 */
export type Target =
  | { readonly worker: string }
  | { readonly index: number }
  | { readonly key: string };

/** How a worker is chosen. */
export interface ChoiceOptions {
  /**
   * Which worker.
   * @default the one that `balance` chooses
   */
  to?: Target;
  /**
   * Among all workers, the one with the fewest calls from here, or one after another.
   * @default "leastInFlight"
   */
  balance?: "leastInFlight" | "roundRobin";
}

/** Options of {@linkcode Asking.stream}. */
export interface StreamOptions extends ChoiceOptions {
  /**
   * Milliseconds until the stream fails with a `TimedOutError`, from its beginning to its end.
   * @default 30000 until a worker takes it, and then as long as it likes
   */
  timeout?: number;
  /** Ends it with the signal's reason, and stops the handler. */
  signal?: AbortSignal;
  /**
   * What to do while all workers have as much as they take: wait for room, within the timeout, or
   * reject with an `OverloadedError`.
   * @default "wait"
   */
  overload?: "wait" | "reject";
}

/** Options of {@linkcode Asking.ask}. */
export interface AskOptions extends Omit<StreamOptions, "timeout"> {
  /**
   * Milliseconds until a `TimedOutError`, waiting and attempts included; Infinity for none.
   * @default 30000
   */
  timeout?: number;
}

/** Options of {@linkcode Asking.askAll}: each worker's answer has its own time. */
export type AskAllOptions = Pick<AskOptions, "timeout" | "signal" | "overload">;

/** What one worker answered. */
export type WorkerAnswer<T> =
  | { readonly worker: WorkerRef; readonly ok: true; readonly output: T }
  | { readonly worker: WorkerRef; readonly ok: false; readonly error: unknown };

/** A worker and how it stands. */
export interface WorkerStatus {
  /** Which worker. */
  readonly worker: WorkerRef;
  /** How one stands with it. */
  readonly state: MemberState;
  /** Calls that it has from here. */
  readonly inFlight: number;
}

/** A worker stands differently than before. */
export interface WorkerChange {
  /** Which worker. */
  readonly worker: WorkerRef;
  /** How it stands now. */
  readonly state: MemberState;
  /** How it stood; undefined if it is new. */
  readonly before: MemberState | undefined;
}

/** Where an event comes from. */
export interface EventOrigin {
  /** Which worker tells it. */
  readonly worker: WorkerRef;
  /** Events of that worker right before this one that nobody has heard, as it could not keep more. */
  readonly lost: number;
}

/** What can be asked of workers with a contract; types follow from the contract. */
export interface Asking<S extends Specs> {
  /**
   * Asks a worker, and resolves with its answer. It is tried again, within the timeout, if it certainly
   * did not run, and up to three times if its worker was lost and the method is `idempotent`.
   *
   * @throws {TypeError} for a method that the contract does not name, and an input that is no JSON
   * @throws {MethodError} an error that the contract names, see `isMethodError`
   * @throws {HandlerError} the handler threw another one
   * @throws {TimedOutError} the time was over
   * @throws {OverloadedError} all have as much as they take, with `overload: "reject"`
   * @throws {NotRunError} the worker that was named is gone; it did not run
   * @throws {LostError} its worker is gone, and it may have run
   * @throws {CanceledError} its worker ended it
   * @throws {IncompatibleError} input or output do not fit the other side's contract
   * @throws the signal's reason
   */
  ask<M extends MethodName<S>>(
    method: M,
    input: InputOf<S, M>,
    options?: AskOptions,
  ): Promise<OutputOf<S, M>>;
  /**
   * Sends a worker a message that is not answered, and runs at most once; false if no worker is ready.
   *
   * @throws {TypeError} as `ask`
   */
  tell<M extends MethodName<S>>(
    method: M,
    input: InputOf<S, M>,
    options?: ChoiceOptions,
  ): boolean;
  /**
   * Asks a worker for a sequence. It begins when it is first read; the worker runs little ahead of the
   * reader, and is stopped when that leaves. Errors are those of `ask`; it is tried again only until its
   * first item has come.
   */
  stream<M extends StreamName<S>>(
    method: M,
    input: InputOf<S, M>,
    options?: StreamOptions,
  ): AsyncIterableIterator<ItemOf<S, M>>;
  /**
   * Tells all workers that are ready; resolves with how many there were.
   *
   * @throws {TypeError} as `ask`
   */
  broadcast<M extends MethodName<S>>(method: M, input: InputOf<S, M>): Promise<number>;
  /**
   * Asks each worker that is there, and resolves with what each has answered.
   *
   * @throws {TypeError} as `ask`
   */
  askAll<M extends MethodName<S>>(
    method: M,
    input: InputOf<S, M>,
    options?: AskAllOptions,
  ): Promise<WorkerAnswer<OutputOf<S, M>>[]>;
  /**
   * Hears an event of all workers, at least once; those of one worker in order, one after another. A
   * worker keeps up to 1,000 until they are heard: a promise that the handler returns is awaited. Events
   * that have no handler when they come are passed over once there is a handler of any. Returns what
   * removes it.
   */
  on<E extends EventName<S>>(
    event: E,
    handler: (data: HeardOf<S, E>, origin: EventOrigin) => unknown,
  ): () => void;
  /** The workers, and how they stand. */
  readonly workers: readonly WorkerStatus[];
  /** Hears how workers come, stand and go. Returns what removes it. */
  onWorkers(handler: (change: WorkerChange) => unknown): () => void;
}
