import type { RequestContext } from "../context.ts";
import { objectName, type RecordDefinition } from "./record_object.ts";
import { SharedRecord } from "./shared_record.ts";

/**
 * The records of a process, each once for all who use it at the same time: so they share what is known, a watch,
 * and writes. One that nobody uses any more is forgotten.
 */
export class Records {
  readonly #context: RequestContext;
  /** By the name of the object; a kind has one type of states. */
  readonly #made = new Map<string, WeakRef<SharedRecord<unknown>>>();
  readonly #collected = new FinalizationRegistry<string>((object) => {
    if (!this.#made.get(object)?.deref()) this.#made.delete(object);
  });

  /** There are none yet. */
  constructor(context: RequestContext) {
    this.#context = context;
  }

  /** The record of that kind and name. */
  get<S>(definition: RecordDefinition<S>): SharedRecord<S> {
    const object = objectName(definition);
    const made = this.#made.get(object)?.deref() as SharedRecord<S> | undefined;
    if (made) return made;
    const record = new SharedRecord(this.#context, definition);
    this.#made.set(object, new WeakRef(record as unknown as SharedRecord<unknown>));
    this.#collected.register(record, object);
    return record;
  }
}
