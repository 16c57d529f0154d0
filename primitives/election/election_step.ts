import type {
  Claiming,
  ElectionInput,
  ElectionPolicy,
  ElectionState,
  Following,
  Leading,
  Memory,
  Releasing,
} from "./election_state.ts";
import type { LeaseRecord } from "./lease_record.ts";
import { observe } from "./observation.ts";
import { measured, spreadAfterExpiry, spreadAfterRelease } from "./spread.ts";

/** The first wait after a failure; it doubles with each, up to the renewal's interval. */
const MIN_RETRY_MS = 100;

/** What makes `step` a function of its arguments. */
export interface StepContext {
  /** The local monotonic clock. */
  readonly now: number;
  readonly policy: ElectionPolicy;
}

/** The state before anything is known. */
export function initialState(now: number): Following {
  const due = { request: "read", at: now } as const;
  return { phase: "following", due, newest: 0, failures: 0, stopping: false };
}

/** The state that follows. */
export function step(
  state: ElectionState,
  input: ElectionInput,
  context: StepContext,
): ElectionState {
  if (state.phase === "leading" && context.now >= state.deadline) {
    const { renewDeadline } = context.policy;
    const why = `the lease could not be renewed within ${renewDeadline / 1000} s`;
    return step(leave(state, why, context), input, context);
  }
  if (state.phase === "releasing" && context.now >= state.until) return released(state, context);
  if (state.phase === "ended") return state;
  switch (input.type) {
    case "passed":
      return state;
    case "saw": {
      const answered = timed(state, input.sentAt, context);
      return isStale(state, input) ? answered : see(answered, input.lease, context);
    }
    case "doubted": {
      const due = { request: "read", at: context.now } as const;
      return state.phase === "claiming" ? { ...state, phase: "following", due } : { ...state, due };
    }
    case "wrote":
      return wrote(timed(state, input.sentAt, context), input, context);
    case "conflicted":
      return conflicted(timed(state, input.sentAt, context), context);
    case "failed": {
      // what a claim has done is only known after a read; a renewal is just sent again
      const holds = state.phase === "leading" || state.phase === "releasing";
      const request = holds ? state.due.request : "read";
      return retry(state, { request, forbidden: input.forbidden }, context);
    }
    case "stopped":
      return stop(state, input.writing, context);
    case "abandoned":
      return state.phase === "leading"
        ? release(state, { request: "write", lost: "it was released" }, context)
        : state;
    case "resigned":
    case "rested":
      return rest(state, input, context);
  }
}

/**
 * Whether what was read or watched is older than what is known. What was asked for afterwards is
 * not, whatever its version is: a server that was restored from a backup has lower ones.
 */
function isStale(
  { seen }: ElectionState,
  { lease, sentAt = -Infinity }: { lease?: LeaseRecord; sentAt?: number },
): boolean {
  if (seen === undefined || sentAt >= seen.at) return false;
  return lease === undefined || lease.version < (seen.lease?.version ?? 0);
}

/** Measures how long an answer has taken, if it is one. */
function timed<S extends ElectionState>(
  state: S,
  sentAt: number | undefined,
  { now }: StepContext,
): S {
  if (sentAt === undefined) return state;
  return { ...state, roundTrip: measured(state.roundTrip, now - sentAt) };
}

/**
 * A write was refused. Whoever holds the Lease has to know at once what became of it. A claim that
 * came too late has time: the watch tells who was faster, mostly before the refusal comes, and then
 * nothing has to be read; where many candidates claim at once, their reads would be as many.
 */
function conflicted(
  state: Exclude<ElectionState, { phase: "ended" }>,
  context: StepContext,
): ElectionState {
  if (state.phase === "following") return state; // the watch has told, and what is due is known
  const free = state.phase === "claiming" ? 0 : 1;
  return retry(state, { request: "read", free }, context);
}

/** Takes notice of the Lease, and decides anew. */
function see<S extends Exclude<ElectionState, { phase: "ended" }>>(
  state: S,
  lease: LeaseRecord | undefined,
  context: StepContext,
): ElectionState {
  const { now, policy } = context;
  const seen = observe(state.seen, lease, { now, leaseDuration: policy.leaseDuration });
  const mine = isMine(lease, policy);
  const memory = {
    seen,
    newest: mine ? state.newest : Math.max(state.newest, lease?.version ?? 0),
    transitions: lease ? Math.max(state.transitions ?? 0, lease.transitions) : state.transitions,
  };
  switch (state.phase) {
    case "leading":
      if (lease === undefined || mine) { // one that was deleted is made again
        const written = state.due.request === "read" ? now : state.due.at;
        const at = lease === undefined ? now : written;
        return { ...state, ...memory, due: { request: "write", at } };
      }
      return leave(
        { ...state, ...memory },
        lease.holder === undefined
          ? "its holder was removed from the lease"
          : `the lease is held by "${lease.holder}" now`,
        context,
      );
    case "releasing":
      if (!mine) return released({ ...state, ...memory }, context);
      if (state.due.request === "write") return { ...state, ...memory };
      return { ...state, ...memory, due: { request: "write", at: now } };
    case "following":
    case "claiming":
      return decide({ ...state, ...memory }, context);
  }
}

/** Claims the Lease if it may be taken, else waits for it to expire. */
function decide(state: Following | Claiming, context: StepContext): Following | Claiming {
  const { now, policy } = context;
  const { seen, phase, due } = state;
  const { lease, heldUntil } = seen!;
  if (!isMine(lease, policy) && now < heldUntil) {
    const at = heldUntil + spreadAfterExpiry(state.roundTrip ?? 0, policy.random());
    // whose lease it is does not matter for failures: they count until another's is valid
    return { ...state, phase: "following", failures: 0, due: { request: "read", at } };
  }
  if (phase === "claiming") return state; // has its time already
  // whoever read because the lease had its time has waited; whoever hears of it by the watch has not
  const waited = lease === undefined || isMine(lease, policy) || due.at <= now;
  const spread = waited ? 0 : spreadAfterRelease(state.roundTrip ?? 0, policy.random());
  const at = Math.max(now, retryAt(state, context), state.restingUntil ?? 0) + spread;
  return { ...state, phase: "claiming", due: { request: "write", at } };
}

function wrote(
  state: Exclude<ElectionState, { phase: "ended" }>,
  { lease, sentAt }: { lease: LeaseRecord; sentAt: number },
  context: StepContext,
): ElectionState {
  const { now, policy } = context;
  if (isStale(state, { lease })) return state; // what is known tells more
  const deadline = sentAt + policy.renewDeadline;
  const due = { request: "write", at: sentAt + policy.renewInterval } as const;
  if (state.phase === "leading") {
    // its own term's renewals only make its version known
    const known = see(state, lease, context);
    if (known.phase !== "leading") return known;
    const newest = Math.max(state.newest, lease.version);
    return { ...known, newest, deadline: Math.max(state.deadline, deadline), due, failures: 0 };
  }
  // the watch may have told earlier that the Lease is released, and then it is no claim that succeeded
  if (state.phase === "releasing" || !isMine(lease, policy)) return see(state, lease, context);
  const { seen, transitions } = see(state, lease, context);
  const known = { ...state, seen, transitions, phase: "claiming", lost: undefined } as const;
  if (lease.version <= state.newest) { // the server has forgotten versions that it gave before
    return retry(known, { request: "write" }, context);
  }
  const newest = lease.version;
  // an answer that came too late gives no time to lead in
  if (now >= deadline) return { ...known, newest, due: { request: "write", at: now } };
  if (now < (state.restingUntil ?? 0)) { // it was on its way when no term was wanted any longer
    return release({ ...known, newest }, { request: "write" }, context);
  }
  const { failures: _, ...memory } = known;
  return { ...memory, newest, phase: "leading", token: lease.version, deadline, due, failures: 0 };
}

/** The request to make after a failure, and when. */
function retry<S extends Exclude<ElectionState, { phase: "ended" }>>(
  state: S,
  { request, free = 0, forbidden = false }: {
    request: "read" | "write";
    /** So many failures need no waiting. */
    free?: number;
    forbidden?: boolean;
  },
  context: StepContext,
): ElectionState {
  const failed = { ...state, failures: state.failures + 1 };
  const at = retryAt(failed, context, { free, forbidden });
  if (state.phase === "claiming" && request === "read") {
    return { ...failed, phase: "following", due: { request, at } } as Following;
  }
  return { ...failed, due: { request, at } };
}

/** When to try again: at once if nothing failed, else after a while, within the renewal's interval. */
function retryAt(
  { failures }: Memory,
  { now, policy }: StepContext,
  { free = 1, forbidden = false } = {},
): number {
  if (failures <= free) return now;
  // a missing permission comes back when a person gives it
  const longest = forbidden ? policy.leaseDuration : policy.renewInterval;
  const wait = Math.min(longest, MIN_RETRY_MS * 2 ** Math.min(failures - free - 1, 20));
  return now + wait * (0.5 + policy.random() / 2);
}

/** Leaves a term that was lost. */
function leave(state: Leading, lost: string, context: StepContext): ElectionState {
  const { token: _token, deadline: _deadline, phase: _phase, ...memory } = state;
  if (state.stopping) return end(memory, lost);
  const due = { request: "read", at: context.now } as const;
  if (state.seen === undefined) return { ...memory, phase: "following", due, lost };
  return decide({ ...memory, phase: "following", due, lost }, context);
}

function stop(
  state: Exclude<ElectionState, { phase: "ended" }>,
  writing: boolean,
  context: StepContext,
): ElectionState {
  const stopping = { ...state, stopping: true };
  if (state.phase === "leading" || state.phase === "releasing") return stopping;
  // a claim that is under way may succeed
  return writing ? release(stopping as Claiming, { request: "read" }, context) : end(stopping);
}

/** Gives up the term, if there is one, and claims nothing for a while. */
function rest(
  state: Exclude<ElectionState, { phase: "ended" }>,
  { type, until }: { type: "resigned" | "rested"; until: number },
  context: StepContext,
): ElectionState {
  const resting = { ...state, restingUntil: until };
  if (resting.phase === "leading") {
    if (type === "rested") return resting;
    return release(resting, { request: "write", lost: "it was given up" }, context);
  }
  if (resting.phase !== "claiming" || resting.seen === undefined) return resting;
  return decide({ ...resting, phase: "following" }, context);
}

function release(
  state: Leading | Claiming | Following,
  { request, lost }: { request: "read" | "write"; lost?: string },
  { now, policy }: StepContext,
): Releasing {
  const { seen, newest, transitions, roundTrip, failures, stopping, restingUntil } = state;
  return {
    ...{ seen, newest, transitions, roundTrip, failures, stopping, restingUntil },
    phase: "releasing",
    due: { request, at: now },
    until: now + policy.releaseWithin,
    lost,
  };
}

/** What follows when the Lease was given back, or could not be in time. */
function released(state: Releasing, context: StepContext): ElectionState {
  if (state.stopping) return end(state, state.lost);
  const { until: _until, lost: _lost, phase: _phase, ...memory } = state;
  return decide({ ...memory, phase: "following" }, context);
}

function end(
  { seen, newest, transitions, roundTrip, failures }: Memory,
  lost?: string,
): ElectionState {
  const memory = { seen, newest, transitions, roundTrip, failures, stopping: true };
  return { ...memory, phase: "ended", lost };
}

/** Whether this very `Election` wrote the Lease: then nobody else leads. */
function isMine(lease: LeaseRecord | undefined, { identity, instance }: ElectionPolicy): boolean {
  return lease?.holder === identity && lease.instance === instance;
}
