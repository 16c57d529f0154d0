/**
 * The accepting side of all sessions of a worker: coordinators', of which only the latest leader is
 * heard, and other workers'.
 *
 * Handshakes go on side by side. Once one has proven who dials, all that follows happens in one tick:
 * fencing, the end of the channels that the new one takes the place of, and `onChannel`.
 */
import { asError } from "../../runtime/mod.ts";
import { acceptChannel, type AcceptOptions } from "./accept_channel.ts";
import type { Agreed, Limits, Peer } from "./channel.ts";
import { RefusedError } from "./dial_channel.ts";
import { MAX_KIDS } from "./handshake_messages.ts";
import { type Key, KeyRing } from "./key_ring.ts";
import type { MessageSocket } from "./message_socket.ts";
import type { SocketChannel } from "./socket_channel.ts";

/** Options of {@linkcode Acceptor}. */
export interface AcceptorOptions
  extends Omit<AcceptOptions, "addKey" | "agree" | "onMade" | "signal"> {
  /** How much is taken from each caller. */
  limits: Limits;
  /**
   * Hears each new channel, in the tick in which it is made. With `resumed` it goes on with a session
   * that was there before, whose old channel has ended.
   */
  onChannel(channel: SocketChannel): void;
  /**
   * Whether who runs a session's calls still has them, of a peer that dials it. Asked in the
   * tick of `onChannel`. @default whether the session is kept here
   */
  resumable?(session: string, peer: Peer): boolean;
  /** Hears that a session is over: nobody came back for it in time, or a newer leader has come. */
  onSessionEnd?(session: string, why: "forgotten" | "deposed"): void;
  /** Hears that a newer leader has come, after the sessions of those before it have ended. */
  onFenced?(token: number): void;
  /** Hears that a connection was refused or failed before it was a channel. */
  onRefused?(error: Error): void;
  /** Milliseconds that a session is kept without a channel. @default 60_000 */
  keepSession?: number;
  /** Connections that have not proven anything; beyond, the oldest goes. @default 32 */
  maxPending?: number;
}

/** What is kept of a session. */
interface Session {
  readonly peer: Peer;
  channel?: SocketChannel;
  /** Ends it, while it has no channel. */
  timer?: ReturnType<typeof setTimeout>;
}

const KEEP_SESSION_MS = 60_000;
const MAX_PENDING = 32;
/** Sessions without a channel; beyond, the one that was dialed first goes. */
const MAX_IDLE_SESSIONS = 256;
/** A coordinator without a token is older than any that has one. */
const NO_TOKEN = -1;

/** See the module's text. */
export class Acceptor {
  /** Whether this side stops; new channels are told. */
  draining = false;
  readonly #options: AcceptorOptions;
  readonly #sessions = new Map<string, Session>();
  readonly #pending = new Set<AbortController>();
  /** Handshakes that go on; they never reject. */
  readonly #accepting = new Set<Promise<void>>();
  #token = NO_TOKEN;
  #closed = false;
  /** Those that it began with, and those that were offered. */
  #keys: KeyRing;

  /** Accepts nothing by itself: sockets are given to `accept()`. */
  constructor(options: AcceptorOptions) {
    this.#options = options;
    this.#keys = options.keys;
  }

  /** The channels that are there. */
  get channels(): SocketChannel[] {
    return [...this.#sessions.values()].flatMap(({ channel }) => channel ?? []);
  }

  /** The keys: those that it began with, and those that coordinators have offered. */
  get keys(): KeyRing {
    return this.#keys;
  }

  /** The highest token that was proven; undefined if none was. */
  get token(): number | undefined {
    return this.#token === NO_TOKEN ? undefined : this.#token;
  }

  /**
   * Shakes hands over a socket that was dialed. Resolves once there is a channel, or will be none;
   * never rejects.
   */
  accept(socket: MessageSocket): Promise<void> {
    const accepting = this.#accept(socket).finally(() => this.#accepting.delete(accepting));
    this.#accepting.add(accepting);
    return accepting;
  }

  async #accept(socket: MessageSocket): Promise<void> {
    const giveUp = new AbortController();
    const { maxPending = MAX_PENDING } = this.#options;
    this.#pending.add(giveUp);
    if (this.#closed) giveUp.abort(new RefusedError("busy", "this side has ended"));
    if (this.#pending.size > maxPending) {
      // the oldest: who means it has proven itself before so many others have come
      const [oldest] = this.#pending;
      const message = `more than ${maxPending} connections have not proven who they are`;
      oldest!.abort(new RefusedError("busy", message));
      this.#pending.delete(oldest!);
    }
    try {
      await acceptChannel(socket, {
        ...this.#options,
        keys: this.#keys,
        addKey: (key) => this.#addKey(key),
        signal: giveUp.signal,
        agree: (peer, session) => this.#agree(peer, session),
        onMade: (channel) => this.#made(channel),
      });
    } catch (error) {
      this.#options.onRefused?.(asError(error));
    } finally {
      this.#pending.delete(giveUp);
    }
  }

  /** Ends all channels and sessions, and takes no more; resolves when no hands are shaken any more. */
  async close(
    reason: { code: "stopping"; message: string } = {
      code: "stopping",
      message: "the worker has ended",
    },
  ): Promise<void> {
    this.#closed = true;
    for (const giveUp of this.#pending) giveUp.abort(new RefusedError("busy", reason.message));
    for (const { channel, timer } of this.#sessions.values()) {
      clearTimeout(timer);
      channel?.close(reason);
    }
    this.#sessions.clear();
    await Promise.all(this.#accepting);
  }

  /** Keeps a key for handshakes to come; one of the same id gives way. */
  #addKey(key: Key): void {
    const others = this.#keys.ids.filter((id) => id !== key.kid).map((id) => this.#keys.get(id)!);
    this.#keys = new KeyRing([...others.slice(-MAX_KIDS + 1), key]);
  }

  /** Whether a peer that has proven itself may go on; the first step of what is done in its tick. */
  #agree(peer: Peer, id: string): Omit<Agreed, "methods"> {
    if (peer.role === "coordinator") this.#fence(peer.token ?? NO_TOKEN);
    const session = this.#sessions.get(id);
    if (session && session.peer.instance !== peer.instance) {
      throw new RefusedError("protocol", "the session is another process's");
    }
    session?.channel?.close({ code: "replaced", message: "the session was dialed again" });
    return {
      resumed: this.#options.resumable?.(id, peer) ?? session !== undefined,
      limits: this.#options.limits,
      draining: this.draining,
    };
  }

  /** Refuses who is older than the newest leader, and ends who is older than this one. */
  #fence(token: number): void {
    if (token < this.#token) {
      const given = token === NO_TOKEN ? "without a token" : `with token ${token}`;
      const message = `a coordinator ${given} has come after one with token ${this.#token}`;
      throw new RefusedError("deposed", message);
    }
    if (token === this.#token) return;
    this.#token = token;
    for (const [id, { peer, channel }] of this.#sessions) {
      if (peer.role !== "coordinator" || (peer.token ?? NO_TOKEN) >= token) continue;
      this.#forget(id, "deposed");
      channel?.close({ code: "deposed", message: `a coordinator with token ${token} has come` });
    }
    this.#options.onFenced?.(token);
  }

  #made(channel: SocketChannel): void {
    const { session: id, peer } = channel;
    clearTimeout(this.#sessions.get(id)?.timer);
    const session: Session = { peer, channel };
    this.#sessions.set(id, session);
    channel.ended.then(() => {
      // it may be over, or go on with another channel
      if (this.#sessions.get(id) === session) this.#keep(id, session);
    });
    this.#options.onChannel(channel);
  }

  /** Waits for a session to come back. */
  #keep(id: string, session: Session): void {
    session.channel = undefined;
    const { keepSession = KEEP_SESSION_MS } = this.#options;
    session.timer = setTimeout(() => this.#forget(id, "forgotten"), keepSession);
    const idle = [...this.#sessions].filter(([, { channel }]) => channel === undefined);
    if (idle.length > MAX_IDLE_SESSIONS) this.#forget(idle[0]![0], "forgotten");
  }

  #forget(id: string, why: "forgotten" | "deposed"): void {
    clearTimeout(this.#sessions.get(id)?.timer);
    this.#sessions.delete(id);
    this.#options.onSessionEnd?.(id, why);
  }
}
