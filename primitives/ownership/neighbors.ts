/**
 * Whom a member watches: the one before it, in the ring of the members' ids, so that of n members each is watched
 * by one. Ids are random: who died together, such as on one node, are seldom next to each other. If one
 * has died nevertheless more may have, next to it: then its neighbor watches more for a while, so that a row
 * of dead ones costs no `leaseDuration` each.
 *
 * @module
 */
import type { PrimitiveContext } from "../context.ts";
import type { OwnershipState } from "./ownership_state.ts";

/** How many are watched after a death. */
const SUSPECTS = 8;

/** How long they are watched, in milliseconds beyond `leaseDuration`: by then who is dead is found out. */
const SUSPECTED = 5_000;

/** See the module's text. */
export class Neighbors {
  readonly #context: PrimitiveContext;
  readonly #onGone: (session: string) => void;
  readonly #watched = new Map<string, AbortController>();
  #look: () => void = () => {};
  #cancel: (() => void) | undefined;

  /** @param onGone is told sessions that are gone */
  constructor(context: PrimitiveContext, onGone: (session: string) => void) {
    this.#context = context;
    this.#onGone = onGone;
  }

  /** Watches the neighbors of a member, in place of those before. */
  watch(state: OwnershipState, id: string): void {
    this.#look = () => this.watch(state, id);
    const wanted = new Set(before(state, id, this.#cancel ? SUSPECTS : 1));
    for (const [session, stop] of this.#watched) {
      if (wanted.has(session)) continue;
      this.#watched.delete(session);
      stop.abort(new Error(`"${session}" is no neighbor any more`));
    }
    for (const session of wanted) if (!this.#watched.has(session)) void this.#watch(session);
  }

  /** Watches nobody. */
  close(): void {
    this.#look = () => {};
    this.#cancel?.();
    for (const stop of this.#watched.values()) stop.abort(new Error("They are watched no longer"));
    this.#watched.clear();
  }

  async #watch(session: string): Promise<void> {
    const { sessions, errors } = this.#context;
    const stop = new AbortController();
    this.#watched.set(session, stop);
    try {
      await sessions.gone(session, stop.signal);
    } catch (error) {
      if (!stop.signal.aborted) errors.report(error);
      return;
    }
    if (stop.signal.aborted) return;
    this.#suspect();
    this.#onGone(session);
  }

  #suspect(): void {
    const { clock, timing } = this.#context;
    this.#cancel?.();
    this.#cancel = clock.timer(timing.leaseDuration + SUSPECTED, () => {
      this.#cancel = undefined;
      this.#look();
    });
  }
}

/** The sessions of so many members before one in the ring, but not its own. */
function before({ members }: OwnershipState, id: string, count: number): string[] {
  const own = members[id]?.session;
  const ids = Object.keys(members).sort();
  const at = ids.indexOf(id);
  const others = [...ids.slice(0, Math.max(0, at)).reverse(), ...ids.slice(at + 1).reverse()];
  const sessions = new Set(others.map((it) => members[it]!.session).filter((it) => it !== own));
  return [...sessions].slice(0, count);
}
