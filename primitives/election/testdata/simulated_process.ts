import type { RequestOptions, RestClient } from "@cloudydeno/kubernetes-client";
import type { Clock } from "../../clock.ts";
import { Election, type ElectionEvent } from "../election.ts";
import type { ElectionOptions } from "../election_options.ts";
import type { LeaseJson } from "../lease_record.ts";
import { failure, type LeaseServer, type ServedCall, type Watcher } from "./lease_server.ts";

/** Options of {@linkcode SimulatedProcess}. */
export interface SimulatedProcessOptions {
  name: string;
  server: LeaseServer;
  /** Milliseconds that a message is on its way. @default 1 */
  latency?: () => number;
  /** How fast its monotonic clock runs. @default 1 */
  rate?: number;
  /** In which order what waited for a resumed process happens. @default as it came */
  random?: () => number;
  election?: Partial<ElectionOptions>;
}

/**
 * A process with one candidate, under FakeTime: with a clock of its own, a way to the server that
 * takes time and can be paused, as SIGSTOP does: timers and answers then wait for its resumption.
 */
export class SimulatedProcess implements AsyncDisposable {
  readonly name: string;
  /** Its way to the server. */
  readonly client: RestClient;
  readonly election: Election;
  readonly events: ElectionEvent[] = [];
  readonly errors: Error[] = [];
  /** Added to what the calendar says. */
  dateOffset = 0;
  readonly #options: SimulatedProcessOptions;
  readonly #start = Date.now();
  #paused: (() => void)[] | undefined;

  constructor(options: SimulatedProcessOptions) {
    this.name = options.name;
    this.#options = options;
    this.client = this.#client();
    this.election = new Election(this.client, {
      namespace: "ns",
      name: "boss",
      identity: options.name,
      clock: this.clock,
      random: options.random ?? (() => 0.5),
      ...options.election,
    });
    this.election.onEvent((event) => this.events.push(event));
    this.election.onError((error) => this.errors.push(error));
  }

  /** Whether it runs. */
  get running(): boolean {
    return this.#paused === undefined;
  }

  /** What it told, shortly. */
  get told(): string[] {
    return this.events.map((event) =>
      event.type === "following" ? `following ${event.leader}` : `${event.type} ${event.term.token}`
    );
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
    for (const happen of waiting) happen();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.resume();
    await this.election.close();
  }

  get #rate(): number {
    return this.#options.rate ?? 1;
  }

  #whenRunning(happen: () => void): void {
    if (this.#paused) this.#paused.push(happen);
    else happen();
  }

  #client(): RestClient {
    const { server } = this.#options;
    const perform = async (request: RequestOptions): Promise<unknown> => {
      const { method, querystring, abortSignal } = request;
      const body = request.bodyJson && JSON.parse(JSON.stringify(request.bodyJson)) as LeaseJson;
      const watch = querystring?.has("watch") ?? false;
      const call: ServedCall = { client: this.name, method, watch, body: body || undefined };
      await this.#travel(abortSignal);
      const fault = server.fault(call);
      if (fault === "lose request") await never(abortSignal);
      if (typeof fault === "number") {
        await this.#travel(abortSignal);
        throw failure(fault);
      }
      if (watch) {
        await this.#travel(abortSignal);
        server.watched++;
        return this.#watch(Number(querystring!.get("resourceVersion")), abortSignal!);
      }
      const answer = attempt(() => querystring ? this.#list() : server.serve(call));
      await this.#travel(abortSignal);
      if (fault === "lose answer") await never(abortSignal);
      return answer();
    };
    return { performRequest: perform } as RestClient;
  }

  #list(): Uint8Array {
    const { server } = this.#options;
    server.listed++;
    const { version, lease } = server;
    const metadata = { resourceVersion: String(version) };
    return encode({ kind: "LeaseList", metadata, items: lease ? [lease] : [] });
  }

  #watch(from: number, signal: AbortSignal): ReadableStream<Uint8Array> {
    const { server } = this.#options;
    let leave = () => {};
    return new ReadableStream({
      start: (controller) => {
        let open = true;
        let last = 0; // what is sent later does not come earlier
        const later = (happen: () => void) => {
          last = Math.max(last, Date.now() + this.#latency());
          setTimeout(() =>
            this.#whenRunning(() => {
              if (open) happen();
            }), last - Date.now());
        };
        const watcher: Watcher = {
          client: this.name,
          send: (type, object) => {
            if (!server.stalled) later(() => controller.enqueue(encode({ type, object })));
          },
          end: () => {
            server.watchers.delete(watcher);
            later(() => {
              open = false;
              controller.close();
            });
          },
        };
        server.watchers.add(watcher);
        leave = () => {
          open = false;
          server.watchers.delete(watcher);
        };
        const { lease } = server;
        if (lease && Number(lease.metadata!.resourceVersion) > from) {
          watcher.send("MODIFIED", lease);
        }
        signal.addEventListener("abort", () => {
          if (open) controller.error(signal.reason);
          leave();
        }, { once: true });
      },
      cancel: () => leave(),
    });
  }

  #latency(): number {
    return this.#options.latency?.() ?? 1;
  }

  /** A message is on its way; it is taken notice of when the process runs. */
  async #travel(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => this.#whenRunning(resolve), this.#latency());
    const abort = () => reject(signal!.reason);
    signal?.addEventListener("abort", abort, { once: true });
    await promise.finally(() => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    });
  }
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

function never(signal?: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

function encode(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value)}\n`);
}
