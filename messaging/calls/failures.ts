/**
 * Failures as they cross the wire, and as errors on both sides of it.
 */
import { asError, quote } from "../../runtime/mod.ts";
import {
  CanceledError,
  HandlerError,
  IncompatibleError,
  LostError,
  MethodError,
  NotRunError,
  OverloadedError,
  TimedOutError,
} from "../errors.ts";
import type { FailedFrame, FailureKind, Json } from "../wire/frame.ts";

/** How a call failed, before it is known which call it answers. */
export type Failure = Omit<FailedFrame, "t" | "id">;

/** Longest message of a failure, in characters; a handler may throw any. */
const MAX_MESSAGE = 4_096;

/** What an implementation throws to say by itself how a call failed. */
export class CallFailure extends Error {
  /** How it failed. */
  readonly kind: FailureKind;

  /** A failure of that kind. */
  constructor(kind: FailureKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** What a handler threw, as it crosses the wire: without its stack. */
export function failureOf(thrown: unknown, contract: string, method: string): Failure {
  const message = messageOf(thrown);
  if (thrown instanceof CallFailure) return { kind: thrown.kind, message };
  if (
    thrown instanceof MethodError && thrown.contract === contract && thrown.method === method
  ) {
    return { kind: "method", message, code: thrown.code, data: thrown.data as Json | undefined };
  }
  return { kind: "handler", message };
}

/** A handler may throw anything, also what throws itself when it is looked at. */
function messageOf(thrown: unknown): string {
  try {
    const { message, name } = asError(thrown);
    return String(message || name).slice(0, MAX_MESSAGE);
  } catch {
    return "it threw what cannot be shown";
  }
}

/** Which call it was. */
export interface CallRef {
  readonly contract: string;
  readonly method: string;
  readonly worker: string;
}

/** `Cannot ask "greet" of worker "w-1": …` */
export function callMessage({ method, worker }: CallRef, cause: string): string {
  return `Cannot ask ${quote(method)} of worker ${quote(worker)}: ${cause}`;
}

/** A failure that has crossed the wire, as what the caller catches. */
export function errorOf(failure: Failure, call: CallRef): Error {
  const { kind, code = "", data } = failure;
  if (kind === "method") return new MethodError(failure.message, { ...call, code, data });
  const options = { method: call.method, worker: call.worker };
  const message = callMessage(call, failure.message);
  switch (kind) {
    case "handler":
      return new HandlerError(message, options);
    case "incompatible":
      return new IncompatibleError(message, options);
    case "overloaded":
      return new OverloadedError(message, options);
    case "draining":
      return new NotRunError(message, options);
    case "canceled":
      return new CanceledError(message, options);
    case "timedOut":
      return new TimedOutError(message, options);
    default:
      return new LostError(message, options);
  }
}
