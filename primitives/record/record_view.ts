import type { ErrorReporter } from "../../runtime/mod.ts";
import type { FencingToken } from "../fencing/fencing_token.ts";
import {
  absent,
  type ConfigMapJson,
  isSameObject,
  parseObject,
  type RecordDefinition,
  type Snapshot,
} from "./record_object.ts";

/** A state, and the version at which it was so. */
export interface Versioned<S> {
  readonly state: S;
  /** Grows with each change, also over deletion of the object; 0 if there never was one. */
  readonly version: FencingToken;
}

/** Hears of what is known. */
export type RecordListener<S> = (now: Versioned<S>) => void;

/** Hears what the watch tells. */
export type RecordFollower<S> = (seen: Versioned<S>, isGone: boolean) => void;

/**
 * What a process knows of a record, and who hears of it. What is known is never replaced by something
 * older, but by what the server answers to a question that was asked after it was told.
 */
export class RecordView<S> {
  readonly listeners: Set<RecordListener<S>> = new Set();
  readonly followers: Set<RecordFollower<S>> = new Set();
  readonly #definition: RecordDefinition<S>;
  readonly #errors: ErrorReporter;
  #known: Snapshot<S> | undefined;

  /** Nothing is known yet. */
  constructor(definition: RecordDefinition<S>, errors: ErrorReporter) {
    this.#definition = definition;
    this.#errors = errors;
  }

  /** What was last seen. */
  get known(): Snapshot<S> | undefined {
    return this.#known;
  }

  /**
   * Reads an object; not again if it is known, for each write comes back as an event.
   *
   * @throws {RecordError} when it is no such record
   */
  parse(object: ConfigMapJson): Snapshot<S> {
    const known = this.#known;
    const version = Number(object.metadata?.resourceVersion);
    const isKnown = known?.object && known.version === version &&
      isSameObject(known.object, object);
    return isKnown ? known : parseObject(this.#definition, object);
  }

  /** Takes what was answered to a question that was asked when `before` was known. */
  answered(seen: Snapshot<S>, before: Snapshot<S> | undefined): void {
    if (this.#known === before && seen !== before) this.#know(seen);
    else this.#offer(seen);
  }

  /** Takes the answer that there is no object. */
  answeredAbsent(before: Snapshot<S> | undefined): Snapshot<S> {
    const none = absent(this.#definition, before?.version ?? 0);
    if (this.#known === before && (before === undefined || before.object)) this.#know(none);
    return none;
  }

  /** Takes what the watch tells. */
  watched(object: ConfigMapJson, isGone: boolean): void {
    try {
      const seen = this.parse(object);
      for (const follower of [...this.followers]) this.safely(() => follower(seen, isGone));
      if (!isGone) this.#offer(seen);
    } catch (error) {
      this.#errors.report(error);
    }
    const known = this.#known;
    if (!isGone || !known?.object || !isSameObject(known.object, object)) return;
    const version = Number(object.metadata?.resourceVersion);
    this.#know(absent(this.#definition, Math.max(known.version, version)));
  }

  /** Calls what somebody else has given. */
  safely(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.#errors.report(error);
    }
  }

  #offer(seen: Snapshot<S>): void {
    if (!this.#known || seen.version > this.#known.version) this.#know(seen);
  }

  #know(snapshot: Snapshot<S>): void {
    this.#known = snapshot;
    for (const listener of [...this.listeners]) {
      // what a listener causes may be told already
      if (this.#known !== snapshot || !this.listeners.has(listener)) continue;
      this.safely(() => listener(snapshot));
    }
  }
}
