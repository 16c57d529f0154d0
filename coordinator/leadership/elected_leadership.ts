import type { Election, Term } from "../../primitives/mod.ts";
import type { Leadership, LeadershipChange } from "./leadership.ts";
import { type Mandate, NotLeadingError } from "./mandate.ts";

/** Leads while an election says so: its terms are the mandates. */
export class ElectedLeadership implements Leadership {
  readonly #election: Election;
  readonly #mandates = new WeakMap<Term, Mandate>();
  #started = false;

  /** @param election not yet started; this one starts and closes it */
  constructor(election: Election) {
    this.#election = election;
  }

  /** The present term's mandate. */
  get mandate(): Mandate | undefined {
    const { term } = this.#election;
    return term === undefined ? undefined : this.#mandateOf(term);
  }

  /** Who leads, if it is another one and known. */
  get leader(): string | undefined {
    return this.#election.term === undefined ? this.#election.leader : undefined;
  }

  /** Whether it has begun. */
  get started(): boolean {
    return this.#started;
  }

  /** See {@linkcode Leadership}. */
  onChange(listener: (change: LeadershipChange) => void): void {
    this.#election.onEvent((event) => {
      if (event.type === "following") return listener(event);
      const mandate = this.#mandateOf(event.term);
      listener(
        event.type === "leading"
          ? { type: "leading", mandate }
          : { type: "lost", mandate, reason: event.reason },
      );
    });
  }

  /** See {@linkcode Leadership}. */
  onError(listener: (error: Error) => void): void {
    this.#election.onError(listener);
  }

  /** Stands for election. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#election.start();
  }

  /** Ends the term and releases the Lease. */
  async close(): Promise<void> {
    await this.#election.close();
  }

  #mandateOf(term: Term): Mandate {
    const known = this.#mandates.get(term);
    if (known !== undefined) return known;
    const mandate: Mandate = {
      token: term.token,
      signal: term.signal,
      check() {
        try {
          term.throwIfOver();
        } catch (cause) {
          throw new NotLeadingError("change the cluster", {
            why: `the term with token ${term.token} is over`,
            cause,
          });
        }
      },
    };
    this.#mandates.set(term, mandate);
    return mandate;
  }
}
