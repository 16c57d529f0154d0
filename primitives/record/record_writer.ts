/**
 * Writes the updates of a record, one batch after another: what comes while one is under way is written
 * together. See the text of `shared_record.ts` for what is promised.
 *
 * A write that failed is sent again as it was, on the same condition, until it is known what became of it.
 * When the condition is refused, the version that it was sent for is no more; so none of the copies can
 * succeed later, and the log in the record tells whether one has. It stops without knowing when all
 * callers have gone, and when an error comes that does not pass.
 *
 * @module
 */
import { anySignal } from "../../runtime/mod.ts";
import type { RequestContext } from "../context.ts";
import { httpCodeOf, isPassing, isUncertain } from "../requests.ts";
import { FAILURE_WAITS, type RecordClient, type Waits } from "./record_client.ts";
import {
  type ConfigMapJson,
  isSameObject,
  objectToWrite,
  type RecordDefinition,
  type Snapshot,
} from "./record_object.ts";
import type { RecordView, Versioned } from "./record_view.ts";
import { UnknownOutcomeError } from "./unknown_outcome_error.ts";
import { type Decide, PendingUpdate, UpdateBatch } from "./update_batch.ts";
import { newWriter, outcomeOf, withWrite, type WriteId } from "./write_log.ts";

/** The wait after a conflict. */
const CONFLICT_WAITS: Waits = { first: 4, longest: 250 };

/** One write. */
interface Write<S> {
  readonly id: WriteId;
  /** What it is written in place of. */
  readonly base: Snapshot<S>;
  readonly object: ConfigMapJson;
}

/** What a {@linkcode RecordWriter} is made of. */
export interface RecordWriterOptions<S> {
  readonly definition: RecordDefinition<S>;
  readonly view: RecordView<S>;
  readonly client: RecordClient<S>;
}

/** See the module's text. */
export class RecordWriter<S> {
  readonly #context: RequestContext;
  readonly #definition: RecordDefinition<S>;
  readonly #view: RecordView<S>;
  readonly #client: RecordClient<S>;
  readonly #writer: string = newWriter();
  #number = 0;
  #waiting: PendingUpdate<S>[] = [];
  #writing = false;

  /** Nothing is sent yet. */
  constructor(context: RequestContext, { definition, view, client }: RecordWriterOptions<S>) {
    this.#context = context;
    this.#definition = definition;
    this.#view = view;
    this.#client = client;
  }

  /** Changes the state. */
  async update(decide: Decide<S>, signal: AbortSignal): Promise<Versioned<S>> {
    signal.throwIfAborted();
    const pending = new PendingUpdate<S>(decide);
    const onAbort = () => {
      const { reason } = signal;
      const why = "it was ended before an answer came";
      pending.fail(pending.sent ? this.#unknown(why, reason) : reason);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    this.#waiting.push(pending);
    if (!this.#writing) this.#context.background.run(this.#write());
    try {
      return await pending.outcome;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Writes until nobody waits. */
  async #write(): Promise<void> {
    this.#writing = true;
    for (let size = Infinity; this.#waiting.length > 0;) {
      const pending = this.#waiting.splice(0, size).filter((it) => !it.settled);
      const batch = new UpdateBatch(pending);
      size = Infinity;
      try {
        batch.done(await this.#commit(batch));
      } catch (error) {
        if (error instanceof RangeError && pending.length > 1) { // one by one, for one is to blame
          this.#waiting.unshift(...pending);
          size = 1;
        } else batch.fail(error);
      }
    }
    this.#writing = false;
  }

  /** Makes one write of what a batch decides, or none if nobody changes anything. */
  async #commit(batch: UpdateBatch<S>): Promise<Versioned<S>> {
    const signal = anySignal([this.#context.signal, batch.signal]);
    for (let base = this.#view.known, conflicts = 0;; conflicts++) {
      const isRead = base === undefined;
      base ??= await this.#client.read(signal);
      let decided = batch.decide(base);
      if (decided.unchanged && !isRead) {
        base = await this.#client.read(signal);
        decided = batch.decide(base);
      }
      if (!decided.changed) return base;
      if (await this.#store(this.#newWrite(base, decided.state), batch, signal)) {
        return this.#view.known!;
      }
      await this.#client.wait(CONFLICT_WAITS, conflicts, signal);
      // the watch, if there is one, may have told by now what was written instead
      const { known }: RecordView<S> = this.#view;
      base = known && known.version > base.version ? known : undefined;
    }
  }

  #newWrite(base: Snapshot<S>, state: S): Write<S> {
    const id = { writer: this.#writer, number: ++this.#number };
    const log = withWrite(base.log, id);
    const { namespace } = this.#context;
    return {
      id,
      base,
      object: objectToWrite(this.#definition, { namespace, base, state, log }),
    };
  }

  /** Sends a write until it is known whether it was stored. */
  async #store(write: Write<S>, batch: UpdateBatch<S>, signal: AbortSignal): Promise<boolean> {
    const { base, object } = write;
    let inDoubt = false;
    for (let failures = 0;; failures++) {
      batch.sent(true);
      try {
        // one that is under way is not cut when the callers go: its answer is good to know
        await this.#client.write(object, base.object === undefined, this.#context.signal);
        return true;
      } catch (error) {
        const code = httpCodeOf(error);
        // of a create, "not found" says that the namespace is missing
        const isRefused = code === 409 || code === 404 && base.object !== undefined;
        if (isRefused) {
          const stored = inDoubt && await this.#wasStored(write, signal);
          batch.sent(stored !== false);
          if (stored !== undefined) return stored;
        } else {
          inDoubt ||= isUncertain(error);
          batch.sent(inDoubt);
          if (signal.aborted || !isPassing(error)) {
            throw inDoubt ? this.#unknown("no answer came", error) : error;
          }
          this.#context.errors.report(error);
        }
      }
      await this.#client.wait(FAILURE_WAITS, failures, signal);
      // who has gone meanwhile was told that nothing was written, and so it must be
      if (!inDoubt && batch.hasLeft()) return false;
    }
  }

  /** What became of a write that was refused after it had been sent before; nothing if it may still come. */
  async #wasStored({ id, base }: Write<S>, signal: AbortSignal): Promise<boolean | undefined> {
    const now = await this.#client.read(signal);
    // what has refused it was not its condition, but a quota or the like
    if (now.object ? now.version === base.version : !base.object) return undefined;
    // if it is not that object any more, its effect is gone
    const isOther = base.object && !(now.object && isSameObject(base.object, now.object));
    const outcome = isOther ? "refused" : outcomeOf(now.log, id);
    if (outcome === "unknown") throw this.#unknown("others have written since");
    return outcome === "stored";
  }

  #unknown(why: string, cause?: unknown): UnknownOutcomeError {
    const { kind, name } = this.#definition;
    const text = `Cannot tell whether the ${kind} "${name}" was changed: ${why}`;
    return new UnknownOutcomeError(text, { cause });
  }
}
