import type { RequestOptions, RestClient } from "@cloudydeno/kubernetes-client";
import type { Clock } from "../clock.ts";
import { Primitives, type PrimitivesOptions } from "../mod.ts";
import { failure, type MemoryApi, type MemoryCall, type MemoryEvent } from "./memory_api.ts";

/** When a client gives up a request that nobody answers, in milliseconds. */
const GIVE_UP_MS = 10_000;

/** Options of a {@linkcode MemoryProcess}. */
export interface MemoryProcessOptions {
  readonly name: string;
  readonly api: MemoryApi;
  /** Milliseconds that a message is on its way. @default 1 */
  readonly latency?: () => number;
  /** How fast its monotonic clock runs. @default 1 */
  readonly rate?: number;
  /** Uniform in [0, 1). @default 0.5 */
  readonly random?: () => number;
  readonly primitives?: PrimitivesOptions;
}

/**
 * A process with primitives under FakeTime: with a clock of its own, and a way to the server that takes time and
 * can be paused, as SIGSTOP does. Timers, answers and what watches tell then wait for its resumption. One
 * that was killed is not resumed before the test is over.
 */
export class MemoryProcess implements AsyncDisposable {
  readonly name: string;
  /** What the primitives reported. */
  readonly errors: Error[] = [];
  readonly #options: MemoryProcessOptions;
  readonly #start = Date.now();
  readonly #streams = new Set<() => void>();
  #primitives: Primitives | undefined;
  #paused: (() => void)[] | undefined;

  private constructor(options: MemoryProcessOptions) {
    this.name = options.name;
    this.#options = options;
  }

  /** Makes one; nothing is sent yet. */
  static async start(options: MemoryProcessOptions): Promise<MemoryProcess> {
    const process = new MemoryProcess(options);
    process.#primitives = await Primitives.create({
      client: process.#client(),
      identity: options.name,
      clock: process.clock,
      random: options.random ?? (() => 0.5),
      ...options.primitives,
    });
    process.primitives.onError((error) => process.errors.push(error));
    return process;
  }

  get primitives(): Primitives {
    return this.#primitives!;
  }

  /** Whether it runs. */
  get running(): boolean {
    return this.#paused === undefined;
  }

  readonly clock: Clock = {
    now: () => (Date.now() - this.#start) * this.#rate,
    date: () => new Date(),
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

  /** Lets it run; what waited happens now, in the order in which it came. */
  resume(): void {
    const waiting = this.#paused ?? [];
    this.#paused = undefined;
    for (const happen of waiting) happen();
  }

  /** Cuts its watches. */
  cut(): void {
    for (const cut of [...this.#streams]) cut();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.resume();
    await this.primitives.close();
  }

  get #rate(): number {
    return this.#options.rate ?? 1;
  }

  get #latency(): number {
    return this.#options.latency?.() ?? 1;
  }

  #whenRunning(happen: () => void): void {
    if (this.#paused) this.#paused.push(happen);
    else happen();
  }

  #client(): RestClient {
    return { performRequest: (request: RequestOptions) => this.#perform(request) } as RestClient;
  }

  async #perform(request: RequestOptions): Promise<unknown> {
    const { api } = this.#options;
    const { querystring, abortSignal: signal } = request;
    const call = this.#callOf(request);
    await this.#travel(signal);
    const fault = api.fault(call);
    if (fault === "lose request") await unanswered(signal);
    if (typeof fault === "number") {
      api.calls.push({ ...call, code: fault });
      await this.#travel(signal);
      throw failure(fault);
    }
    if (typeof fault === "object") {
      setTimeout(() => attempt(() => api.serve(call)), fault.late);
      await unanswered(signal);
    }
    if (querystring) {
      api.calls.push({ ...call, code: 200 });
      if (call.watch) {
        await this.#travel(signal);
        return this.#watch(call.plural, querystring, signal!);
      }
      const list = encode({
        metadata: { resourceVersion: String(api.version) },
        items: api.list(call.plural, nameIn(querystring)),
      });
      await this.#travel(signal);
      return list;
    }
    const answer = attempt(() => api.serve(call));
    await this.#travel(signal);
    if (fault === "lose answer") await unanswered(signal);
    return answer();
  }

  #callOf({ method, path, querystring, bodyJson }: RequestOptions): MemoryCall {
    const { plural, name } = /\/(?<plural>configmaps|leases)(\/(?<name>[^/]+))?$/.exec(path)!
      .groups as { plural: string; name?: string };
    const body = bodyJson && JSON.parse(JSON.stringify(bodyJson));
    return {
      client: this.name,
      method,
      plural,
      name: name ?? nameIn(querystring),
      watch: querystring?.has("watch") ?? false,
      body: body || undefined,
    };
  }

  #watch(
    plural: string,
    querystring: URLSearchParams,
    signal: AbortSignal,
  ): ReadableStream<Uint8Array> {
    const { api } = this.#options;
    const from = Number(querystring.get("resourceVersion"));
    const name = nameIn(querystring);
    let stop = () => {};
    return new ReadableStream({
      start: (controller) => {
        let isOpen = true;
        let last = 0; // what was sent before comes before
        const send = (event: MemoryEvent) => {
          const { type, object, version } = event;
          if (event.plural !== plural || version <= from) return;
          if (name !== undefined && object.metadata!.name !== name) return;
          last = Math.max(last, Date.now() + this.#latency);
          setTimeout(
            () => this.#whenRunning(() => isOpen && controller.enqueue(encode({ type, object }))),
            last - Date.now(),
          );
        };
        const end = (reason: unknown) => {
          if (!isOpen) return;
          stop();
          controller.error(reason);
        };
        const cut = () => this.#whenRunning(() => end(new Error("the connection was cut")));
        const onAbort = () => end(signal.reason);
        stop = () => {
          isOpen = false;
          api.watchers.delete(send);
          this.#streams.delete(cut);
          signal.removeEventListener("abort", onAbort);
        };
        api.watchers.add(send);
        this.#streams.add(cut);
        signal.addEventListener("abort", onAbort);
        api.events.forEach(send);
      },
      cancel: () => stop(),
    });
  }

  /** A message is on its way; it is taken notice of when the process runs. */
  async #travel(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => this.#whenRunning(resolve), this.#latency);
    const abort = () => reject(signal!.reason);
    signal?.addEventListener("abort", abort, { once: true });
    await promise.finally(() => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    });
  }
}

/** The name that a list or watch is of. */
function nameIn(querystring: URLSearchParams | undefined): string | undefined {
  return querystring?.get("fieldSelector")?.replace("metadata.name=", "");
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

/** Rejects when the signal aborts, or when a client gives up. */
async function unanswered(signal?: AbortSignal): Promise<never> {
  signal?.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal!.reason);
  const timer = setTimeout(() => reject(new Error("no answer came")), GIVE_UP_MS);
  signal?.addEventListener("abort", abort, { once: true });
  return await promise.finally(() => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  });
}

function encode(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value)}\n`);
}
