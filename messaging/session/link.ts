/**
 * The dialing side of a session: it makes a channel, and another one whenever that breaks, until it is
 * closed or deposed.
 *
 * One loop runs as long as the link lives: dial, shake hands, wait for the channel's end, wait a
 * little, and again. `onState` is called from it, and in the tick in which a channel is made, so that
 * who hears its frames misses none.
 */
import { anySignal, asError } from "../../runtime/mod.ts";
import { IncompatibleError, UnauthorizedError } from "../errors.ts";
import type { ChannelEnd } from "./channel.ts";
import { dialChannel, type DialOptions, RefusedError } from "./dial_channel.ts";
import type { Key } from "./key_ring.ts";
import type { MessageSocket } from "./message_socket.ts";
import type { SocketChannel } from "./socket_channel.ts";

/**
 * How a link stands: `connecting`, with what has ended the last channel or attempt; `ready` and
 * `unresponsive`, with the channel; `ended`, for good, with why unless it was closed here.
 */
export type LinkState =
  | { readonly state: "connecting"; readonly error?: Error }
  | { readonly state: "ready" | "unresponsive"; readonly channel: SocketChannel }
  | { readonly state: "ended"; readonly error?: Error };

/** Options of {@linkcode Link}. */
export interface LinkOptions extends Omit<DialOptions, "session" | "signal"> {
  /** Makes a connection; rejects when the signal aborts, or it cannot. */
  dial: (signal: AbortSignal) => Promise<MessageSocket>;
  /** Hears each new state. What it throws is not caught. */
  onState?: (state: LinkState) => void;
  /** Milliseconds that `dial` may take. @default 10_000 */
  dialTimeout?: number;
  /** Numbers from 0 to below 1, for the pauses. @default Math.random */
  random?: () => number;
}

const DIAL_MS = 10_000;
/** The first pause (ms); each is twice the one before, up to the last. */
const FIRST_PAUSE_MS = 100;
const LAST_PAUSE_MS = 5_000;
/** The pause after contracts did not fit (ms): only another version helps. */
const INCOMPATIBLE_PAUSE_MS = 30_000;
/** A channel that lasted so long (ms) begins the pauses anew. */
const STEADY_MS = 5_000;

/** See the module's text. */
export class Link implements AsyncDisposable {
  /** The session, which is the same over all channels. */
  readonly session: string = crypto.randomUUID();
  readonly #options: LinkOptions;
  readonly #now: () => number;
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;
  readonly #waiters = new Set<() => void>();
  #state: LinkState = { state: "connecting" };
  #attempts = 0;

  /** Begins to dial at once. */
  constructor(options: LinkOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#running = this.#run();
  }

  /** How it stands. */
  get state(): LinkState {
    return this.#state;
  }

  /** The channel, while there is one. */
  get channel(): SocketChannel | undefined {
    return "channel" in this.#state ? this.#state.channel : undefined;
  }

  /** Whether it has been tried in vain, and how often, since a channel was steady. */
  get attempts(): number {
    return this.#attempts;
  }

  /**
   * Gives the worker another key for handshakes to come, by this channel or the next; resolves once it
   * has it. Rejects when the link ends before, or with the signal's reason.
   */
  async offerKey(key: Key, { signal }: { signal?: AbortSignal } = {}): Promise<void> {
    for (;;) {
      const channel = await this.#ready(signal);
      try {
        return await unlessAborted(channel.offerKey(key), signal);
      } catch (error) {
        if (!channel.end) throw error;
      }
    }
  }

  /** Ends the channel and the link; idempotent. */
  async close(): Promise<void> {
    this.#stopping.abort(new Error("the link was closed"));
    this.channel?.close();
    await this.#running;
  }

  /** As `close()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const { error, pause, final } = await this.#once();
      if (signal.aborted) break;
      if (final) return this.#set({ state: "ended", error });
      this.#set({ state: "connecting", error });
      await sleep(pause, signal);
    }
    this.#set({ state: "ended" });
  }

  /** One channel, or an attempt at one; resolves with why it is over. */
  async #once(): Promise<{ error: Error; pause: number; final?: boolean }> {
    try {
      const channel = await this.#connect();
      // it was closed in the moment in which the channel was made: nobody else knows of that one
      if (this.#stopping.signal.aborted) {
        channel.close();
        throw this.#stopping.signal.reason;
      }
      const begun = this.#now();
      const unwatch = channel.onResponsive((responsive) =>
        this.#set({ state: responsive ? "ready" : "unresponsive", channel })
      );
      this.#set({ state: "ready", channel });
      const end = await channel.ended;
      unwatch();
      if (this.#now() - begun >= STEADY_MS) this.#attempts = 0;
      if (end.code === "deposed") return { error: deposed(end.message), pause: 0, final: true };
      return { error: endError(end), pause: this.#pause() };
    } catch (error) {
      return this.#judge(asError(error));
    }
  }

  async #connect(): Promise<SocketChannel> {
    const { dial, dialTimeout = DIAL_MS } = this.#options;
    const late = new AbortController();
    const timer = setTimeout(
      () => late.abort(new Error(`no connection was there after ${dialTimeout} ms`)),
      dialTimeout,
    );
    let socket: MessageSocket;
    try {
      socket = await dial(anySignal([late.signal, this.#stopping.signal]));
    } finally {
      clearTimeout(timer);
    }
    return await dialChannel(socket, {
      ...this.#options,
      session: this.session,
      signal: this.#stopping.signal,
    });
  }

  /** What an attempt's failure leads to. */
  #judge(error: Error): { error: Error; pause: number; final?: boolean } {
    const pause = this.#pause();
    if (!(error instanceof RefusedError)) return { error, pause };
    const worker = this.#options.expect;
    const { message } = error;
    switch (error.code) {
      case "deposed":
        return { error: deposed(message, worker), pause, final: true };
      case "unauthorized":
        return { error: new UnauthorizedError(message, { worker, cause: error }), pause };
      case "incompatible":
        return {
          error: new IncompatibleError(message, { worker, cause: error }),
          pause: INCOMPATIBLE_PAUSE_MS,
        };
      default:
        return { error, pause };
    }
  }

  #pause(): number {
    const { random = Math.random } = this.#options;
    const longest = Math.min(LAST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.#attempts++, 16));
    return longest * (1 + random()) / 2;
  }

  #set(state: LinkState): void {
    this.#state = state;
    for (const wake of this.#waiters) wake();
    this.#waiters.clear();
    this.#options.onState?.(state);
  }

  async #ready(signal: AbortSignal | undefined): Promise<SocketChannel> {
    for (;;) {
      signal?.throwIfAborted();
      const state = this.#state;
      if (state.state === "ended") {
        throw state.error ?? new Error("Cannot offer a key: the link was closed");
      }
      if ("channel" in state && !state.channel.end) return state.channel;
      const changed = new Promise<void>((resolve) => this.#waiters.add(resolve));
      await unlessAborted(changed, signal);
    }
  }
}

function deposed(message: string, worker?: string): UnauthorizedError {
  return new UnauthorizedError(`this coordinator was deposed: ${message}`, { worker });
}

function endError({ code, message }: ChannelEnd): Error {
  return new Error(`the channel has ended (${code}): ${message}`);
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return await promise;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** Waits; returns early when the signal aborts. */
function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
    if (signal.aborted) done();
  });
}
