import type { RequestContext } from "../context.ts";
import { type Entry, isDeletion } from "./entry.ts";

/** How much later than it may an entry is deleted at most: not all who have seen it do it at once. */
const JITTER = { part: 0.1, longest: 2_000 };

/** Longest wait of one timer, in milliseconds: it takes less than 2^31. */
const LONGEST_WAIT_MS = 60 * 60 * 1000;

/** When it is tried again after a failure that does not pass by itself, in milliseconds. */
const RETRY_MS = 5_000;

/** How many are deleted at once. */
const MOST_AT_ONCE = 500;

/** Deletes entries with a time to live, counted from when this process has seen them. */
export class Expiry {
  readonly #context: RequestContext;
  readonly #remove: (versions: ReadonlyMap<string, number>) => Promise<unknown>;
  readonly #seen = new Map<string, { version: number; due: number }>();
  #timer: { due: number; cancel: () => void } | undefined;
  #removing = false;

  /** @param remove deletes those keys that still have these versions */
  constructor(
    context: RequestContext,
    remove: (versions: ReadonlyMap<string, number>) => Promise<unknown>,
  ) {
    this.#context = context;
    this.#remove = remove;
    context.signal.addEventListener("abort", () => this.#timer?.cancel(), { once: true });
  }

  /** Forgets all entries. */
  clear(): void {
    this.#seen.clear();
  }

  /** Takes note of entries that are newer than what was seen of their keys. */
  saw(entries: Iterable<Entry>): void {
    const { clock, random } = this.#context;
    for (const entry of entries) {
      const [key, version, , more] = entry;
      if ((this.#seen.get(key)?.version ?? -1) >= version) continue;
      const ttl = isDeletion(entry) ? undefined : more?.ttl;
      if (ttl === undefined) this.#seen.delete(key);
      else {
        const jitter = random() * Math.min(ttl * JITTER.part, JITTER.longest);
        this.#seen.set(key, { version, due: clock.now() + ttl + jitter });
      }
    }
    this.#arm();
  }

  #arm(): void {
    const { clock, signal } = this.#context;
    if (this.#removing || signal.aborted || this.#seen.size === 0) return;
    let due = Infinity;
    for (const it of this.#seen.values()) due = Math.min(due, it.due);
    if (this.#timer && this.#timer.due <= due) return;
    this.#timer?.cancel();
    const wait = Math.max(0, Math.min(due - clock.now(), LONGEST_WAIT_MS));
    this.#timer = { due: clock.now() + wait, cancel: clock.timer(wait, () => this.#fire()) };
  }

  #fire(): void {
    const now = this.#context.clock.now();
    this.#timer = undefined;
    const due = [...this.#seen].filter(([, it]) => it.due <= now).slice(0, MOST_AT_ONCE);
    if (due.length === 0) return this.#arm();
    this.#removing = true;
    this.#context.background.run(
      this.#removeAll(new Map(due.map(([key, it]) => [key, it.version]))),
    );
  }

  async #removeAll(versions: ReadonlyMap<string, number>): Promise<void> {
    const { clock, errors, signal } = this.#context;
    let failed = false;
    try {
      await this.#remove(versions);
    } catch (error) {
      if (signal.aborted) return;
      failed = true;
      errors.report(error);
    } finally {
      this.#removing = false;
    }
    for (const [key, version] of versions) {
      const it = this.#seen.get(key);
      if (it?.version !== version) continue;
      if (failed) it.due = clock.now() + RETRY_MS;
      else this.#seen.delete(key);
    }
    this.#arm();
  }
}
