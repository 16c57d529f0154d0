import type { RequestOptions, RestClient } from "@cloudydeno/kubernetes-client";
import { ErrorReporter } from "../../runtime/mod.ts";
import { Background } from "../background.ts";
import type { Clock } from "../clock.ts";
import { endContext, type PrimitiveContext, primitiveContext } from "../context.ts";
import { resolveTiming, type TimingOptions } from "../timing.ts";
import { failure, type ObjectJson, type ObjectServer, type ServedCall } from "./object_server.ts";

/** When a client gives up a request that nobody answers, as `Transport` does, in milliseconds. */
const GIVE_UP_MS = 30_000;

/** Options of {@linkcode SimulatedProcess}. */
export interface SimulatedProcessOptions {
  name: string;
  server: ObjectServer;
  /** Milliseconds that a message is on its way. @default 1 */
  latency?: () => number;
  /** How fast its monotonic clock runs. @default 1 */
  rate?: number;
  /** Jitter, and in which order what waited for a resumed process happens. @default 0.5, as it came */
  random?: () => number;
  /** @default a `leaseDuration` of 8 s, and what follows from that */
  timing?: TimingOptions;
}

/**
 * A process under FakeTime, with a clock of its own and a way to the server. It can be paused, as by SIGSTOP:
 * timers and answers then wait for its resumption, but what it has sent arrives; and killed. What was
 * sent is served also if its caller gives up meanwhile, as it is on a network.
 */
export class SimulatedProcess {
  readonly name: string;
  /** What primitives are made with. */
  readonly context: PrimitiveContext;
  readonly errors: Error[] = [];
  /** Added to what the calendar says. */
  dateOffset = 0;
  readonly #options: SimulatedProcessOptions;
  readonly #stop = new AbortController();
  readonly #start = Date.now();
  /** Each cuts a watch. */
  readonly #cuts = new Set<() => void>();
  #paused: (() => void)[] | undefined;
  #killed = false;

  constructor(options: SimulatedProcessOptions) {
    this.name = options.name;
    this.#options = options;
    const errors = new ErrorReporter(options.name);
    errors.add((error) => this.errors.push(error));
    const context = {
      client: { performRequest: (request) => this.#perform(request) } as RestClient,
      namespace: "ns",
      clock: this.clock,
      random: options.random ?? (() => 0.5),
      errors,
      background: new Background(errors),
      timing: resolveTiming({ leaseDuration: 8_000, ...options.timing }, { purpose: "test" }),
      identity: options.name,
      signal: this.#stop.signal,
    };
    this.context = primitiveContext(context);
  }

  /** Whether it runs. */
  get running(): boolean {
    return this.#paused === undefined && !this.#killed;
  }

  /** Whether it was killed. */
  get killed(): boolean {
    return this.#killed;
  }

  readonly clock: Clock = {
    now: () => (Date.now() - this.#start) * this.#rate,
    date: () => new Date(Date.now() + this.dateOffset),
    timer: (ms, callback) => {
      let cancelled = false;
      const id = setTimeout(
        () => this.#whenRunning(() => cancelled || callback()),
        Math.max(0, Math.ceil(ms / this.#rate)),
      );
      return () => {
        cancelled = true;
        clearTimeout(id);
      };
    },
  };

  /** Stops it in its tracks. */
  pause(): void {
    this.#paused ??= [];
  }

  /** Lets it run; what waited happens now. */
  resume(): void {
    const waiting = this.#paused ?? [];
    this.#paused = undefined;
    const { random } = this.#options;
    if (random) waiting.sort(() => random() - 0.5);
    for (const happen of waiting) this.#whenRunning(happen);
  }

  /** Cuts its watches, of which it hears when it runs. */
  cut(): void {
    const cuts = [...this.#cuts];
    this.#cuts.clear();
    for (const cut of cuts) this.#whenRunning(cut);
  }

  /** Ends it; nothing of it happens any more. */
  kill(): void {
    this.#killed = true;
    this.#paused = undefined;
  }

  /** Ends it in order, as `Primitives.close()`. */
  async close(): Promise<void> {
    if (this.#killed) return;
    this.resume();
    await endContext(this.context, this.#stop);
  }

  get #rate(): number {
    return this.#options.rate ?? 1;
  }

  #whenRunning(happen: () => void): void {
    if (this.#killed) return;
    if (this.#paused) this.#paused.push(happen);
    else happen();
  }

  async #perform(request: RequestOptions): Promise<unknown> {
    const { server } = this.#options;
    const { abortSignal: signal } = request;
    signal?.throwIfAborted();
    const call = toCall(this.name, request);
    await this.#until(Promise.resolve(), signal); // a process that does not run sends nothing
    await later(this.#latency());
    const fault = server.fault(call);
    if (fault === "lose request") return await this.#unanswered(signal);
    if (typeof fault === "object") await later(fault.delay);
    const answer = attempt(() => {
      if (typeof fault === "number") throw failure(fault);
      if (call.watch) return () => this.#watch(call, signal!);
      const json = server.serve(call);
      return () => call.query ? encode(json) : json;
    });
    if (fault === "lose answer") return await this.#unanswered(signal);
    await this.#until(later(this.#latency()), signal);
    return answer()();
  }

  /** Resolves when that has happened and the process runs; rejects with the signal's reason. */
  async #until(happened: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    void happened.then(() => this.#whenRunning(resolve));
    const abort = () => reject(signal!.reason);
    if (signal?.aborted) abort();
    signal?.addEventListener("abort", abort, { once: true });
    await promise.finally(() => signal?.removeEventListener("abort", abort));
  }

  async #unanswered(signal: AbortSignal | undefined): Promise<never> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, GIVE_UP_MS);
    await this.#until(promise, signal).finally(() => clearTimeout(timer));
    throw new Error("No answer came");
  }

  #watch(call: ServedCall, signal: AbortSignal): ReadableStream<Uint8Array> {
    const { server } = this.#options;
    let end = () => {};
    let last = 0;
    return new ReadableStream({
      start: (controller) => {
        let isOpen = true;
        const leave = server.watch(call, (type, object) => {
          // a stream keeps the order
          last = Math.max(last, Date.now() + this.#latency());
          setTimeout(
            () => this.#whenRunning(() => isOpen && controller.enqueue(encode({ type, object }))),
            last - Date.now(),
          );
        });
        const fail = (reason: unknown) => {
          if (!isOpen) return;
          end();
          controller.error(reason);
        };
        const cut = () => fail(new Error("The connection was cut"));
        const abort = () => fail(signal.reason);
        end = () => {
          isOpen = false;
          leave();
          this.#cuts.delete(cut);
          signal.removeEventListener("abort", abort);
        };
        this.#cuts.add(cut);
        signal.addEventListener("abort", abort);
      },
      cancel: () => end(),
    });
  }

  #latency(): number {
    return this.#options.latency?.() ?? 1;
  }
}

function toCall(client: string, request: RequestOptions): ServedCall {
  const { method, path, querystring: query } = request;
  const [resource, name] = path!.split("/namespaces/ns/")[1]!.split("/");
  const body = request.bodyJson && JSON.parse(JSON.stringify(request.bodyJson)) as ObjectJson;
  const watch = query?.has("watch") ?? false;
  return { client, method, resource: resource!, name, watch, body: body || undefined, query };
}

function later(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function attempt<T>(work: () => T): () => T {
  try {
    const value = work();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

function encode(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value)}\n`);
}
