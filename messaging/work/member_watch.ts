import type { Member } from "../group/member.ts";

/** What is known of a worker that has tasks. */
interface Watched {
  /** Who is told. */
  readonly hearers: Set<() => void>;
  /** Ends the watch. */
  readonly unwatch: () => void;
  timer?: ReturnType<typeof setTimeout>;
}

/**
 * Tells those who have given a task to a worker when it cannot be reached for some time: it may be
 * dead, partitioned, or stuck in that very task. One timer for a worker, however many tasks it has.
 */
export class MemberWatch {
  readonly #patience: number;
  readonly #watched = new Map<Member, Watched>();

  /** @param patience milliseconds that a worker may be out of reach */
  constructor(patience: number) {
    this.#patience = patience;
  }

  /** Calls `hear` once when the worker was out of reach for so long; returns what ends that. */
  add(member: Member, hear: () => void): () => void {
    let watched = this.#watched.get(member);
    if (watched === undefined) {
      const unwatch = member.onChange(() => this.#look(member));
      watched = { hearers: new Set(), unwatch };
      this.#watched.set(member, watched);
    }
    const { hearers } = watched;
    hearers.add(hear);
    if (hearers.size === 1) this.#look(member);
    return () => {
      if (hearers.delete(hear) && hearers.size === 0) this.#forget(member);
    };
  }

  #look(member: Member): void {
    const watched = this.#watched.get(member);
    if (watched === undefined) return;
    const reachable = member.state === "ready" || member.state === "draining";
    if (reachable) {
      clearTimeout(watched.timer);
      watched.timer = undefined;
    } else watched.timer ??= setTimeout(() => this.#giveUp(watched), this.#patience);
  }

  #giveUp({ hearers }: Watched): void {
    for (const hear of [...hearers]) hear();
  }

  #forget(member: Member): void {
    const watched = this.#watched.get(member);
    this.#watched.delete(member);
    clearTimeout(watched?.timer);
    watched?.unwatch();
  }
}
