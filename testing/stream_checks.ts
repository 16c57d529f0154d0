/**
 * Checks of what a handler heard against what there was. etcd states for its watch that events are
 * ordered, unique, reliable and atomic, and that a watch is resumable and bookmarkable; each check
 * says what that means for a handler, which hears states of objects, merged while it is busy.
 *
 * All are pure functions of the entries and the record.
 *
 * @module
 */
import type {
  HeardEvent,
  RecordedState,
  StreamEntry,
  StreamProperty,
  StreamViolation,
} from "./stream_entry.ts";

/**
 * Ordered: for one object no event tells an older state than one before it, nothing follows its
 * deletion, and nothing is heard of an object once one that replaced it was heard of. Of different
 * objects etcd orders events too, but handlers run side by side, so nothing is promised here.
 */
export function checkOrdered(entries: readonly StreamEntry[]): StreamViolation[] {
  const violations = collect("ordered");
  const last = new Map<string, HeardEvent>();
  const present = new Map<string, string>();
  const replaced = new Set<string>();
  for (const [at, event] of heard(entries)) {
    const before = last.get(event.uid);
    if (before?.deleted) violations.add(at, `${nameOf(event)} is heard after its deletion`);
    if (before !== undefined && event.revision < before.revision) {
      violations.add(at, `${nameOf(event)} is heard after version ${before.revision}`);
    }
    if (replaced.has(event.uid)) {
      violations.add(at, `${nameOf(event)} is heard after what replaced it`);
    }
    const other = present.get(event.key);
    if (other !== undefined && other !== event.uid) replaced.add(other);
    present.set(event.key, event.uid);
    last.set(event.uid, event);
  }
  return violations.found;
}

/**
 * Unique: nothing is told twice, but as present state told again. One state may give several
 * events; those differ in type or detail. Nor is a state told that shows nothing new.
 */
export function checkUnique(entries: readonly StreamEntry[]): StreamViolation[] {
  const violations = collect("unique");
  const told = new Set<string>();
  for (const [at, event] of heard(entries)) {
    const { uid, revision, type, detail, deleted, replayed } = event;
    // a deletion may be known only as "no longer there", with the version before it
    const id = JSON.stringify(deleted ? [uid] : [uid, revision, type, detail]);
    if (told.has(id) && !replayed) {
      violations.add(at, `${nameOf(event)} is told twice as "${type}" and not as replayed`);
    }
    told.add(id);
  }
  return violations.found;
}

/**
 * Atomic: an event shows one state that there was, never a mixture of two. etcd promises that all
 * that one version changes is told together; in Kubernetes a version changes one object only.
 */
export function checkAtomic(
  entries: readonly StreamEntry[],
  record: readonly RecordedState[],
): StreamViolation[] {
  const violations = collect("atomic");
  const known = new Map(record.map((state) => [`${state.uid} ${state.revision}`, state]));
  for (const [at, event] of heard(entries)) {
    const state = known.get(`${event.uid} ${event.revision}`);
    if (state === undefined) {
      violations.add(at, `${nameOf(event)} tells a state that there never was`);
    } else if (!event.deleted && (state.deleted || state.visible !== event.visible)) {
      violations.add(at, `${nameOf(event)} tells another state than there was with this version`);
    }
  }
  return violations.found;
}

/**
 * Reliable: in the end the handler knows what there is: the last state of all that exists, and the
 * deletion of all that it ever heard of and that does not. States between may be merged.
 */
export function checkReliable(
  entries: readonly StreamEntry[],
  record: readonly RecordedState[],
): StreamViolation[] {
  const revision = record.reduce((highest, state) => Math.max(highest, state.revision), 0);
  return checkComplete("reliable", entries, record, { revision, at: entries.length });
}

/**
 * Bookmarkable: at each bookmark the handler knows all that there was up to its version, or what
 * came later.
 */
export function checkBookmarkable(
  entries: readonly StreamEntry[],
  record: readonly RecordedState[],
): StreamViolation[] {
  return entries.flatMap((entry, at) =>
    entry.entry === "bookmark"
      ? checkComplete("bookmarkable", entries, record, { revision: entry.revision, at })
      : []
  );
}

/**
 * Resumable: after an interruption the stream goes on where it was. Of each object that had been
 * heard of and not deleted, the present state or the deletion is told before the stream ends. This
 * is asked after the last interruption only: what comes after one before may be cut off by it.
 */
export function checkResumable(entries: readonly StreamEntry[]): StreamViolation[] {
  const violations = collect("resumable");
  const alive = new Map<string, HeardEvent>();
  let awaited = new Map<string, HeardEvent>();
  const resumed = entries.findLastIndex(({ entry }) => entry === "resumed");
  for (const [at, entry] of entries.entries()) {
    if (entry.entry === "resumed") {
      awaited = at === resumed ? new Map(alive) : new Map();
    } else if (entry.entry === "event") {
      awaited.delete(entry.uid);
      if (entry.deleted) alive.delete(entry.uid);
      else alive.set(entry.uid, entry);
    }
  }
  for (const event of awaited.values()) {
    violations.add(entries.length, `${nameOf(event)} is not told again after the interruption`);
  }
  return violations.found;
}

function checkComplete(
  property: StreamProperty,
  entries: readonly StreamEntry[],
  record: readonly RecordedState[],
  { revision, at }: { revision: number; at: number },
): StreamViolation[] {
  const violations = collect(property);
  const last = new Map<string, HeardEvent>();
  for (const [, event] of heard(entries.slice(0, at))) last.set(event.uid, event);
  const histories = new Map<string, RecordedState[]>();
  for (const state of record) {
    const history = histories.get(state.uid);
    if (history === undefined) histories.set(state.uid, [state]);
    else history.push(state);
  }
  for (const [uid, history] of histories) {
    const known = last.get(uid);
    const wanted = history.findLast((state) => state.revision <= revision);
    if (wanted === undefined || known?.deleted) continue;
    if (wanted.deleted) {
      if (known !== undefined) violations.add(at, `the deletion of ${nameOf(wanted)} is missing`);
    } else if (known === undefined) {
      // what was deleted later may have been merged with its deletion, or come and gone unseen
      const isThere = !history.at(-1)!.deleted;
      if (isThere) violations.add(at, `${nameOf(wanted)} is missing`);
    } else if (known.revision < wanted.revision && !isSameSince(history, known, wanted)) {
      violations.add(at, `${nameOf(wanted)} is missing, version ${known.revision} was heard last`);
    }
  }
  return violations.found;
}

/** Whether nothing that must be told differs between what was heard and what there was. */
function isSameSince(
  history: readonly RecordedState[],
  known: HeardEvent,
  wanted: RecordedState,
): boolean {
  return history
    .filter(({ revision }) => revision === known.revision)
    .every(({ visible }) => visible === wanted.visible);
}

function* heard(entries: readonly StreamEntry[]): Generator<[at: number, event: HeardEvent]> {
  for (const [at, entry] of entries.entries()) if (entry.entry === "event") yield [at, entry];
}

function nameOf({ key, uid, revision }: RecordedState): string {
  return `"${key}" (${uid}) of version ${revision}`;
}

function collect(property: StreamProperty): {
  found: StreamViolation[];
  add(at: number, message: string): void;
} {
  const found: StreamViolation[] = [];
  return { found, add: (at, message) => void found.push({ property, message, at }) };
}
