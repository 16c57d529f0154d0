/**
 * The last writes of a record by their ids, kept in the record itself. By it a writer whose answer was
 * lost finds out what became of its write.
 */
export interface WriteLog {
  /** How many writes there were, since the object was created. */
  readonly count: number;
  /** Ids of the last ones, the newest last. */
  readonly ids: readonly string[];
}

/** The log of what was not written yet. */
export const NO_WRITES: WriteLog = { count: 0, ids: [] };

/** How many ids are kept: 32 of 8 characters are a third of a KiB. */
export const KEPT_WRITES = 32;

/** What is known of a write. */
export type Outcome = "stored" | "refused" | "unknown";

/** Adds a write. */
export function withWrite({ count, ids }: WriteLog, id: string): WriteLog {
  return { count: count + 1, ids: [...ids, id].slice(-KEPT_WRITES) };
}

/** What became of a write that would have been number `number`, as a later state of the log tells. */
export function outcomeOf(log: WriteLog, number: number, id: string): Outcome {
  if (log.count < number) return "refused";
  const index = log.ids.length - 1 - (log.count - number);
  if (index < 0) return "unknown";
  return log.ids[index] === id ? "stored" : "refused";
}

/** A new id. */
export function newWriteId(): string {
  return crypto.randomUUID().slice(0, 8);
}

/** As it is stored: the count, and the ids. */
export function formatLog({ count, ids }: WriteLog): string {
  return [count, ...ids].join(" ");
}

/** Reads what {@linkcode formatLog} has made; nothing if it is not that. */
export function parseLog(text: string | undefined): WriteLog | undefined {
  const [count, ...ids] = (text ?? "").split(" ");
  const number = Number(count || NaN);
  return Number.isSafeInteger(number) && number >= ids.length ? { count: number, ids } : undefined;
}
