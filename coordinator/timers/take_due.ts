import { type Due, dueNow, interruptedBefore, MAX_CALLS, taken } from "./due.ts";
import type { CheckedTimer } from "./timer_options.ts";
import {
  type Declaration,
  isAhead,
  register,
  type TimerEntry,
  type TimerRecord,
} from "./timer_record.ts";

/** A due time for which a timer's handler is to be called. */
export interface Call {
  readonly timer: CheckedTimer;
  readonly due: Due;
}

/** What is decided by. */
export interface TakeContext extends Declaration {
  readonly declared: ReadonlyMap<string, CheckedTimer>;
  readonly now: number;
  /** Id of the term. */
  readonly id: string;
  /** Whether the handler of a timer may be called. */
  readonly isFree: (name: string) => boolean;
  /** The due times with which handlers have ended. */
  readonly ended: ReadonlyMap<string, number>;
  /** What earlier writes of this term were to take, of which nobody knows whether they were stored. */
  readonly unsure: ReadonlyMap<string, readonly Call[]>;
  /** Since when a timer has been waited for. */
  readonly waiting: (timer: CheckedTimer) => number;
}

/** What is to be written, and what is to be done once it is. */
export interface TakenDue {
  readonly record: TimerRecord;
  /** By the timers' names. */
  readonly calls: ReadonlyMap<string, Call>;
  /** What users are to hear. */
  readonly problems: readonly Error[];
}

/** What is taken for a timer. */
interface TakenEntry {
  readonly entry: TimerEntry;
  readonly call?: Call;
  readonly problem?: Error;
}

/** Takes what is due: the record as it is to be written, and the calls that follow from it. */
export function takeDue(live: TimerRecord | undefined, context: TakeContext): TakenDue {
  const { declared, now } = context;
  const calls = new Map<string, Call>();
  const problems: Error[] = [];
  for (const [name, entry] of Object.entries(live?.timers ?? {})) {
    if (declared.has(name) && isAhead(entry, now)) problems.push(wrongClock(name, entry, now));
  }
  const registered = register(live, context, now);
  const timers = Object.entries(registered.timers).map(([name, before]) => {
    const { entry, call, problem } = take(name, withoutEnded(name, before, context), context);
    if (call !== undefined) calls.set(name, call);
    if (problem !== undefined) problems.push(problem);
    return [name, entry] as const;
  });
  return { record: { ...registered, timers: Object.fromEntries(timers) }, calls, problems };
}

function take(name: string, before: TimerEntry, context: TakeContext): TakenEntry {
  const { declared, isFree, unsure, id, waiting, now } = context;
  const timer = declared.get(name);
  if (timer === undefined || !isFree(name)) return { entry: before };
  const stored = unsure.get(name)?.find(({ due }) => due.due === before.last);
  if (stored !== undefined && before.by === id) {
    // a call of an earlier timer of that name is not for this one's handler
    return { entry: before, ...(stored.timer === timer && { call: stored }) };
  }
  const options = { ...timer, waiting: waiting(timer) };
  const again = interruptedBefore(before, options, id);
  const isTooOften = again !== undefined && again.call > MAX_CALLS;
  const entry = isTooOften ? closed(before) : before;
  const problem = isTooOften ? tooOften(name, again) : undefined;
  const due = (isTooOften ? undefined : again) ?? dueNow(entry, options, now);
  if (due === undefined) return { entry, problem };
  return {
    entry: taken(entry, due, { id, interrupted: timer.interrupted }),
    call: { timer, due },
    problem,
  };
}

/** The entry without the mark that its handler is at work, if it is not. */
function withoutEnded(name: string, entry: TimerEntry, { ended }: TakeContext): TimerEntry {
  return entry.open !== undefined && entry.last === ended.get(name) ? closed(entry) : entry;
}

function closed({ open: _, ...entry }: TimerEntry): TimerEntry {
  return entry;
}

function tooOften(name: string, { due }: Due): Error {
  const at = new Date(due).toISOString();
  return new Error(`Cannot end timer "${name}" of ${at}: it was interrupted ${MAX_CALLS} times`);
}

function wrongClock(name: string, { since, last }: TimerEntry, now: number): Error {
  const [at, shown] = [last ?? since, now].map((time) => new Date(time).toISOString());
  return new Error(
    `Cannot go on with timer "${name}" at ${at}: the clock shows ${shown}; it begins anew`,
  );
}
