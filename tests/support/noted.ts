/** An independent record of what of a batch was noted, and whether what was noted is done again. */
import type { ConfigMap } from "@cloudydeno/kubernetes-apis/core/v1";
import type { BatchRecord } from "../../coordinator/batches/batch_record.ts";
import { DoneSet } from "../../coordinator/batches/done_set.ts";
import { CONFIG_MAPS, Reflector, type Transport } from "../../kube/mod.ts";

/** One state of a batch's record. */
export interface NotedState {
  /** Token of the term that wrote it. */
  readonly term: number;
  readonly state: BatchRecord["state"];
  readonly done: DoneSet;
}

/** A result that was handed on to who is told of results. */
export interface HandedOn {
  /** Token of the term in which it was. */
  readonly term: number;
  readonly index: number;
}

/** Records, from a watch of its own, what the API server accepts. */
export class Noted implements AsyncDisposable {
  readonly states: NotedState[] = [];
  readonly #reflector: Reflector<ConfigMap>;

  /** Begins to record the batch of that ConfigMap. */
  constructor(client: Transport, { namespace, name }: { namespace: string; name: string }) {
    this.#reflector = new Reflector(client, CONFIG_MAPS, { namespace });
    this.#reflector.onChange(({ type, object: { metadata, data } }) => {
      const text = data?.["value.json"];
      if (type === "deleted" || metadata?.name !== name || text === undefined) return;
      const { state, done } = JSON.parse(text) as BatchRecord;
      const term = Number(metadata.labels?.["troupe.dev/term"] ?? 0);
      this.states.push({ term, state, done: new DoneSet(done) });
    });
    this.#reflector.start();
  }

  /** Resolves when what was there is recorded. */
  synced(): Promise<void> {
    return this.#reflector.synced();
  }

  /** What a term finds that begins with that token. */
  before(term: number): DoneSet {
    return notedBefore(this.states, term);
  }

  /** Stops recording. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reflector.close();
  }
}

/** What was noted when a term began. */
export function notedBefore(states: readonly NotedState[], term: number): DoneSet {
  return states.findLast((state) => state.term < term)?.done ?? new DoneSet();
}

/**
 * What shows that a record is not kept as is promised: something that was noted and then is not, a lower
 * term behind a higher one, a result that is handed on again in a term or though it was noted before that.
 */
export function notedMistakes(
  states: readonly NotedState[],
  results: readonly HandedOn[],
): string[] {
  const found: string[] = [];
  for (const [nth, { term, done }] of states.entries()) {
    const before = states[nth - 1];
    if (before === undefined) continue;
    if (term < before.term) found.push(`term ${term} noted after ${before.term}`);
    for (const [from, to] of before.done.ranges) {
      for (let index = from; index < to; index++) {
        if (!done.has(index)) found.push(`${index} is not noted any more in term ${term}`);
      }
    }
  }
  const handed = new Set<string>();
  const noted = new Map<number, DoneSet>();
  for (const { term, index } of results) {
    const before = noted.get(term) ?? notedBefore(states, term);
    noted.set(term, before);
    if (before.has(index)) {
      found.push(`${index} was handed on in term ${term}, and noted before it`);
    }
    if (handed.has(`${term} ${index}`)) found.push(`${index} was handed on twice in term ${term}`);
    handed.add(`${term} ${index}`);
  }
  return found;
}
