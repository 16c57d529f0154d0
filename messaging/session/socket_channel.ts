/**
 * A channel over a socket, after its handshake.
 *
 * Messages come from the socket one after another; what the frames of one lead to is done before the
 * next is looked at. Pings, farewells and keys are answered here, whatever those do who hear the other
 * frames. All that is sent goes through one `MessageWriter`. It ends once: by a farewell of either
 * side, by what breaks the socket, by silence, or by what the other side must not send; after that
 * nothing is handed on.
 */
import { asError } from "../../runtime/mod.ts";
import type { Hears } from "../wire/check_frame.ts";
import type { ByeFrame, ControlFrame, Frame } from "../wire/frame.ts";
import { MessageReader, READER_LIMITS, type ReaderLimits } from "../wire/message_reader.ts";
import { MessageWriter } from "../wire/message_writer.ts";
import { WireError } from "../wire/wire_error.ts";
import { type BothWays, bothWays } from "./both_ways.ts";
import type { Agreed, Channel, ChannelEnd, Limits, Peer } from "./channel.ts";
import { Heartbeat, type HeartbeatOptions } from "./heartbeat.ts";
import type { Key } from "./key_ring.ts";
import type { MessageSocket } from "./message_socket.ts";
import { decryptKey, encryptKey } from "./proofs.ts";

/** What a side may change about its channels. */
export interface ChannelOptions {
  /** How long the other side may be silent. */
  heartbeat?: HeartbeatOptions;
  /** What the other side may send. */
  reader?: ReaderLimits;
  /** Monotonic milliseconds. @default performance.now */
  now?: () => number;
}

/** What the handshake has led to. */
export interface ChannelStart extends ChannelOptions {
  socket: MessageSocket;
  peer: Peer;
  session: string;
  agreed: Agreed;
  hears: Hears;
  /** Bytes of a frame that the other side takes. */
  frameBytes: number;
  /** The key that was proven, and the acceptor's nonce. */
  key: Key;
  nonce: string;
  /** Takes a key that the other side offers; nothing is taken without it. */
  addKey?: (key: Key) => void;
  /** Messages that came after the handshake's last. */
  rest: readonly string[];
}

/** Frames that wait for who hears them. */
const MAX_UNHEARD = 10_000;

/** One connection after its handshake: a channel for both who call and who are called. */
export class SocketChannel implements Channel<Frame, Frame>, Agreed {
  readonly peer: Peer;
  readonly session: string;
  readonly resumed: boolean;
  readonly limits: Limits;
  readonly methods: ReadonlySet<string>;
  readonly draining: boolean;
  readonly ended: Promise<ChannelEnd>;
  readonly #start: ChannelStart;
  readonly #socket: MessageSocket;
  readonly #now: () => number;
  readonly #reader: MessageReader;
  readonly #writer: MessageWriter;
  readonly #heartbeat: Heartbeat;
  readonly #setEnded: (end: ChannelEnd) => void;
  readonly #watchers = new Set<(responsive: boolean) => void>();
  readonly #keyed = new Map<string, () => void>();
  #hear?: (frame: Frame) => void;
  #unheard: Frame[] = [];
  #pings = 0;
  #end?: ChannelEnd;
  #ways?: BothWays;

  /** Takes a socket over; see {@linkcode ChannelStart}. */
  constructor(start: ChannelStart) {
    const { socket, agreed, now = () => performance.now() } = start;
    this.#start = start;
    this.#socket = socket;
    this.#now = now;
    this.peer = start.peer;
    this.session = start.session;
    ({ resumed: this.resumed, limits: this.limits, methods: this.methods } = agreed);
    this.draining = agreed.draining;
    ({ promise: this.ended, resolve: this.#setEnded } = Promise.withResolvers());
    this.#reader = new MessageReader(start.hears, start.reader);
    this.#writer = new MessageWriter(socket, start.frameBytes);
    this.#heartbeat = new Heartbeat(start.heartbeat ?? {}, now, {
      ping: () => this.#writer.sendUrgent({ t: "ping", n: ++this.#pings }),
      changed: (responsive) => this.#watchers.forEach((hear) => hear(responsive)),
      broken: (ms) => {
        this.#finish({ code: "broken", message: `nothing was heard for ${Math.round(ms)} ms` });
        socket.abort();
      },
    });
    for (const message of start.rest) this.#take(message);
    socket.onMessage((message) => this.#take(message));
    socket.closed.then((error) => {
      const message = error?.message ?? "the connection was closed without a farewell";
      this.#finish({ code: "broken", message });
    });
  }

  /** It as who calls sees it; with `callee`, that takes the place of who hears all frames. */
  get caller(): BothWays["caller"] {
    return (this.#ways ??= bothWays(this)).caller;
  }

  /** It as who is called sees it. */
  get callee(): BothWays["callee"] {
    return (this.#ways ??= bothWays(this)).callee;
  }

  get queuedBytes(): number {
    return this.#writer.queuedBytes;
  }

  /** Whether the other side was heard of late. */
  get responsive(): boolean {
    return this.#heartbeat.responsive;
  }

  /** How it has ended; undefined while it goes on. Known before `ended` resolves. */
  get end(): ChannelEnd | undefined {
    return this.#end;
  }

  send(frame: Frame): void {
    this.#writer.send(frame);
  }

  writable(): Promise<void> {
    return this.#writer.writable();
  }

  /** Resolves when all that was sent is on its way, however long, or the channel has ended. */
  flushed(): Promise<void> {
    return this.#writer.flushed();
  }

  onFrame(hear: (frame: Frame) => void): void {
    this.#hear = hear;
    const unheard = this.#unheard;
    this.#unheard = [];
    for (const frame of unheard) this.#handOn(frame);
  }

  /** Hears that `responsive` has changed; returns what removes it. */
  onResponsive(hear: (responsive: boolean) => void): () => void {
    this.#watchers.add(hear);
    return () => void this.#watchers.delete(hear);
  }

  close(
    { code, message }: { code: "stopping" | "deposed" | "replaced" | "limit"; message: string } = {
      code: "stopping",
      message: "it was closed",
    },
  ): void {
    this.#leave({ t: "bye", code, message }, { code: "closed", message });
  }

  /** Gives the other side a key; resolves once it has it, and rejects when the channel ends before. */
  async offerKey(key: Key): Promise<void> {
    const jwe = await encryptKey(key, this.#start.nonce, this.#start.key);
    const { promise: keyed, resolve } = Promise.withResolvers<void>();
    this.#keyed.set(key.kid, resolve);
    this.#writer.sendUrgent({ t: "keys", jwe });
    await Promise.race([
      keyed,
      this.ended.then(({ message }) => {
        throw new Error(`Cannot offer key "${key.kid}": the channel has ended: ${message}`);
      }),
    ]);
  }

  #take(message: string): void {
    if (this.#end) return;
    try {
      const now = this.#now();
      const frames = this.#reader.read(message, now);
      this.#heartbeat.heard(now);
      for (const frame of frames) {
        if (this.#end) return; // by one of the frames before
        this.#handle(frame);
      }
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#refuse(error);
    }
  }

  #handle(frame: Frame | ControlFrame): void {
    switch (frame.t) {
      case "ping":
        return this.#writer.sendUrgent({ t: "pong", n: frame.n });
      case "pong":
        return;
      case "bye":
        return this.#leave(undefined, { code: frame.code, message: frame.message });
      case "keys":
        return void this.#takeKey(frame.jwe);
      case "keyed":
        this.#keyed.get(frame.kid)?.();
        return void this.#keyed.delete(frame.kid);
      default:
        if (this.#hear) this.#handOn(frame);
        else if (this.#unheard.length < MAX_UNHEARD) this.#unheard.push(frame);
        else throw new WireError("limit", `more than ${MAX_UNHEARD} frames wait to be heard`);
    }
  }

  #handOn(frame: Frame): void {
    if (this.#end) return;
    try {
      this.#hear!(frame);
    } catch (error) {
      this.#refuse(error);
    }
  }

  async #takeKey(jwe: string): Promise<void> {
    const { addKey, key, nonce } = this.#start;
    try {
      if (!addKey) throw new Error("keys are not taken from that side");
      const added = await decryptKey(jwe, nonce, key);
      addKey(added);
      this.#writer.sendUrgent({ t: "keyed", kid: added.kid });
    } catch (error) {
      this.#refuse(new WireError("protocol", `a key was not taken: ${asError(error).message}`));
    }
  }

  /** Ends it for what the other side has sent. */
  #refuse(error: unknown): void {
    const code = error instanceof WireError ? error.code : "protocol";
    const { message } = asError(error);
    this.#leave({ t: "bye", code, message }, { code, message });
  }

  #leave(bye: ByeFrame | undefined, end: ChannelEnd): void {
    if (this.#end) return;
    this.#writer.close(bye);
    this.#finish(end);
    this.#socket.close();
  }

  #finish(end: ChannelEnd): void {
    if (this.#end) return;
    this.#end = end;
    this.#heartbeat.stop();
    this.#writer.close();
    this.#unheard = [];
    this.#setEnded(end);
  }
}

/** Bytes of a frame that every side takes. */
export const FRAME_BYTES: number = READER_LIMITS.frameBytes;
