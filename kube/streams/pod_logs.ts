/**
 * Reads a container's log, also on while it is written.
 *
 * Flow: the log is read from the API server as one stream of lines with their times. When the stream
 * breaks it is opened again from a second before the last line, and what was handed on already is
 * skipped (log_memory.ts). When it ends, the pod's object tells whether that was all: a container that
 * was started again has a new log, and what was not read of the one before is read first.
 *
 * Guarantees: a line that the node still has when the connection is back comes once. Lines come in
 * the order in which the node has them.
 *
 * Assumptions: the node's clock does not go back by more than a second. Caveats: a node keeps the logs
 * of two starts, each of some megabytes; what it threw away while nobody could read is lost.
 */
import type { RestClient } from "@cloudydeno/kubernetes-client";
import { delay } from "../delay.ts";
import { ApiError, ConnectionError } from "../transport/mod.ts";
import {
  type ContainerLife,
  containerLife,
  listedPod,
  type LoggedPod,
  waitForChange,
} from "./container_life.ts";
import { type LogLine, LogLineReader, type StampedLine, toDate } from "./log_lines.ts";
import { LogMemory } from "./log_memory.ts";

/** Which log, and what of it. */
export interface PodLogsOptions {
  /** The pod's namespace. */
  namespace: string;
  /** The pod's name. */
  pod: string;
  /** The container's name. @default the only container; a pod with several has no default */
  container?: string;
  /**
   * Whether to go on until the container has ended for good, over restarts of it, too. Before it is
   * started, that is waited for.
   * @default false
   */
  follow?: boolean;
  /** Whether the log of the start before the present one is meant. @default false */
  previous?: boolean;
  /** Only lines written at this time, to the second, or later. */
  since?: Date;
  /** Only the last so many lines of what is there at first. */
  tailLines?: number;
  /** Whether to tell the lines' times. @default false */
  timestamps?: boolean;
  /** Ends the reading, which rejects with its reason. */
  signal?: AbortSignal;
  /** Tells what becomes of the pod that is followed. @default lists the pod, which needs that right */
  state?: LoggedPod;
  /**
   * Milliseconds without a line after which the connection is replaced, as it may be dead.
   * @default 300_000
   */
  idleTimeout?: number;
}

const IDLE_TIMEOUT_MS = 300_000;
const MIN_WAIT_MS = 250;
const MAX_WAIT_MS = 5_000;
/**
 * Breaks in a row, without a line between, until a log is given up to which nothing will be added:
 * some 20 s if each comes at once.
 */
const MAX_BREAKS = 8;
/** How API servers and kubelets say that a container has not been started yet. */
const NOT_STARTED = /waiting to start|is not available|ContainerCreating|PodInitializing/;

/**
 * The lines of a container's log, until its end. Leaving the loop, and `signal`, release the
 * connection at once. It needs `pods/log`: `get`, and to follow, `pods`: `list`, unless `state` is
 * given.
 *
 * Rejects with an ApiError when the server refuses; a container that has not been started is an error
 * (400) only if it is not followed. A broken connection is an error only of a log that is not followed,
 * after eight in a row. Rejects with a TypeError when both `follow` and `previous` are set.
 *
 * @example
 * ```ts ignore
 * for await (const { text } of podLogs(transport, { namespace: "default", pod: "a", follow: true })) {
 *   if (text.includes("listening")) break;
 * }
 * ```
 */
export async function* podLogs(
  client: RestClient,
  options: PodLogsOptions,
): AsyncIterableIterator<LogLine> {
  if (options.follow && options.previous) {
    throw new TypeError(`Cannot follow the previous log of pod "${options.pod}": it has ended`);
  }
  const life = new AbortController();
  const { signal: caller, timestamps = false } = options;
  caller?.throwIfAborted();
  const abort = () => life.abort(caller!.reason);
  caller?.addEventListener("abort", abort, { once: true });
  try {
    const reading = new LogReading(client, options, life.signal);
    for await (const { text, time } of options.follow ? reading.follow() : reading.once()) {
      yield timestamps && time ? { text, time: toDate(time) } : { text };
    }
  } finally {
    caller?.removeEventListener("abort", abort);
    life.abort(new Error("the log is not read any more"));
  }
}

/** How a stream ended: by itself, or because the connection broke or was silent. */
type End = { readonly broken: boolean; readonly error?: Error };

class LogReading {
  readonly #client: RestClient;
  readonly #options: PodLogsOptions;
  readonly #signal: AbortSignal;
  readonly #pod: LoggedPod;
  readonly #memory: LogMemory;
  /** Waits since the last line. */
  #waits = 0;
  /** How many were handed on. */
  #lines = 0;
  /** What came after the last line feed of a stream that ended. */
  #unended: StampedLine[] = [];

  constructor(client: RestClient, options: PodLogsOptions, signal: AbortSignal) {
    this.#client = client;
    this.#options = options;
    this.#signal = signal;
    this.#memory = new LogMemory({ tail: options.tailLines !== undefined });
    this.#pod = options.state ?? listedPod(client, options);
  }

  async *once(previous = this.#options.previous ?? false): AsyncGenerator<StampedLine> {
    for (let breaks = 1;; breaks++) {
      const before = this.#lines;
      const { broken, error } = yield* this.#stream({ previous, follow: false });
      if (!broken) return yield* this.#rest();
      if (this.#lines > before) breaks = 1;
      if (breaks >= MAX_BREAKS) throw error;
      await delay(waitMs(breaks - 1), this.#signal);
    }
  }

  async *follow(): AsyncGenerator<StampedLine> {
    let before = await this.#life();
    const { uid } = before;
    if (uid === undefined) return yield* this.once(); // there is no such pod, as the server will say
    for (let breaks = 1;; breaks++) {
      const lines = this.#lines;
      const { broken, error } = yield* this.#stream({ previous: false, follow: true });
      if (this.#lines > lines) breaks = 1;
      const after = await this.#life();
      if (after.uid !== uid) return yield* this.#rest();
      if (after.restarts !== before.restarts) {
        yield* this.#previous();
      } else if (after.over) {
        // a broken stream has a rest that can still be read, unless nothing was ever started
        if (!broken || isEarly(error)) return yield* this.#rest();
        if (breaks >= MAX_BREAKS) throw error;
      }
      before = after;
      // for the first time at once: what broke may be well again
      if (broken && !isEarly(error) && this.#waits === 0) {
        this.#waits++;
        continue;
      }
      await this.#wait();
      before = await this.#life();
      if (before.restarts !== after.restarts) yield* this.#previous();
    }
  }

  /** What was not read of the container before it was started again. */
  async *#previous(): AsyncGenerator<StampedLine> {
    try {
      yield* this.once(true);
    } catch (error) {
      // none is kept, or it cannot be had: the present one is of more worth
      if (!(error instanceof ApiError) && !(error instanceof ConnectionError)) throw error;
    }
  }

  async #life(): Promise<ContainerLife> {
    for (;;) {
      try {
        return containerLife(await this.#pod.read(this.#signal), this.#options.container);
      } catch (error) {
        if (this.#signal.aborted || !isPassing(error)) throw error;
        await this.#wait();
      }
    }
  }

  async #wait(): Promise<void> {
    await waitForChange(this.#pod, waitMs(this.#waits++), this.#signal);
  }

  *#rest(): Generator<StampedLine> {
    for (const line of this.#unended) if (!line.time || this.#memory.isNew(line.time)) yield line;
    this.#unended = [];
  }

  /** Reads one stream to its end, and hands on what is new of it. */
  async *#stream(which: { previous: boolean; follow: boolean }): AsyncGenerator<StampedLine, End> {
    const reader = new LogLineReader();
    this.#unended = [];
    let body: ReadableStreamDefaultReader<Uint8Array> | undefined;
    try {
      body = (await this.#open(which)).getReader();
      this.#memory.begin();
      for (;;) {
        const chunk = await this.#read(body, which.follow);
        if (chunk === "silent") return { broken: true };
        if (chunk === undefined) break;
        for (const line of reader.push(chunk)) {
          if (line.time && !this.#memory.isNew(line.time)) continue;
          this.#waits = 0;
          this.#lines++;
          yield line;
        }
      }
      this.#unended = reader.flush();
      return { broken: false };
    } catch (error) {
      if (this.#signal.aborted) throw this.#signal.reason;
      if (error instanceof ConnectionError) return { broken: true, error };
      if (which.follow && (isPassing(error) || isEarly(error))) {
        return { broken: true, error: error as Error };
      }
      throw error;
    } finally {
      await body?.cancel().catch(() => {}); // its error came from a read
    }
  }

  #open({ previous, follow }: { previous: boolean; follow: boolean }) {
    const { namespace, pod, container, tailLines, since } = this.#options;
    const querystring = new URLSearchParams({ timestamps: "true" });
    if (container !== undefined) querystring.set("container", container);
    if (follow) querystring.set("follow", "true");
    if (previous) querystring.set("previous", "true");
    const from = later(this.#memory.since, since);
    if (from) querystring.set("sinceTime", from.toISOString());
    if (tailLines !== undefined && this.#memory.since === undefined) {
      querystring.set("tailLines", String(tailLines));
    }
    const [inside, name] = [namespace, pod].map(encodeURIComponent);
    return this.#client.performRequest({
      method: "GET",
      path: `/api/v1/namespaces/${inside}/pods/${name}/log`,
      querystring,
      expectStream: true,
      abortSignal: this.#signal,
    });
  }

  /** The next chunk; undefined at the end. */
  async #read(
    body: ReadableStreamDefaultReader<Uint8Array>,
    follow: boolean,
  ): Promise<Uint8Array | undefined | "silent"> {
    let silent = false;
    const timer = setTimeout(() => {
      silent = true;
      body.cancel().catch(() => {});
    }, this.#options.idleTimeout ?? IDLE_TIMEOUT_MS);
    try {
      const { done, value } = await body.read();
      if (silent && !follow) {
        throw new ConnectionError(
          `Cannot read the log of pod "${this.#options.pod}": it is silent`,
          {
            timedOut: true,
          },
        );
      }
      return silent ? "silent" : done ? undefined : value;
    } finally {
      clearTimeout(timer);
    }
  }
}

function later(one: Date | undefined, other: Date | undefined): Date | undefined {
  return one && other && one < other ? other : one ?? other;
}

function waitMs(waits: number): number {
  return Math.min(MIN_WAIT_MS * 2 ** waits, MAX_WAIT_MS);
}

/** What a follower lets pass. */
function isPassing(error: unknown): boolean {
  if (error instanceof ConnectionError) return true;
  return error instanceof ApiError && (error.httpCode >= 500 || error.httpCode === 429);
}

/** What is said of a container that has not been started; of a new pod its node may know nothing. */
function isEarly(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  return error.httpCode === 404 || (error.httpCode === 400 && NOT_STARTED.test(error.message));
}
