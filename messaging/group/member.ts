import type { CallOptions, Limits } from "../session/channel.ts";
import type { Json } from "../wire/frame.ts";

/** Which worker it is. */
export interface WorkerRef {
  /** The pod's name. */
  readonly name: string;
  /** The pod's uid: another one of that name is another worker. */
  readonly uid: string;
  /** Its number, of a workload with identity or with items. */
  readonly index?: number;
}

/**
 * How one can stand with a worker: `connecting` before the first channel and while a new one is made,
 * `ready`, `unresponsive` while it is silent, `draining` once it takes nothing new, `gone` for ever.
 */
export type MemberState = "connecting" | "ready" | "unresponsive" | "draining" | "gone";

/**
 * A worker as those see it who choose among several: what a `Link` and its `Caller` offer together.
 * Calls take and give JSON; schemas are the group's business.
 */
export interface Member {
  /** Which worker. */
  readonly worker: WorkerRef;
  /** How one stands with it. */
  readonly state: MemberState;
  /** Calls that it has from here: running, waiting there, or on their way. */
  readonly inFlight: number;
  /** How much it takes; known once it was ready. */
  readonly limits: Limits | undefined;
  /** Whether it takes one more call: it is ready, and has less in flight than its limits. */
  readonly hasRoom: boolean;
  /** Whether its contract has that method. */
  can(method: string): boolean;
  /**
   * Calls a method; what it rejects with says by its class whether it ran (see `errors.ts`):
   * `OverloadedError` and `NotRunError` certainly not.
   */
  call(method: string, input: Json | undefined, options: CallOptions): Promise<Json | undefined>;
  /** Sends a message that nobody answers; false if it could not be given to the connection. */
  tell(method: string, input: Json | undefined): boolean;
  /** Begins a stream; it is asked for as it is read, and canceled when the reader leaves. */
  stream(
    method: string,
    input: Json | undefined,
    options: CallOptions,
  ): AsyncIterableIterator<Json | undefined>;
  /**
   * Hears the worker's events; what the handler returns is awaited before they count as heard. `lost`
   * is the number of events before it that the worker could not keep.
   */
  onEvent(hear: (event: string, data: Json | undefined, lost: number) => unknown): () => void;
  /** Hears that `state`, `hasRoom` or what it can has changed; returns what removes it. */
  onChange(hear: () => void): () => void;
}
