import type { CallOptions } from "../session/channel.ts";
import type { CallFrame, Json } from "../wire/frame.ts";
import type { Deadline } from "./deadlines.ts";
import { STREAM_WINDOW, type StreamReader } from "./stream_reader.ts";

/** A call as its caller keeps it until it settles. */
export interface OutgoingCall {
  /** Counts up within the session; 0 until it is given to a channel for the first time. */
  id: number;
  readonly method: string;
  readonly input: Json | undefined;
  readonly options: CallOptions;
  /** When its time is over, on the caller's clock; Infinity for never. */
  readonly due: number;
  /** Of a stream: who reads it. */
  readonly reader?: StreamReader;
  resolve(output: Json | undefined): void;
  /** @param atOnce whether what has come of a stream is not read any more */
  reject(error: unknown, atOnce: boolean): void;
  deadline?: Deadline;
  /** Removes what listens to its signal. */
  unlisten?: () => void;
}

/** The call as a frame; what is left of its time goes with it. */
export function callFrame(call: OutgoingCall, now: number): CallFrame {
  const { id, method, input, due, reader, options: { key, attempt } } = call;
  // a plain assignment for each field, as this is done for every call
  const frame: { -readonly [F in keyof CallFrame]: CallFrame[F] } = { t: "call", id, method };
  if (input !== undefined) frame.input = input;
  if (due !== Infinity) frame.timeout = Math.max(1, Math.ceil(due - now));
  if (reader !== undefined) frame.credit = STREAM_WINDOW;
  if (key !== undefined) frame.key = key;
  if (attempt) frame.attempt = attempt;
  return frame;
}
