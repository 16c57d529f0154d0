import type { Peer } from "../session/channel.ts";
import type { DoneFrame, FailedFrame, ItemFrame, Json } from "../wire/frame.ts";
import type { CalleeSession } from "./callee_session.ts";
import { jsonBytes } from "./check_json.ts";
import type { Deadline } from "./deadlines.ts";
import type { Failure } from "./failures.ts";
import type { CallContext } from "./implementation.ts";
import type { StreamWriter } from "./stream_writer.ts";

/** How a run ended, before it is known which calls it answers. */
export type Outcome = { readonly output?: Json } | Failure;

/** A call that has arrived, until its caller has seen the outcome or has given it up. */
export interface IncomingCall {
  readonly session: CalleeSession;
  readonly id: number;
  /** What runs for it; several calls with one key share one. */
  run?: Run;
  deadline?: Deadline;
  /** Of a stream. */
  readonly stream?: StreamWriter;
  /** How it ended. */
  outcome?: DoneFrame | FailedFrame;
}

/** What a {@linkcode Run} is made of. */
export interface RunInit {
  readonly method: string;
  readonly input: Json | undefined;
  readonly key: string | undefined;
  readonly attempt: number;
  readonly caller: Peer;
  /** Whose turn it takes. */
  readonly lane: string;
}

/** A handler's run, waiting or under way, and who waits for it. */
export class Run implements CallContext {
  readonly method: string;
  readonly input: Json | undefined;
  readonly key: string | undefined;
  readonly attempt: number;
  readonly caller: Peer;
  readonly lane: string;
  /** Calls that it answers; none of a `tell`. */
  readonly calls: Set<IncomingCall> = new Set();
  /** Whether its handler was begun. */
  begun = false;
  /** Of a stream: lets its loop go on, as it was aborted. */
  onAborted: (() => void) | undefined;
  #aborted = false;
  #reason: unknown;
  /** Made when the handler asks for it, as most never do. */
  #controller: AbortController | undefined;

  constructor(init: RunInit) {
    this.method = init.method;
    this.input = init.input;
    this.key = init.key;
    this.attempt = init.attempt;
    this.caller = init.caller;
    this.lane = init.lane;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Whether the handler was told to stop. */
  get aborted(): boolean {
    return this.#aborted;
  }

  /** Tells the handler to stop. */
  abort(reason: unknown): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#reason = reason;
    this.#controller?.abort(reason);
    this.onAborted?.();
  }
}

/** An outcome as the frame that answers a call. */
export function outcomeFrame(id: number, outcome: Outcome): DoneFrame | FailedFrame {
  if ("kind" in outcome) return { t: "failed", id, ...outcome };
  return outcome.output === undefined
    ? { t: "done", id }
    : { t: "done", id, output: outcome.output };
}

/** Bytes that what a handler gave takes. */
export function outcomeBytes(outcome: Outcome): number {
  return jsonBytes("kind" in outcome ? outcome.data : outcome.output);
}

/** An item as its frame. */
export function itemFrame(id: number, n: number, item: Json | undefined): ItemFrame {
  return item === undefined ? { t: "item", id, n } : { t: "item", id, n, item };
}
