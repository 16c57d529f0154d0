/**
 * One authenticated connection between two processes, for as long as it lasts.
 *
 * `session/` makes channels over WebSockets; what is above knows nothing of those. A channel that has
 * ended is not used again: the side that dialed makes a new one, and both sides go on in it.
 */
import type { CalleeFrame, CallerFrame } from "../wire/frame.ts";

/** Who is on the other side of a channel, as it has proven. */
export interface Peer {
  /** A coordinator's frames are fenced by its token; a worker's peers are equal. */
  readonly role: "coordinator" | "worker";
  /** Name of the coordinator, or of the worker's pod. */
  readonly name: string;
  /** Tells this process from all others, also from one in the same pod before it. */
  readonly instance: string;
  /** The fencing token of the coordinator's term; none without an election. */
  readonly token?: number;
}

/** How much a worker takes from one caller. */
export interface Limits {
  /** Calls that run at once. */
  readonly concurrency: number;
  /** Calls that wait beside them. */
  readonly queue: number;
  /** Bytes of one frame, as JSON in UTF-8. */
  readonly frameBytes: number;
}

/** Why a channel ended. */
export interface ChannelEnd {
  /**
   * `broken`: the connection failed or fell silent, and a new channel may go on. `closed`: by this
   * side. `limit` and `protocol`: one side got what it does not take, as the message says. All others
   * are said by the other side: `stopping`: it ends; `deposed`: a newer leader has come; `replaced`: by
   * a newer channel of the same session.
   */
  readonly code: "broken" | "closed" | "stopping" | "deposed" | "replaced" | "limit" | "protocol";
  /** Why, for people. */
  readonly message: string;
}

/** See the module's text. `Out` is what this side says, `In` what it hears. */
export interface Channel<Out, In> {
  /** Who is on the other side. */
  readonly peer: Peer;
  /** Tells sessions apart; a channel of the same session goes on with its calls. */
  readonly session: string;
  /**
   * Sends a frame after those before it; what one tick says goes out as one message. After the end it
   * does nothing: who sends hears of the end.
   *
   * @throws {RangeError} when the frame is longer than the other side takes, or than this side may say
   */
  send(frame: Out): void;
  /**
   * Bytes that were sent and that the connection has not taken yet; of what has not been encoded yet,
   * UTF-16 units.
   */
  readonly queuedBytes: number;
  /** Resolves when less is queued than is good to have, or it has ended; at once, as a rule. */
  writable(): Promise<void>;
  /**
   * Sets who hears the frames, in order; those that came before are handed on at once. What it throws
   * ends the channel with `protocol`.
   */
  onFrame(hear: (frame: In) => void): void;
  /** Resolves once it has ended, however; then no frame is handed on any more. */
  readonly ended: Promise<ChannelEnd>;
  /** Ends it; the other side is told why, without a reason that this side is `stopping`. */
  close(reason?: { code: "stopping" | "deposed" | "replaced" | "limit"; message: string }): void;
}

/** What was agreed on when a channel was made; both sides know it. */
export interface Agreed {
  /** Whether the worker still knows the session that the caller wanted to go on with. */
  readonly resumed: boolean;
  /** How much the worker takes. */
  readonly limits: Limits;
  /** What can be asked of the worker: names of methods and streams that both contracts have. */
  readonly methods: ReadonlySet<string>;
  /** Whether the worker stops, as it said when the channel was made; later a `drain` tells it. */
  readonly draining: boolean;
}

/** The caller's end of a channel. */
export interface CallerChannel extends Channel<CallerFrame, CalleeFrame>, Agreed {}

/** The worker's end of a channel. */
export interface CalleeChannel extends Channel<CalleeFrame, CallerFrame> {
  /** Whether the caller was told that its session goes on. */
  readonly resumed: boolean;
}

/** How a call is made, whatever the contract: what `Caller` offers to `group/`. */
export interface CallOptions {
  /** Milliseconds until a `TimedOutError`; Infinity for none. */
  readonly timeout: number;
  /** Rejects with its reason, and stops the handler, when it aborts. */
  readonly signal?: AbortSignal;
  /** Tells the call from all others, for a worker that gets it twice. */
  readonly key?: string;
  /** How often it was given to a worker before. */
  readonly attempt?: number;
}
