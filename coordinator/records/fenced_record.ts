/**
 * A small typed value that is kept in the cluster, and that only the present leader can change.
 *
 * Flow: `update` reads the ConfigMap, lets the caller decide, and writes on condition that nobody has
 * changed it since; after a conflict it begins anew, so the caller's function must only look at what
 * it is given. The term is recorded with each write. What a leader finds of an earlier term is
 * claimed: the term is written even if the caller has nothing to change, and the ConfigMap is created
 * if there is none.
 *
 * Guarantee: once `update` has resolved, no write of an earlier leader is accepted any more. So what it
 * resolves with may be acted on while the mandate holds.
 *
 * Cost: one request for an update, and one more for the first one of a term, after a conflict and after
 * a failure; none if there is nothing to write.
 *
 * Caveats: a write whose answer is lost may have been stored; the next update reads, and finds it.
 * After `delete` nothing is left that could refuse an older leader's write.
 *
 * @module
 */
import type { ConfigMap } from "@cloudydeno/kubernetes-apis/core/v1";
import type { RestClient } from "@cloudydeno/kubernetes-client";
import type { z } from "zod";
import { CONFIG_MAPS, ObjectApi } from "../../kube/mod.ts";
import type { Mandate } from "../leadership/mandate.ts";
import { type Decision, type FencedWriter, termOf } from "../workloads/fenced_writer.ts";
import { newContent, parseContent, type RecordPlace, textOf, VALUE_KEY } from "./record_content.ts";

/** Options of what a record does. */
export interface RecordOptions {
  /** Ends the call when it aborts; an update ends with its mandate too. */
  signal?: AbortSignal;
}

/** What is needed of a coordinator to keep a record. */
export interface FencedRecordOptions<T> {
  client: RestClient;
  writer: FencedWriter;
  place: RecordPlace;
  /** What the value must be; what it leaves out is lost when the value is written. */
  schema: z.ZodType<T>;
}

/** See the module's text. */
export class FencedRecord<T> {
  readonly #options: FencedRecordOptions<T>;
  /** The ConfigMap as it was last written or read, and in whose name. */
  #known: { readonly mandate: Mandate; readonly object: ConfigMap } | undefined;

  /** Made by `Records.record`; nothing is read yet. */
  constructor(options: FencedRecordOptions<T>) {
    this.#options = options;
  }

  /** Name of the ConfigMap. */
  get object(): string {
    return this.#options.place.object;
  }

  /**
   * The value as it is now, `undefined` if there is none. Also for followers: whoever leads may
   * change it at any time, so nothing that needs leadership may be done by it; see `update`.
   *
   * @throws {RecordError} naming object and field when it cannot be understood
   */
  async read(options: RecordOptions = {}): Promise<T | undefined> {
    const { client, place, schema } = this.#options;
    const live = await new ObjectApi(client, CONFIG_MAPS, place.namespace)
      .get(place.object, options);
    return live && parseContent(place, schema, live);
  }

  /**
   * Changes the value in the name of a mandate, and claims it. `change` is given the present value,
   * `undefined` if there is none, and returns the new one; the same or `undefined` leaves it as it is.
   * It may be called several times. Resolves with the value as it then is. Calls of one record must
   * not overlap.
   *
   * @throws {NotLeadingError} when the mandate has ended, or a later leader has written
   * @throws {RecordError} naming object and field when the present value cannot be understood
   * @throws {RangeError} when the new one would take more than 900 KiB; nothing is written
   */
  async update(
    mandate: Mandate,
    change: (value: T | undefined) => T | undefined,
    options: RecordOptions = {},
  ): Promise<T | undefined> {
    const { writer, place, schema } = this.#options;
    const target = { kind: CONFIG_MAPS, namespace: place.namespace, name: place.object };
    const known = this.#known?.mandate === mandate ? this.#known.object : undefined;
    // forgotten until it has succeeded: what is stored after a failure, nobody knows
    this.#known = undefined;
    let value: T | undefined;
    const stored = await writer.write(target, mandate, (live): Decision<ConfigMap> => {
      const before = live && parseContent(place, schema, live);
      const after = change(before);
      value = after ?? before;
      const text = after === undefined || after === before ? undefined : textOf(place, after);
      if (live === undefined) {
        const isClaim = mandate.token !== undefined;
        if (text === undefined && !isClaim) return undefined;
        return { verb: "create", object: newContent(place, text) };
      }
      if (text === undefined || text === live.data?.[VALUE_KEY]) {
        const isClaimed = mandate.token === undefined || termOf(live) === mandate.token;
        return isClaimed ? undefined : { verb: "merge", patch: {} };
      }
      return { verb: "merge", patch: { data: { [VALUE_KEY]: text } } };
    }, { signal: options.signal, seen: known });
    if (stored !== undefined) this.#known = { mandate, object: stored };
    return value;
  }

  /** Removes it; see the caveat in the module's text. Resolves too when there is none. */
  async delete(mandate: Mandate, options: RecordOptions = {}): Promise<void> {
    const { writer, place, schema } = this.#options;
    const target = { kind: CONFIG_MAPS, namespace: place.namespace, name: place.object };
    this.#known = undefined;
    await writer.write(target, mandate, (live) => {
      if (live === undefined) return undefined;
      refuseForeign(place, schema, live);
      return { verb: "delete" };
    }, options);
  }
}

/** What is ours may be deleted whatever it says. */
function refuseForeign<T>(place: RecordPlace, schema: z.ZodType<T>, live: ConfigMap): void {
  parseContent(place, schema, { ...live, data: {} });
}
