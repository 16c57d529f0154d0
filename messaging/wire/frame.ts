/**
 * What one side of a channel says to the other after the handshake. A message on the wire is a JSON
 * array of these, in the order in which they were said. `docs/protocol.md` describes them for peers in
 * other languages.
 *
 * @module
 */

/** A JSON value. */
export type Json = string | number | boolean | null | Json[] | { [field: string]: Json };

/** Caller to worker: run a method, or begin a stream. */
export interface CallFrame {
  readonly t: "call";
  /** Counts up within a session; the answer carries it, and a call that is sent again. */
  readonly id: number;
  readonly method: string;
  readonly input?: Json;
  /** Milliseconds that it may take, from when the frame arrives; without, as long as it likes. */
  readonly timeout?: number;
  /** Items of a stream that may be sent before `more`; its presence asks for a stream. */
  readonly credit?: number;
  /**
   * Tells a call from all others over all sessions, so that a worker runs it once: of calls that may
   * come again by another session.
   */
  readonly key?: string;
  /** How often it was given to a worker before. */
  readonly attempt?: number;
}

/** Caller to worker: run a method, and say nothing about it. */
export interface TellFrame {
  readonly t: "tell";
  readonly method: string;
  readonly input?: Json;
}

/** Caller to worker: nobody waits for that call any more. */
export interface CancelFrame {
  readonly t: "cancel";
  readonly id: number;
}

/** Caller to worker: so many more items of a stream may be sent. */
export interface MoreFrame {
  readonly t: "more";
  readonly id: number;
  readonly credit: number;
}

/** Caller to worker: the outcomes of these calls have arrived, and may be forgotten. */
export interface SeenFrame {
  readonly t: "seen";
  readonly ids: readonly number[];
}

/**
 * Caller to worker, first of all after a session was resumed, also when there are none: all calls whose
 * outcome has not arrived, and of streams how many items have. The worker forgets, and cancels, those
 * that are not named. The credit of a stream begins anew with it: items after those that have arrived
 * come by the `more` that follows.
 */
export interface ResumeFrame {
  readonly t: "resume";
  readonly calls: readonly { readonly id: number; readonly items?: number }[];
}

/** Worker to caller: what the method answered; the end of a stream. */
export interface DoneFrame {
  readonly t: "done";
  readonly id: number;
  readonly output?: Json;
}

/** Why a call failed. */
export type FailureKind =
  /** The handler threw an error that the contract names: `code` and `data` are set. */
  | "method"
  /** The handler threw something else. */
  | "handler"
  /** The input does not fit the worker's schema, or the worker does not know the method. */
  | "incompatible"
  /** The worker has as much as it may have; it did not run. */
  | "overloaded"
  /** The worker stops, and has not begun it. */
  | "draining"
  /** The worker ended it: its grace is over, or a newer leader has come. */
  | "canceled"
  /** The time that the call gave is over. */
  | "timedOut"
  /** The worker had it and no longer knows what became of it. */
  | "lost";

/** Worker to caller: how a call failed. */
export interface FailedFrame {
  readonly t: "failed";
  readonly id: number;
  readonly kind: FailureKind;
  readonly message: string;
  readonly code?: string;
  readonly data?: Json;
}

/** Worker to caller: an item of a stream; the first one has the number 1. */
export interface ItemFrame {
  readonly t: "item";
  readonly id: number;
  readonly n: number;
  readonly item?: Json;
}

/** Worker to caller, answering `resume`: these calls never arrived, and may be sent with the same ids. */
export interface UnknownFrame {
  readonly t: "unknown";
  readonly ids: readonly number[];
}

/** Worker to coordinator: an event; `n` counts up over the worker's life. */
export interface EventFrame {
  readonly t: "event";
  readonly n: number;
  readonly event: string;
  readonly data?: Json;
  /** How many right before it nobody has heard, as the worker could not keep more. */
  readonly lost?: number;
}

/** Coordinator to worker: all events up to that one were heard. */
export interface HeardFrame {
  readonly t: "heard";
  readonly n: number;
}

/** Worker to caller: it stops, takes nothing new, and hands back what it has not begun. */
export interface DrainFrame {
  readonly t: "drain";
}

/** A worker, as its peers see it. */
export interface RosterEntry {
  readonly name: string;
  readonly uid: string;
  readonly index?: number;
  readonly address: string;
  readonly port: number;
}

/** Coordinator to worker: who its peers are, itself included. */
export interface RosterFrame {
  readonly t: "roster";
  readonly workers: readonly RosterEntry[];
}

/** Either side: are you there; a `pong` with the same number answers it. */
export interface PingFrame {
  readonly t: "ping" | "pong";
  readonly n: number;
}

/** Either side: the channel ends now, and why. Nothing follows. */
export interface ByeFrame {
  readonly t: "bye";
  readonly code: "stopping" | "deposed" | "replaced" | "limit" | "protocol";
  readonly message: string;
}

/**
 * Coordinator to worker: another key, for handshakes to come. It is a compact JWE (`dir`, `A256GCM`)
 * with the key that the handshake of this channel was made with. In it is a JSON Web Key Set of the one
 * key, with one field more: `nonce`, the worker's of that handshake, so that no other channel takes it.
 */
export interface KeysFrame {
  readonly t: "keys";
  readonly jwe: string;
}

/** Worker to coordinator, answering `keys`: it knows that key now. */
export interface KeyedFrame {
  readonly t: "keyed";
  readonly kid: string;
}

/** What a caller says. */
export type CallerFrame =
  | CallFrame
  | TellFrame
  | CancelFrame
  | MoreFrame
  | SeenFrame
  | ResumeFrame
  | HeardFrame
  | RosterFrame;

/** What a worker answers. */
export type CalleeFrame =
  | DoneFrame
  | FailedFrame
  | ItemFrame
  | UnknownFrame
  | EventFrame
  | DrainFrame;

/** What the layers above a channel say to each other. */
export type Frame = CallerFrame | CalleeFrame;

/** What a channel says by itself. */
export type ControlFrame = PingFrame | ByeFrame | KeysFrame | KeyedFrame;

/** A piece of a frame that is too long for one message; the pieces' texts together are its JSON. */
export interface PartFrame {
  readonly t: "part";
  /** Tells the frames apart whose pieces come mixed. */
  readonly of: number;
  readonly text: string;
  /** Whether it is the last piece. */
  readonly last?: true;
}

/** Whatever stands on the wire. */
export type WireFrame = Frame | ControlFrame | PartFrame;
