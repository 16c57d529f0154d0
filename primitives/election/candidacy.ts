import { z } from "zod";
import { checkOptions } from "../../runtime/mod.ts";
import { checkName } from "../checked_name.ts";
import type { PrimitiveContext } from "../context.ts";
import type { FencingToken } from "../fencing/fencing_token.ts";
import { PRIMITIVE_LABEL } from "../record/record_object.ts";
import { settlesWithin } from "../waiting.ts";
import { Election, type ElectionEvent } from "./election.ts";
import type { Term } from "./term.ts";

/** Less than the 30 s that a pod has between SIGTERM and SIGKILL. */
const GRACE_MS = 25_000;

/** How long a candidate that could not lead claims nothing, in milliseconds: it doubles with each. */
const RESTS = { first: 1_000, longest: 60_000 };

/** What an election's objects are labelled with. */
const LABELS = { "app.kubernetes.io/managed-by": "troupe", [PRIMITIVE_LABEL]: "election" };

/** Leads: see {@linkcode CandidacyOptions.onLeading}. */
export type LeadingHandler = (token: FencingToken, signal: AbortSignal, term: Term) => unknown;

/** Options of `Primitives.elect`. */
export interface CandidacyOptions {
  /**
   * Is called with each term that is won. `signal` aborts when it is to end; `term` can be asked whether it
   * is over. Its promise is waited for at the end. If it rejects before that, the term is given up.
   */
  onLeading: LeadingHandler;
  /**
   * Is called with who leads, or nobody, whenever that has changed and it is somebody else.
   * @default none
   */
  onFollowing?: (leader: string | undefined) => unknown;
  /**
   * Milliseconds that `onLeading` may take to settle when the candidacy is closed.
   * @default 25_000
   */
  grace?: number;
  /**
   * Closes the candidacy when it aborts.
   * @default none
   */
  signal?: AbortSignal;
}

const isFunction = (value: unknown) => typeof value === "function";
const schema = z.strictObject({
  onLeading: z.custom<LeadingHandler>(isFunction, "a function"),
  onFollowing: z.custom<(leader: string | undefined) => unknown>(isFunction, "a function")
    .optional(),
  grace: z.number().min(0).default(GRACE_MS).describe("milliseconds of at least 0"),
  signal: z.instanceof(AbortSignal).optional().describe("an AbortSignal"),
});

/** What a candidacy is made with. */
export type CandidacyContext = Omit<PrimitiveContext, "sessions" | "records">;

/** Name of the Lease of an election. */
export function electionLease(name: string): string {
  return `troupe-election-${name}`;
}

/**
 * Stands for election, and leads while it is elected: of all candidates of one name, in all processes of a
 * cluster, one leads at a time.
 *
 * ```ts
 * import { Primitives } from "@troupe/troupe/primitives";
 *
 * await using primitives = await Primitives.create();
 * const billed = Promise.withResolvers<number>();
 * await using candidacy = primitives.elect("biller", {
 *   onLeading: async (token, signal, term) => {
 *     for (const bill of ["a", "b"]) {
 *       term.throwIfOver(); // before each step that only the leader may take
 *       await fetch(`data:,${bill}`, { signal });
 *     }
 *     billed.resolve(token); // higher than that of every earlier leader
 *   },
 *   onFollowing: (leader) => console.log(`${leader ?? "nobody"} leads`),
 * });
 * console.log(`billed in term ${await billed.promise} by ${candidacy.identity}`);
 * ```
 *
 * ## Flow
 *
 * A candidacy is an `Election` on the Lease `troupe-election-<name>`, which campaigns from the beginning.
 * For each term that it wins, `onLeading` is called with the term's token, a signal and the term. The signal aborts
 * when the handler is to end: the term is over, or the candidacy is being closed. In the second case the
 * term goes on, and is renewed, until the handler has settled, but no longer than `grace`: what the handler
 * still writes is the leader's. Then the Lease is released, and another candidate leads.
 *
 * A handler that returns has begun what runs by itself: its term goes on. One that throws, or whose promise
 * rejects while its signal has not aborted, cannot lead: the error is reported, the term is given up, and
 * this candidate claims nothing for 1 s, twice as long after each further failure, 60 s at most, so that
 * another one leads if there is one.
 *
 * ## Guarantees
 *
 * - Those of `Election`: one term at most is to be trusted at a time, as `term.throwIfOver()` judges it, tokens
 *   only grow, and the signal aborts before the lease can expire.
 * - In one candidacy one handler runs at a time: while that of a former term still runs, it does not stand.
 * - The Lease is released after the handler has settled, or `grace` has passed.
 *
 * ## Assumptions and caveats
 *
 * - A lease that expires protects nothing by itself; guard what must not happen twice by the token.
 * - A handler that heeds no signal keeps this candidate, though no other one, from leading again.
 * - A handler may close its own candidacy, but not wait for that: it would be waited for itself.
 *
 * ## Errors
 *
 * Failed requests, and what handlers throw, go to `Primitives.onError`. That a handler rejects with the
 * reason of its aborted signal is no error.
 *
 * ## Cost
 *
 * Of n candidates one writes, 0.5 times a second by default, and n watch. A start is three requests, a close
 * of the leader one, a handover one or two; many candidates keep apart (see `Election`).
 *
 * `Primitives.elect` makes it.
 */
export class Candidacy implements AsyncDisposable {
  readonly #context: CandidacyContext;
  readonly #name: string;
  readonly #options: z.infer<typeof schema>;
  readonly #election: Election;
  /** The handler that runs, and what asks it to end. */
  #work: { readonly settled: Promise<void>; readonly stop: AbortController } | undefined;
  #failures = 0;
  #closing: Promise<void> | undefined;
  #unlink: () => void = () => {};

  /**
   * Begins to campaign.
   *
   * @throws {TypeError} naming each bad option, what was given and what is allowed
   */
  constructor(context: CandidacyContext, name: string, options: CandidacyOptions) {
    this.#options = checkOptions(schema, options, { purpose: `Cannot elect a leader` });
    this.#name = checkName("election", name);
    this.#context = context;
    const { client, clock, errors, identity, namespace, random, timing } = context;
    for (const signal of [context.signal, options.signal]) signal?.throwIfAborted();
    const common = { namespace, name: electionLease(name), identity, labels: LABELS };
    this.#election = new Election(client, { ...common, ...timing, clock, random });
    this.#election.onError((error) => errors.report(error));
    this.#election.onEvent((event) => this.#heard(event));
    const onAbort = () => context.background.run(this.close());
    options.signal?.addEventListener("abort", onAbort, { once: true });
    const forget = context.participants.add(() => this.close());
    this.#unlink = () => {
      options.signal?.removeEventListener("abort", onAbort);
      forget();
    };
    this.#election.start();
  }

  /** The name of what is led. */
  get name(): string {
    return this.#name;
  }

  /** Who this candidate is. */
  get identity(): string {
    return this.#election.identity;
  }

  /** Who leads, as last observed, this candidate itself or another; nobody while the Lease is free. */
  get leader(): string | undefined {
    return this.#election.leader;
  }

  /** The present term while this candidate leads; looking at it ends one that is overdue. */
  get term(): Term | undefined {
    return this.#election.term;
  }

  /**
   * Asks the handler to end, and releases the Lease when it has settled or `grace` has passed. Resolves when
   * nothing is left open. Again does nothing.
   */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  /** The same as {@linkcode Candidacy.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#unlink();
    const { clock, errors } = this.#context;
    const { grace } = this.#options;
    const work = this.#work;
    if (work === undefined) return await this.#election.close();
    const closed = this.#election.close({ settled: work.settled, grace });
    work.stop.abort(new Error(`Cannot lead "${this.#name}" any longer: it is being closed`));
    // one of a former term is waited for too
    if (!await settlesWithin(clock, grace, work.settled)) {
      errors.report(
        new Error(
          `Cannot wait for "onLeading" of election "${this.#name}": it has not settled within ${grace} ms`,
        ),
      );
    }
    await closed;
  }

  #heard(event: ElectionEvent): void {
    if (event.type === "leading") this.#lead(event.term);
    else if (event.type === "following") this.#follow(event.leader);
    else if (this.#work) this.#election.resign({ settled: this.#work.settled });
  }

  #lead(term: Term): void {
    const stop = new AbortController();
    term.signal.addEventListener("abort", () => stop.abort(term.signal.reason), { once: true });
    const { promise: settled, resolve } = Promise.withResolvers<void>();
    const work = { settled, stop };
    this.#work = work;
    void this.#run(term, stop.signal).then((failed) => {
      if (this.#work === work) this.#work = undefined;
      if (failed) this.#rest();
      resolve();
    });
  }

  /** Runs the handler; tells whether it cannot lead. */
  async #run(term: Term, signal: AbortSignal): Promise<boolean> {
    const { clock, errors } = this.#context;
    const start = clock.now();
    try {
      await this.#options.onLeading(term.token, signal, term);
      return false;
    } catch (error) {
      if (!signal.aborted || error !== signal.reason) errors.report(error);
      if (signal.aborted) return false;
      if (clock.now() - start > RESTS.longest) this.#failures = 0;
      return true;
    }
  }

  /** Gives the term up, and lets others come first. */
  #rest(): void {
    const longest = Math.min(RESTS.first * 2 ** this.#failures++, RESTS.longest);
    this.#election.resign({ pause: longest * (0.5 + this.#context.random() / 2) });
  }

  #follow(leader: string | undefined): void {
    const { onFollowing } = this.#options;
    if (onFollowing === undefined) return;
    this.#context.background.run((async () => void await onFollowing(leader))());
  }
}
