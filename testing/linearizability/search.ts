/**
 * The search for a linearization: an order of the operations, each between its call and its return,
 * in which a sequential object would have given the same answers.
 *
 * The algorithm is Wing and Gong's ("Testing and Verifying Concurrent Objects", 1993) with Lowe's
 * improvements ("Testing for linearizability", 2017): operations are lifted out of a doubly linked list
 * as they are given their place, and a configuration (what has its place, and the state) that has led
 * nowhere is not entered again. Anish Athalye's Porcupine is how it became a practical tool. The code
 * is our own, and goes on from there:
 *
 * - An operation may be *optional*: it takes effect within its interval or never, as does one whose
 *   answer was lost. Optional ones are tried only when no other can be next, and must make a
 *   difference to what comes next. A configuration is not entered either if another of the same state
 *   has needed fewer of them.
 * - Where one can never be placed any more, as the object has gone past its answer, nothing is tried.
 * - What only reads is placed as soon as it can be, and never moved: that cannot be wrong, unless an
 *   optional operation would come too late then.
 *
 * Everything here is sequential and in memory. The search ends with a linearization, when all
 * possibilities are through, or when its time is over.
 */
import { type Entry, EntryList } from "./entry_list.ts";
import type { Model } from "./model.ts";
import type { Operation } from "./operation.ts";

/** How many tries are made between two looks at the clock. */
const TRIES_PER_LOOK = 512;

/** An operation of a search. */
export interface Candidate<Input, Output> {
  readonly operation: Operation<Input, Output>;
  /** Whether it may be left out. */
  readonly isOptional: boolean;
}

/** How a search ended. */
export interface SearchResult {
  /** Whether there is a linearization; undefined if time was over before that was known. */
  readonly found: boolean | undefined;
  /** The longest one that was found, as indices of the candidates: of all of them if `found`. */
  readonly order: readonly number[];
}

/** What is to be tried next: a call in the list, or an optional operation. */
interface Cursor {
  phase: "reads" | "changes" | "optional";
  entry: Entry | undefined;
  optional: number;
}

/** A placed operation, and how to go on without it. */
interface Frame<State> {
  readonly operation: number;
  readonly isOptional: boolean;
  /** Whether nothing else needs to be tried in its place. */
  readonly isForced: boolean;
  readonly state: State;
  readonly latestCall: number;
  readonly highest: number;
  readonly cursor: Cursor;
}

/** Looks for a linearization until `deadline`, in milliseconds of `performance.now()`. */
export function searchLinearization<State, Input, Output>(
  model: Model<State, Input, Output>,
  candidates: readonly Candidate<Input, Output>[],
  deadline: number,
): SearchResult {
  return new Search(model, candidates).run(deadline);
}

interface Placed<Input, Output> {
  readonly index: number;
  readonly input: Input;
  readonly output: Output | undefined;
  readonly call: number;
  readonly return: number;
  readonly isReadOnly: boolean;
  /** What it can be told from by nothing if neither ever returns: of such ones the earliest is used first. */
  readonly twin: string | undefined;
}

class Search<State, Input, Output> {
  readonly #model: Model<State, Input, Output>;
  readonly #required: Placed<Input, Output>[];
  readonly #optional: Placed<Input, Output>[];
  /** For each optional operation the one before it that is its twin. */
  readonly #twins: (number | undefined)[];
  /** The optional operations that end, in the order in which they do. */
  readonly #byReturn: number[];
  readonly #list: EntryList;
  readonly #isLifted: Uint8Array;
  readonly #isUsed: Uint8Array;
  /** By state and what is lifted, the sets of optional operations that this was reached with. */
  readonly #entered = new Map<string, bigint[]>();
  readonly #frames: Frame<State>[] = [];
  #state: State;
  #placed = 0;
  #used = 0n;
  /** The latest call among the placed ones: what had returned before it can come no more. */
  #latestCall = -1;
  /** The highest required operation that is lifted. */
  #highest = -1;
  #cursor: Cursor;
  #longest: number[] = [];

  constructor(
    model: Model<State, Input, Output>,
    candidates: readonly Candidate<Input, Output>[],
  ) {
    this.#model = model;
    const all = positioned(model, candidates);
    this.#required = all.filter(({ index }) => !candidates[index]!.isOptional);
    this.#optional = all.filter(({ index, isReadOnly }) =>
      candidates[index]!.isOptional && !isReadOnly
    );
    this.#twins = twins(this.#optional);
    this.#byReturn = [...this.#optional.keys()]
      .filter((at) => this.#optional[at]!.return !== Infinity)
      .sort((a, b) => this.#optional[a]!.return - this.#optional[b]!.return);
    this.#list = new EntryList(this.#required);
    this.#isLifted = new Uint8Array(this.#required.length);
    this.#isUsed = new Uint8Array(this.#optional.length);
    this.#state = model.init();
    this.#cursor = this.#start();
  }

  run(deadline: number): SearchResult {
    this.#enter(this.#state);
    for (let tries = 1; this.#placed < this.#required.length; tries++) {
      if (tries % TRIES_PER_LOOK === 0 && performance.now() > deadline) {
        this.#keepLongest();
        return { found: undefined, order: this.#longest };
      }
      if (this.#advance()) continue;
      this.#keepLongest();
      if (!this.#retreat()) return { found: false, order: this.#longest };
    }
    return { found: true, order: this.#order() };
  }

  /** Places the next operation that can be; false if there is none. */
  #advance(): boolean {
    const cursor = this.#cursor;
    while (cursor.phase !== "optional") {
      const { entry } = cursor;
      if (entry === undefined || !entry.isCall) { // what returns first must be placed before the rest
        if (cursor.phase === "reads") this.#cursor.phase = "changes";
        else this.#cursor.phase = "optional";
        cursor.entry = this.#list.first;
        continue;
      }
      cursor.entry = entry.next;
      const operation = this.#required[entry.operation]!;
      if (this.#isForced(operation) !== (cursor.phase === "reads")) continue;
      if (this.#place(operation, entry.operation, false)) return true;
      if (this.#isTooLate(operation)) return this.#isStuck();
    }
    const barrier = this.#barrier();
    while (cursor.optional < this.#optional.length) {
      const operation = this.#optional[cursor.optional]!;
      if (operation.call > barrier) return false;
      const at = cursor.optional++;
      if (this.#isUsed[at] === 1 || operation.return < this.#latestCall) continue;
      const twin = this.#twins[at];
      if (twin !== undefined && this.#isUsed[twin] === 0) continue;
      if (this.#place(operation, at, true)) return true;
    }
    return false;
  }

  #place(operation: Placed<Input, Output>, at: number, isOptional: boolean): boolean {
    const [legal, next] = this.#model.step(this.#state, operation.input, operation.output);
    if (!legal || this.#isInVain(operation, next, isOptional)) return false;
    const frame = {
      operation: at,
      isOptional,
      isForced: !isOptional && this.#isForced(operation),
      state: this.#state,
      latestCall: this.#latestCall,
      highest: this.#highest,
      cursor: this.#cursor,
    };
    this.#mark(frame, true);
    this.#latestCall = Math.max(this.#latestCall, operation.call);
    if (!isOptional) this.#highest = Math.max(this.#highest, at);
    if (!this.#enter(next)) {
      this.#undo(frame);
      // nothing came of placing a read: nothing can come of this configuration either
      return frame.isForced ? this.#isStuck() : false;
    }
    this.#frames.push(frame);
    this.#state = next;
    this.#cursor = this.#start();
    return true;
  }

  /**
   * Whether the same comes of leaving an optional operation out: this one, since it changes nothing, or
   * the one before it, since this one leads to the same without it.
   */
  #isInVain(operation: Placed<Input, Output>, next: State, isOptional: boolean): boolean {
    if (isOptional && this.#key(next) === this.#key(this.#state)) return true;
    const last = this.#frames.at(-1);
    if (!last?.isOptional) return false;
    const [legal, other] = this.#model.step(last.state, operation.input, operation.output);
    return legal && this.#key(other) === this.#key(next);
  }

  /** Whether it can be placed as soon as it is legal: a read that no optional operation must come before. */
  #isForced({ isReadOnly, call }: Placed<Input, Output>): boolean {
    if (!isReadOnly) return false;
    if (call <= this.#latestCall) return true;
    let [at, end] = [0, this.#byReturn.length];
    while (at < end) {
      const middle = (at + end) >> 1;
      if (this.#optional[this.#byReturn[middle]!]!.return > this.#latestCall) end = middle;
      else at = middle + 1;
    }
    for (; at < this.#byReturn.length; at++) {
      const optional = this.#byReturn[at]!;
      if (this.#optional[optional]!.return > call) return true;
      if (this.#isUsed[optional] === 0) return false;
    }
    return true;
  }

  #isTooLate({ input, output }: Placed<Input, Output>): boolean {
    return output !== undefined && (this.#model.isTooLate?.(this.#state, input, output) ?? false);
  }

  /** Nothing can come of this configuration: no more is tried. */
  #isStuck(): false {
    this.#cursor.phase = "optional";
    this.#cursor.optional = this.#optional.length;
    return false;
  }

  /** Takes back the last placed operation that something else can be tried for; false if there is none. */
  #retreat(): boolean {
    for (let frame = this.#frames.pop(); frame !== undefined; frame = this.#frames.pop()) {
      this.#undo(frame);
      if (!frame.isForced) return true;
    }
    return false;
  }

  #undo(frame: Frame<State>): void {
    this.#mark(frame, false);
    this.#state = frame.state;
    this.#latestCall = frame.latestCall;
    this.#highest = frame.highest;
    this.#cursor = frame.cursor;
  }

  #mark({ operation, isOptional }: Frame<State>, isPlaced: boolean): void {
    if (isOptional) {
      this.#isUsed[operation] = isPlaced ? 1 : 0;
      this.#used ^= 1n << BigInt(operation);
      return;
    }
    this.#isLifted[operation] = isPlaced ? 1 : 0;
    this.#placed += isPlaced ? 1 : -1;
    if (isPlaced) this.#list.lift(operation);
    else this.#list.putBack(operation);
  }

  /** Notes the configuration; false if nothing can come of it that would not have come before. */
  #enter(state: State): boolean {
    const key = `${this.#lifted()}${this.#key(state)}`;
    const before = this.#entered.get(key);
    if (before === undefined) {
      this.#entered.set(key, [this.#used]);
      return true;
    }
    if (before.some((used) => (used & this.#used) === used)) return false;
    before.push(this.#used);
    return true;
  }

  #key(state: State): string {
    return this.#model.key?.(state) ?? JSON.stringify(state);
  }

  /** Which required operations are lifted: up to the first that is not all are. */
  #lifted(): string {
    const first = this.#list.first?.operation ?? this.#required.length;
    let bits = "";
    for (let at = first + 1; at <= this.#highest; at += 15) {
      let word = 0;
      for (let i = 0; i < 15; i++) word = word << 1 | (this.#isLifted[at + i] ?? 0);
      bits += String.fromCharCode(word);
    }
    return `${first} ${bits.length} ${bits}`;
  }

  /** The first return of what has no place yet. */
  #barrier(): number {
    let entry = this.#list.first;
    while (entry?.isCall) entry = entry.next;
    return entry?.position ?? Infinity;
  }

  #start(): Cursor {
    return { phase: "reads", entry: this.#list.first, optional: 0 };
  }

  #keepLongest(): void {
    if (this.#frames.length > this.#longest.length) this.#longest = this.#order();
  }

  #order(): number[] {
    return this.#frames.map(({ operation, isOptional }) =>
      (isOptional ? this.#optional : this.#required)[operation]!.index
    );
  }
}

/** The operations by call, with their places among all calls and returns; what is at the same time overlaps. */
function positioned<State, Input, Output>(
  model: Model<State, Input, Output>,
  candidates: readonly Candidate<Input, Output>[],
): Placed<Input, Output>[] {
  const ends = candidates.flatMap(({ operation }, index) => [
    { index, at: operation.call, isCall: true },
    ...(operation.return === Infinity ? [] : [{ index, at: operation.return, isCall: false }]),
  ]);
  ends.sort((a, b) => a.at - b.at || Number(b.isCall) - Number(a.isCall));
  const calls: number[] = [];
  const returns: number[] = [];
  ends.forEach(({ index, isCall }, position) => {
    (isCall ? calls : returns)[index] = position;
  });
  return candidates
    .map(({ operation: { input, output } }, index) => ({
      index,
      input,
      output,
      call: calls[index]!,
      return: returns[index] ?? Infinity,
      isReadOnly: output !== undefined && (model.isReadOnly?.(input, output) ?? false),
      twin: returns[index] === undefined ? JSON.stringify([input, output]) : undefined,
    }))
    .sort((a, b) => a.call - b.call);
}

function twins(optional: readonly { twin: string | undefined }[]): (number | undefined)[] {
  const latest = new Map<string, number>();
  return optional.map(({ twin }, at) => {
    if (twin === undefined) return undefined;
    const before = latest.get(twin);
    latest.set(twin, at);
    return before;
  });
}
