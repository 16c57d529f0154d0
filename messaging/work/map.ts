/**
 * Many inputs, each a task, as a sequence of results.
 *
 * Nothing begins until the first result is asked for. Then an input is pulled whenever a worker has
 * room for it and the reader keeps up, one at a time; an input that waits for room keeps others from
 * being pulled, and one is pulled when nothing else is under way, so that a source without inputs
 * ends, and what comes to need the first worker is known. Tasks run side by side, each as `task.ts`
 * says; none waits for another one, but for its place in the window.
 *
 * The window bounds what is held here: inputs that were pulled and whose results were not taken. In
 * order, it is also how far a slow task can be left behind.
 *
 * It ends when all is done; when the reader leaves, the signal aborts or the source fails: then what
 * runs is canceled, and the source is told. What had come before the source failed is still handed on.
 *
 * @module
 */
import { quote } from "../../runtime/mod.ts";
import type { TaskContext } from "./task.ts";
import { type Outcome, Task } from "./task.ts";
import { type MapOptions, type MapSettings, mapSettings } from "./map_options.ts";
import type { TaskResult } from "./task_result.ts";
import { checkInputs, type Inputs, TaskSource } from "./task_source.ts";

/** The smallest window that is chosen: some results may come while the reader is at another thing. */
const MIN_WINDOW = 256;

/** Someone who asked for the next result. */
interface Reader<R> {
  resolve(result: IteratorResult<R>): void;
  reject(reason: unknown): void;
}

/** What `map` returns; see the module's text. */
export class TaskMap<I, O> implements AsyncIterableIterator<TaskResult<O>> {
  readonly #context: TaskContext;
  readonly #method: string;
  readonly #settings: MapSettings;
  readonly #source: TaskSource<I>;
  /** Tasks without a result. */
  readonly #open = new Set<Task>();
  /** Results that nobody has taken, by the order in which they are handed on. */
  readonly #results = new Map<number, TaskResult<O>>();
  readonly #readers: Reader<TaskResult<O>>[] = [];
  /** Tasks that wait for their first worker. */
  #unplaced = 0;
  /** The number of the next input. */
  #pulled = 0;
  /** The number of the next result to come, and of the next one to be handed on. */
  #came = 0;
  #taken = 0;
  #state: "idle" | "running" | "failed" | "over" = "idle";
  #failure: { readonly reason: unknown } | undefined;
  #pumping = false;
  #unwatch: (() => void) | undefined;
  readonly #onAbort = (): void => void this.#abort(this.#settings.signal!.reason);

  /** @throws {TypeError} naming each bad option */
  constructor(context: TaskContext, method: string, inputs: Inputs<I>, options: MapOptions) {
    this.#settings = mapSettings(options, method);
    context.pool.require(method, `Cannot map ${quote(method)}`);
    checkInputs(inputs, `Cannot map ${quote(method)}`);
    this.#context = context;
    this.#method = method;
    this.#source = new TaskSource(inputs, {
      next: (input) => {
        this.#begin(input);
        this.#pump();
      },
      end: () => this.#pump(),
      fail: (error) => this.#fail(error),
    });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The next result; several may be asked for at once. */
  next(): Promise<IteratorResult<TaskResult<O>>> {
    if (this.#state === "idle") this.#start();
    const { promise, resolve, reject } = Promise.withResolvers<IteratorResult<TaskResult<O>>>();
    this.#readers.push({ resolve, reject });
    this.#pump();
    return promise;
  }

  /** Ends it; resolves when the source has ended too. */
  async return(): Promise<IteratorResult<TaskResult<O>>> {
    const reason = new DOMException(`Cannot go on with "${this.#method}": nobody reads any more`);
    await this.#end(reason);
    return { done: true, value: undefined };
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #start(): void {
    this.#state = "running";
    const { signal } = this.#settings;
    this.#unwatch = this.#context.pool.onChange(() => this.#pump());
    signal?.addEventListener("abort", this.#onAbort, { once: true });
    if (signal?.aborted) this.#onAbort();
  }

  /** Hands on what is there, and pulls what there is room for. */
  #pump(): void {
    if (this.#pumping || this.#state === "idle") return;
    this.#pumping = true;
    this.#handOn();
    while (this.#mayPull() && this.#hasRoom()) {
      this.#source.pull();
      this.#handOn();
    }
    this.#pumping = false;
    const { meter } = this.#context;
    const heldUp = this.#state === "running" && this.#pulled > 0 && this.#isWithinBounds() &&
      !this.#source.over && !this.#source.pulling && !this.#isFree();
    meter.holdUp(this, this.#method, heldUp);
  }

  #mayPull(): boolean {
    return this.#state === "running" && !this.#source.over && !this.#source.pulling &&
      this.#unplaced === 0 && this.#isWithinBounds();
  }

  #isWithinBounds(): boolean {
    const { concurrency, window } = this.#settings;
    if (this.#open.size >= concurrency) return false;
    const held = this.#pulled - this.#taken;
    return held < (window ?? MIN_WINDOW) || window === undefined && held < 2 * this.#capacity();
  }

  #capacity(): number {
    return this.#context.pool.capacity(this.#method).concurrency;
  }

  #hasRoom(): boolean {
    return this.#open.size === 0 || this.#isFree();
  }

  #isFree(): boolean {
    return this.#context.pool.capacity(this.#method).free > 0;
  }

  #begin(input: I): void {
    if (this.#state !== "running") return;
    const index = this.#pulled++;
    this.#unplaced++;
    let placed = false;
    const onPlaced = (): void => {
      if (placed) return;
      placed = true;
      this.#unplaced--;
      this.#pump();
    };
    const { task: options } = this.#settings;
    const task = new Task(this.#context, { method: this.#method, input, options, onPlaced });
    this.#open.add(task);
    task.run().then((outcome) => {
      this.#open.delete(task);
      this.#settle(index, task.attempts, outcome);
      onPlaced();
      this.#pump();
    });
  }

  #settle(index: number, attempts: number, outcome: Outcome): void {
    if (this.#state !== "running") return;
    // what was not canceled here has no workers any more
    if (outcome.kind === "stopped") return this.#fail(outcome.reason);
    const result: TaskResult<O> = outcome.kind === "done"
      ? { index, ok: true, output: outcome.output as O, worker: outcome.worker, attempts }
      : { index, ok: false, error: outcome.error, attempts };
    this.#results.set(this.#settings.ordered ? index : this.#came++, result);
  }

  #handOn(): void {
    while (this.#readers.length > 0) {
      const result = this.#results.get(this.#taken);
      if (result !== undefined) {
        this.#results.delete(this.#taken++);
        this.#readers.shift()!.resolve({ done: false, value: result });
      } else if (this.#failure !== undefined) {
        const { reason } = this.#failure;
        this.#failure = undefined;
        this.#state = "over";
        this.#readers.shift()!.reject(reason);
      } else if (this.#state === "over" || this.#isDone()) {
        if (this.#state !== "over") void this.#end(undefined);
        this.#readers.shift()?.resolve({ done: true, value: undefined });
      } else return;
    }
  }

  #isDone(): boolean {
    return this.#state === "running" && this.#source.over && this.#open.size === 0;
  }

  /** Nothing more is begun; what has come is handed on, and then the reason is thrown. */
  #fail(reason: unknown): void {
    if (this.#state !== "running") return;
    this.#failure = { reason };
    this.#state = "failed";
    void this.#release(reason);
    this.#pump();
  }

  /** Nothing is handed on any more. */
  #abort(reason: unknown): void {
    this.#results.clear();
    if (this.#state === "failed") this.#failure = { reason };
    else this.#fail(reason);
  }

  async #end(reason: unknown): Promise<void> {
    this.#state = "over";
    this.#failure = undefined;
    this.#results.clear();
    const released = this.#release(reason);
    this.#handOn();
    await released;
  }

  async #release(reason: unknown): Promise<void> {
    this.#unwatch?.();
    this.#unwatch = undefined;
    this.#settings.signal?.removeEventListener("abort", this.#onAbort);
    this.#context.meter.holdUp(this, this.#method, false);
    for (const task of this.#open) task.cancel(reason);
    await this.#source.close();
  }
}
