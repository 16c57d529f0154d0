/**
 * Who has written a record lately, and which of its writes was the last one; kept in the record itself. By
 * it a writer whose answer was lost finds out what became of its write, however many others have
 * written since: it sends one write at a time, so it only has to know whether its last one was stored.
 */
export interface WriteLog {
  /** The numbers of the last writes, by writer; who has written last comes last. */
  readonly last: ReadonlyMap<string, number>;
}

/** The log of what was not written yet. */
export const NO_WRITES: WriteLog = { last: new Map() };

/** How many writers are remembered: 64 of them take a KiB. */
export const KEPT_WRITERS = 64;

/** What is known of a write. */
export type Outcome = "stored" | "refused" | "unknown";

/** One write: who it is of, and its number, which is higher than those of its earlier ones. */
export interface WriteId {
  readonly writer: string;
  readonly number: number;
}

/** Adds a write. */
export function withWrite({ last }: WriteLog, { writer, number }: WriteId): WriteLog {
  const entries = [...last].filter(([other]) => other !== writer);
  return { last: new Map([...entries, [writer, number] as const].slice(-KEPT_WRITERS)) };
}

/** What became of a write whose condition does not hold any more, as a later state of the log tells. */
export function outcomeOf({ last }: WriteLog, { writer, number }: WriteId): Outcome {
  const known = last.get(writer);
  if (known !== undefined) return known >= number ? "stored" : "refused";
  return last.size < KEPT_WRITERS ? "refused" : "unknown"; // it may have been forgotten
}

/** A new writer's name. */
export function newWriter(): string {
  return crypto.randomUUID().slice(0, 8);
}

/** As it is stored: `writer:number`, one after another. */
export function formatLog({ last }: WriteLog): string {
  return [...last].map(([writer, number]) => `${writer}:${number}`).join(" ");
}

/** Reads what {@linkcode formatLog} has made; nothing if it is not that. */
export function parseLog(text: string | undefined): WriteLog | undefined {
  if (text === undefined) return undefined;
  const last = new Map<string, number>();
  for (const entry of text === "" ? [] : text.split(" ")) {
    const [, writer, number] = /^([\w-]+):(\d{1,15})$/.exec(entry) ?? [];
    if (writer === undefined) return undefined;
    last.set(writer, Number(number));
  }
  return { last };
}
