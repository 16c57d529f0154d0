/**
 * What a reflector does next, as a union of states and one pure `step`.
 *
 * Flow: list pages → watch → watch again when the server ends it → … ; after a failure wait,
 * then go on where it broke; after 410 list again. `failures` grows with each failure and is
 * only forgotten when a watch has lasted, so that a server which answers and then breaks at
 * once is asked less and less often.
 *
 * @module
 */
import { backoffDelay } from "./backoff.ts";
import type { Failure } from "./failure.ts";

/** Where a reflector stands. */
export type WatchState = ListingState | WatchingState | WaitingState;

/** Reading the list. Next: the next page, watching after the last one, or waiting. */
export interface ListingState {
  readonly phase: "listing";
  /** Asks for the next page; absent for the first. */
  readonly token?: string;
  /** How often a page token expired; from {@linkcode UNPAGED_AFTER} on, pages are given up. */
  readonly expiries: number;
  readonly failures: number;
}

/** Watching, or about to. Next: watching again, listing after 410, or waiting. */
export interface WatchingState {
  readonly phase: "watching";
  /** Where to resume. */
  readonly resourceVersion: string;
  /** Whether `resourceVersion` comes straight from a list, so that 410 is no sign of age. */
  readonly fresh: boolean;
  /** Whether this connection moved `resourceVersion` on. */
  readonly progressed: boolean;
  /** Whether this connection has lasted, which makes its end an ordinary one. */
  readonly lasted: boolean;
  /** Connections in a row that broke on a malformed line without any progress. */
  readonly malformed: number;
  readonly failures: number;
}

/** Doing nothing for a while. Next: `then`. */
export interface WaitingState {
  readonly phase: "waiting";
  /** Milliseconds. */
  readonly ms: number;
  readonly then: ListingState | WatchingState;
}

/** What can happen to a reflector. */
export type WatchInput =
  | { readonly type: "page"; readonly resourceVersion: string; readonly continueToken?: string }
  | { readonly type: "progress"; readonly resourceVersion: string }
  | { readonly type: "lasted" }
  | { readonly type: "ended" }
  | { readonly type: "failed"; readonly failure: Failure }
  | { readonly type: "waited" };

/** The numbers that `step` goes by; milliseconds. */
export interface WatchPolicy {
  readonly minBackoff: number;
  readonly maxBackoff: number;
  readonly random: () => number;
}

/** Page tokens that may expire before the list is asked for in one piece. */
export const UNPAGED_AFTER = 2;

/** Malformed lines in a row at the same place before the list is read again instead. */
export const MALFORMED_LIMIT = 3;

/** Upper end of the wait after a refusal such as 403: slow, as a person has to act. */
export const REFUSED_DELAY_MS = 20_000;

/** What a server may ask for at most by Retry-After. */
export const RETRY_AFTER_LIMIT_MS = 300_000;

/** Where every reflector begins. */
export const START: ListingState = { phase: "listing", expiries: 0, failures: 0 };

/** What follows after `input` in `state`. */
export function step(state: WatchState, input: WatchInput, policy: WatchPolicy): WatchState {
  switch (state.phase) {
    case "listing":
      return stepListing(state, input, policy);
    case "watching":
      return stepWatching(state, input, policy);
    case "waiting":
      return input.type === "waited" ? state.then : unexpected(state, input);
  }
}

function stepListing(state: ListingState, input: WatchInput, policy: WatchPolicy): WatchState {
  if (input.type === "page") {
    if (input.continueToken) return { ...state, token: input.continueToken };
    return { ...watchFrom(input.resourceVersion, state.failures), fresh: true };
  }
  if (input.type !== "failed") return unexpected(state, input);
  const { failure } = input;
  const failures = state.failures + 1;
  if (failure.kind === "gone" && state.token !== undefined) {
    const again: ListingState = { phase: "listing", expiries: state.expiries + 1, failures };
    return state.expiries === 0 ? again : wait(again, failure, policy);
  }
  if (failure.kind === "unknown") {
    return wait({ phase: "listing", expiries: state.expiries, failures }, failure, policy);
  }
  return wait({ ...state, failures }, failure, policy);
}

function stepWatching(state: WatchingState, input: WatchInput, policy: WatchPolicy): WatchState {
  switch (input.type) {
    case "progress":
      if (input.resourceVersion === state.resourceVersion) return state;
      return {
        ...state,
        resourceVersion: input.resourceVersion,
        fresh: false,
        progressed: true,
        malformed: 0,
      };
    case "lasted":
      return { ...state, lasted: true, failures: 0 };
    case "ended":
      return reopen(state, policy);
    case "failed":
      return recover(state, input.failure, policy);
    default:
      return unexpected(state, input);
  }
}

/** After the server ended the watch in good order. */
function reopen(state: WatchingState, policy: WatchPolicy): WatchState {
  const { resourceVersion } = state;
  if (state.lasted) return watchFrom(resourceVersion, 0);
  const failures = failuresAfter(state);
  const then = watchFrom(resourceVersion, failures);
  return { phase: "waiting", ms: backoff(failures, policy), then };
}

/** After the watch broke, or could not be opened. */
function recover(state: WatchingState, failure: Failure, policy: WatchPolicy): WatchState {
  // A server may have nothing to say for long; one that does not answer now is another matter.
  if (failure.kind === "silent" && state.lasted) return watchFrom(state.resourceVersion, 0);
  const failures = failuresAfter(state);
  if (failure.kind === "gone") {
    const list: ListingState = { phase: "listing", expiries: 0, failures };
    return state.fresh ? wait(list, failure, policy) : list;
  }
  const malformed = failure.kind === "malformed" ? state.malformed + 1 : 0;
  if (malformed >= MALFORMED_LIMIT || failure.kind === "unknown") {
    return wait({ phase: "listing", expiries: 0, failures }, failure, policy);
  }
  return wait({ ...watchFrom(state.resourceVersion, failures), malformed }, failure, policy);
}

/** A connection that brought news waits before the next, but not longer and longer. */
function failuresAfter(state: WatchingState): number {
  return state.progressed ? Math.max(1, state.failures) : state.failures + 1;
}

function watchFrom(resourceVersion: string, failures: number): WatchingState {
  return {
    phase: "watching",
    resourceVersion,
    fresh: false,
    progressed: false,
    lasted: false,
    malformed: 0,
    failures,
  };
}

function wait(
  then: ListingState | WatchingState,
  failure: Failure,
  policy: WatchPolicy,
): WaitingState {
  let ms = backoff(then.failures, policy);
  if (failure.kind === "refused" || failure.kind === "unknown") {
    ms = Math.max(ms, REFUSED_DELAY_MS * (1 + policy.random()) / 2);
  }
  ms = Math.max(ms, Math.min(failure.retryAfterMs ?? 0, RETRY_AFTER_LIMIT_MS));
  return { phase: "waiting", ms, then };
}

function backoff(failures: number, policy: WatchPolicy): number {
  const { minBackoff, maxBackoff, random } = policy;
  return backoffDelay(failures, { min: minBackoff, max: maxBackoff, random });
}

function unexpected(state: WatchState, input: WatchInput): never {
  throw new Error(`Cannot take input "${input.type}": the watch is in phase "${state.phase}"`);
}
