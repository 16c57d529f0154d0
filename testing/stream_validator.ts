import {
  checkAtomic,
  checkBookmarkable,
  checkOrdered,
  checkReliable,
  checkResumable,
  checkUnique,
} from "./stream_checks.ts";
import type { RecordedState, StreamEntry, StreamObject, StreamViolation } from "./stream_entry.ts";

/** Types of the events that tell that an object is gone. */
const GONE: readonly string[] = ["deleted", "gone"];

/** How many violations an error names; the others are counted. */
const NAMED = 10;

/** An event as a handler hears it, as far as it is checked. */
export interface ValidatedEvent<T extends StreamObject> {
  /** What happened. */
  readonly type: string;
  /** Whether it is present state told again. */
  readonly replayed: boolean;
  /** The object. */
  readonly source: T;
  /** Tells events of one state and type apart: restarts of two containers. */
  readonly container?: string;
}

/** Options of a {@linkcode StreamValidator}. */
export interface StreamValidatorOptions<T extends StreamObject> {
  /**
   * What of an object must be told: two states of which it is the same, as JSON, need not be told
   * both.
   *
   * @default the version, so that every state counts
   */
  visible?: (object: T) => unknown;
}

/**
 * Checks that what a handler hears keeps the promises that etcd states for its watch.
 *
 * Flow: `hear` each event of one handler, `record` each change by a plain watch from version 0 that
 * sees no faults, mark where the handler's connection resumed, and where it must be up to date;
 * when both have ended, ask for `violations()`.
 *
 * Assumptions: one handler and one kind of object to a validator; versions are numbers.
 *
 * @example
 * ```ts ignore
 * import { StreamValidator } from "@troupe/troupe/testing";
 *
 * const validator = new StreamValidator<Pod>({ visible: (pod) => pod.status });
 * coordinator.onPodEvent((e) => validator.hear(e));
 * coordinator.onCoordinatorEvent((e) => e.type === "disconnected" && validator.resumed());
 * plainWatch.onChange(({ type, object }) => validator.record(type, object));
 * // … faults …
 * validator.assertValid();
 * ```
 */
export class StreamValidator<T extends StreamObject> {
  readonly #visible: (object: T) => unknown;
  readonly #entries: StreamEntry[] = [];
  readonly #record: RecordedState[] = [];
  readonly #recordedIds = new Set<string>();

  /** Nothing was heard and nothing recorded yet. */
  constructor(options: StreamValidatorOptions<T> = {}) {
    this.#visible = options.visible ?? ((object) => object.metadata?.resourceVersion);
  }

  /** What was heard so far, and the marks. */
  get entries(): readonly StreamEntry[] {
    return this.#entries;
  }

  /** What was recorded so far. */
  get recorded(): readonly RecordedState[] {
    return this.#record;
  }

  /** Takes an event that the handler hears. */
  hear(event: ValidatedEvent<T>): void {
    const { type, replayed, source, container = "" } = event;
    const state = this.#stateOf(source, GONE.includes(type));
    this.#entries.push({ ...state, entry: "event", type, replayed, detail: container });
  }

  /**
   * Takes a change of the record. What is recorded twice, as the recording watch was begun anew,
   * counts once.
   */
  record(type: "added" | "modified" | "deleted", object: T): void {
    const state = this.#stateOf(object, type === "deleted");
    const id = `${state.uid} ${state.revision} ${state.deleted}`;
    if (this.#recordedIds.has(id)) return;
    this.#recordedIds.add(id);
    this.#record.push(state);
  }

  /**
   * The watch of the handler's objects was interrupted; what comes from here on is heard after that.
   * The interruption of another kind's watch is none: nothing is told again then.
   */
  resumed(): void {
    this.#entries.push({ entry: "resumed" });
  }

  /** The handler must know by now all that there was up to this version. */
  bookmark(resourceVersion: string): void {
    this.#entries.push({ entry: "bookmark", revision: revisionOf(resourceVersion) });
  }

  /** All promises that were not kept. */
  violations(): StreamViolation[] {
    const record = [...this.#record].sort((a, b) => a.revision - b.revision);
    return [
      ...checkOrdered(this.#entries),
      ...checkUnique(this.#entries),
      ...checkAtomic(this.#entries, record),
      ...checkReliable(this.#entries, record),
      ...checkResumable(this.#entries),
      ...checkBookmarkable(this.#entries, record),
    ];
  }

  /**
   * Does nothing if all promises were kept.
   *
   * @throws {Error} naming those that were not
   */
  assertValid(): void {
    const violations = this.violations();
    if (violations.length === 0) return;
    const named = violations.slice(0, NAMED)
      .map(({ property, message, at }) => `not ${property}, entry ${at}: ${message}`);
    const more = violations.length - named.length;
    if (more > 0) named.push(`${more} more`);
    throw new Error(`Cannot accept the stream: ${named.join("; ")}`);
  }

  #stateOf(object: T, deleted: boolean): RecordedState {
    const { name, namespace, uid, resourceVersion } = object.metadata ?? {};
    return {
      uid: uid ?? "",
      key: [namespace, name].filter(Boolean).join("/"),
      revision: revisionOf(resourceVersion ?? ""),
      deleted,
      visible: JSON.stringify(this.#visible(object)) ?? "",
    };
  }
}

function revisionOf(resourceVersion: string): number {
  if (!/^\d+$/.test(resourceVersion)) {
    throw new TypeError(`Cannot order version "${resourceVersion}": it is no number`);
  }
  return Number(resourceVersion);
}
