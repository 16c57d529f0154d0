import { deepStrictEqual, ok } from "node:assert/strict";
import {
  checkAtomic,
  checkBookmarkable,
  checkOrdered,
  checkReliable,
  checkResumable,
  checkUnique,
} from "./stream_checks.ts";
import type { HeardEvent, RecordedState, StreamEntry, StreamViolation } from "./stream_entry.ts";

function state(uid: string, revision: number, more: Partial<RecordedState> = {}): RecordedState {
  return { uid, key: "a", revision, deleted: false, visible: String(revision), ...more };
}

function gone(uid: string, revision: number): RecordedState {
  return state(uid, revision, { deleted: true });
}

function heard(of: RecordedState, more: Partial<HeardEvent> = {}): HeardEvent {
  const type = of.deleted ? "deleted" : "ready";
  return { ...of, entry: "event", type, detail: "", replayed: false, ...more };
}

const RESUMED = { entry: "resumed" } as const;
const AGAIN = { replayed: true };

/** What was recorded: one object that stays, one that goes, and one that takes its name. */
const RECORD = [
  state("a1", 1),
  state("b1", 2, { key: "b" }),
  state("a1", 3),
  state("b1", 4, { key: "b", visible: "2" }),
  gone("a1", 5),
  state("a2", 6),
];

type Check = (entries: StreamEntry[], record: RecordedState[]) => StreamViolation[];

const CHECKS: readonly Check[] = [
  checkOrdered,
  checkUnique,
  checkAtomic,
  checkReliable,
  checkResumable,
  checkBookmarkable,
];

const [A1, B2, A3, B4, A5, A6] = RECORD.map((each) => heard(each));

/** Streams that keep every promise. */
const GOOD: readonly (readonly [why: string, entries: StreamEntry[]])[] = [
  ["all is told", [A1!, B2!, A3!, B4!, A5!, A6!]],
  ["states are merged, and what shows nothing new is left out", [B2!, A3!, A5!, A6!]],
  ["an object is told only as deleted", [A5!, B2!, A6!]],
  ["an object came and went unseen", [B2!, A6!]],
  ["one state gives several events", [
    B2!,
    { ...A6!, type: "restarted", detail: "x" },
    { ...A6!, type: "restarted", detail: "y" },
    A6!,
  ]],
  ["a deletion is told with the last version that was known", [
    A3!,
    B2!,
    { ...A3!, deleted: true },
    A6!,
  ]],
  ["what is there is told again after an interruption", [
    A1!,
    B2!,
    RESUMED,
    A5!,
    { ...B2!, ...AGAIN },
    A6!,
  ]],
  ["an interruption is followed by another one", [
    B2!,
    RESUMED,
    RESUMED,
    { ...B4!, ...AGAIN },
    A6!,
  ]],
  ["bookmarks come when all is known", [
    B2!,
    A3!,
    { entry: "bookmark", revision: 4 },
    A5!,
    A6!,
    { entry: "bookmark", revision: 6 },
  ]],
];

for (const [why, entries] of GOOD) {
  Deno.test(`the checks of a stream find nothing when ${why}`, () => {
    deepStrictEqual(CHECKS.flatMap((check) => check(entries, [...RECORD])), []);
  });
}

/** Streams that break one promise, and where that shows. */
const BAD: readonly (readonly [check: Check, why: string, entries: StreamEntry[], at: number])[] = [
  [checkOrdered, "an older state follows", [A3!, { ...A1!, ...AGAIN }], 1],
  [checkOrdered, "something follows a deletion", [A5!, { ...A5!, deleted: false }], 1],
  [checkOrdered, "what was replaced is heard of", [A1!, A6!, A3!], 2],
  [checkUnique, "a state is told twice", [A1!, A1!], 1],
  [checkUnique, "a state is told twice with others between", [A1!, B2!, A1!], 2],
  [checkUnique, "a deletion is told twice", [A5!, { ...A3!, deleted: true }], 1],
  [checkAtomic, "a state was never there", [heard(state("a1", 2))], 0],
  [checkAtomic, "a state is a mixture", [heard(state("a1", 3, { visible: "1" }))], 0],
  [checkAtomic, "an object is told that was deleted with this version", [
    { ...A5!, deleted: false },
  ], 0],
  [checkReliable, "a last state is missing", [A1!, A5!, B2!], 3],
  [checkReliable, "a last state is missing and an older one was heard", [A5!, B2!, A6!], 3],
  [checkReliable, "a deletion is missing", [A1!, B2!, A6!], 3],
  [checkResumable, "an object is not told again", [A1!, B2!, RESUMED, { ...B2!, ...AGAIN }], 4],
  [checkBookmarkable, "a state up to it is missing", [
    A1!,
    B2!,
    { entry: "bookmark", revision: 3 },
  ], 2],
  [checkBookmarkable, "a deletion up to it is missing", [
    A3!,
    B2!,
    { entry: "bookmark", revision: 5 },
    A5!,
  ], 2],
];

for (const [check, why, entries, at] of BAD) {
  Deno.test(`${check.name}() finds it when ${why}`, () => {
    const more = why.includes("older one was heard") ? [state("a2", 7)] : [];
    const [violation, ...others] = check(entries, [...RECORD, ...more]);
    ok(violation, "nothing was found");
    deepStrictEqual([violation.at, others], [at, []]);
    ok(check.name.toLowerCase().includes(violation.property));
  });
}
