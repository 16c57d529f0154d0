/**
 * Runs the protocol of `election_step.ts`: one loop sends what the state wants, one request at a
 * time, and a watch of the Lease runs beside it. Whatever comes of either goes through `#advance`,
 * synchronously: first time (a deadline that has passed ends the term before anything else is looked
 * at), then the input, then the signal of a term that is over, then events in order. It stops when
 * the state is `ended`, which only `close()` brings about.
 */
import type { RestClient } from "@cloudydeno/kubernetes-client";
import { type Change, Reflector } from "../../kube/mod.ts";
import { asError, type ErrorHandler, ErrorReporter } from "../../runtime/mod.ts";
import {
  type CheckedElectionOptions,
  checkElectionOptions,
  type ElectionOptions,
} from "./election_options.ts";
import type { ElectionInput, ElectionPolicy, ElectionState } from "./election_state.ts";
import { initialState, step } from "./election_step.ts";
import { httpCodeOf, isOfRequest } from "../requests.ts";
import { LeaseClient } from "./lease_client.ts";
import {
  type LeaseJson,
  leaseToWrite,
  type LeaseWriter,
  RAW_LEASES,
  toLeaseRecord,
} from "./lease_record.ts";
import { LeadershipLostError, OwnTerm, type Term } from "./term.ts";

/** What an `Election` tells. */
export type ElectionEvent =
  /** This candidate leads. */
  | { readonly type: "leading"; readonly term: Term }
  /** It does not lead; who does, if anybody, as observed. */
  | { readonly type: "following"; readonly leader: string | undefined }
  /** It does not lead any longer; the term's signal has aborted. */
  | { readonly type: "lost"; readonly term: Term; readonly reason: Error };

/** Options of {@linkcode Election.close}. */
export interface ElectionCloseOptions {
  /**
   * What the term is held for: it goes on until this has settled, whether well or not.
   * @default nothing, the term ends at once
   */
  settled?: Promise<unknown>;
  /**
   * Milliseconds that `settled` may take.
   * @default 25_000
   */
  grace?: number;
}

/** Options of {@linkcode Election.resign}. */
export interface ElectionResignOptions {
  /**
   * No other term is wanted before this has settled, whether well or not.
   * @default nothing
   */
  settled?: Promise<unknown>;
  /**
   * Milliseconds that no other term is wanted for, after `settled`: others come first.
   * @default 0
   */
  pause?: number;
}

/** Less than the 30 s that a pod has between SIGTERM and SIGKILL. */
const GRACE_MS = 25_000;

/** Timers take no more than 24 days; nothing is lost by looking at the state again earlier. */
const LONGEST_SLEEP_MS = 60 * 60 * 1000;

/** The watch only saves time, and its retries none: it may be slower than the expiry timer. */
const WATCH_BACKOFF = { minBackoff: 100, maxBackoff: 5_000 };

/**
 * A candidate for the leadership that a Lease stands for. Most programs use `Primitives.elect` instead, which has
 * one and calls a handler for each term.
 *
 * ```ts ignore
 * import { Election } from "@troupe/troupe/primitives";
 *
 * await using election = new Election(client, { namespace: "shop", name: "biller" });
 * election.onError((error) => console.error(error.message));
 * election.onEvent(async (event) => {
 *   if (event.type !== "leading") return;
 *   const { token, signal } = event.term;
 *   for await (const bill of bills({ signal })) {
 *     event.term.throwIfOver();          // before each step that only a leader may take
 *     await store.save(bill, { token }); // which refuses a token lower than one that it has seen
 *   }
 * });
 * election.start();
 * ```
 *
 * ## Flow
 *
 * All candidates know one Lease by its name. A candidate reads it, and watches it. While somebody
 * holds it the candidate follows: it waits, and writes nothing. When the Lease is released (the
 * watch tells, at once), has expired or does not exist, the candidate writes itself into it, on
 * condition that the Lease is still as it was read; the API server accepts one such write and refuses
 * the others. Who succeeded leads: it has a {@linkcode Term}, and renews the Lease by one conditional
 * write each `renewInterval` (2 s). The term ends when `renewDeadline` (6 s) has passed since the
 * last renewal that succeeded was *sent*, when somebody else turns out to hold the Lease, or by
 * `close()`; then its signal aborts. A candidate that lost its term campaigns again, in a new one.
 * `close()` writes an empty holder into the Lease and keeps it, so that its counters go on.
 *
 * ## Guarantees
 *
 * - At any time one term at most is to be trusted, as `throwIfOver()` judges it: an expiry is counted
 *   by the local monotonic clock, by others from when they *observed* the last change of the Lease,
 *   by its holder from before it sent that, and up to `renewDeadline` only. No clocks are compared;
 *   `renewTime` is for people. Calendars may jump, and monotonic clocks may run differently by up to
 *   a quarter.
 * - Tokens only grow: a term's is the resourceVersion of the write that won it, and a candidate does
 *   not lead before it is higher than all that it saw, also if the Lease was deleted or the server
 *   restored from a backup.
 * - The signal aborts before the lease can expire; 2 s are left for what has to end.
 * - A clean handover takes a conditional write, an event of the watch, 20 ms or two round trips
 *   that keep candidates apart, and another write: less than 100 ms as a rule. A leader that died is followed within `leaseDuration` and
 *   a second (8 s and 1 s); so is one whose release nobody heard of because watches are broken.
 * - A watch that is late or broken costs time, never safety: a Lease that seems to have expired is read
 *   again before it is taken, and every write is conditional.
 * - A request whose answer was lost is looked after: the Lease is read again, and what turns out to be
 *   the candidate's own is taken again with a new version.
 *
 * ## Assumptions and caveats
 *
 * - A lock that expires protects nothing by itself: between a check and a write the process may be
 *   stopped for a minute. Guard what must not happen twice by the token, or by the resourceVersion of
 *   what is written (Martin Kleppmann, "How to do distributed locking", 2016). In a process that was
 *   stopped the signal aborts when its timer gets to run; `throwIfOver()` and `remainingMs()` find it
 *   out at once, and abort it.
 * - Linux's monotonic clock stands still while the whole machine sleeps. A term in a virtual machine
 *   that was frozen ends when its next renewal is refused or the watch tells of another holder, and
 *   only the token protects until then.
 * - Who deletes the Lease takes the memory of it from candidates that start afterwards: they cannot
 *   wait for a holder that they do not know. Candidates that know it wait a whole duration, and the holder makes the
 *   Lease again.
 * - At its start a candidate waits a whole duration for a holder that it finds in the Lease, though it
 *   may be long dead: by the Lease alone nobody can know.
 * - Identities must differ. Two candidates with the same one do not take each other's Lease for their
 *   own (the annotation `troupe.dev/election-instance` tells them apart), but people cannot.
 *
 * ## Errors
 *
 * Failed requests go to `onError` and are repeated, after 0.1 s to 2 s, and 8 s where permission is
 * missing (403, whose message names the rule that is needed). A refused condition (409) is part of the
 * protocol and no error. A term's signal has a {@linkcode LeadershipLostError} as reason, which says
 * why. The Role needs for `leases` of `coordination.k8s.io`: `create`, `get`, `list`, `update`,
 * `watch`.
 *
 * ## Cost
 *
 * The leader writes once per `renewInterval`, 0.5 times a second by default; followers send nothing in
 * steady state, and each has one watch. With a watch that does not work a follower reads once per
 * `leaseDuration`. A start is three requests: a read, a list and a watch. Candidates that learn at the
 * same time that the Lease may be taken wait so that few of them send anything, however many they are
 * (`election/spread.ts`): of 1,000 simulated ones, with 1 to 10 ms for a message, up to 120 write at a clean
 * handover, and after a death up to 30 read and 10 write; then all are quiet. Of slower messages
 * `docs/benchmarks.md` tells. While the server fails, a
 * candidate sends one request a second at most, after the first few.
 *
 * ## Beside client-go
 *
 * client-go's `leaderelection` judges expiry in the same way, by the monotonic time of an observed
 * change. Its defaults are 15 s, 10 s and 2 s; its candidates poll, each 2 to 4.4 s; it has no token;
 * its deadline begins with the first renewal that fails, not with the last that did not. The record in the Lease is the same: candidates of
 * both kinds can stand for one Lease. `docs/benchmarks.md` compares them.
 */
export class Election implements AsyncDisposable {
  readonly #options: CheckedElectionOptions;
  readonly #policy: ElectionPolicy & LeaseWriter;
  readonly #client: LeaseClient;
  readonly #watch: Reflector<LeaseJson>;
  readonly #errors: ErrorReporter;
  readonly #listeners = new Set<(event: ElectionEvent) => void>();
  readonly #events: ElectionEvent[] = [];
  readonly #stop = new AbortController();
  #state: ElectionState;
  #term: OwnTerm | undefined;
  #announced: { leader: string | undefined } | undefined;
  #telling = false;
  #writing = false;
  #wake: () => void = () => {};
  #deadline: { at: number; cancel: () => void } | undefined;
  #rests = 0;
  #running: Promise<void> | undefined;

  /**
   * A candidate that does nothing yet: see {@linkcode Election.start}.
   *
   * @param client sends the requests; those about Leases are urgent to a `Transport`
   * @throws {TypeError} naming each bad option, what was given and what is allowed
   */
  constructor(client: RestClient, options: ElectionOptions) {
    const checked = checkElectionOptions(options);
    const { namespace, name, requestTimeout, random } = checked;
    this.#options = checked;
    this.#policy = { ...checked, instance: crypto.randomUUID(), releaseWithin: requestTimeout };
    this.#client = new LeaseClient(client, checked);
    this.#errors = new ErrorReporter(`election "${namespace}/${name}"`, { isPlain: isOfRequest });
    this.#watch = new Reflector(client, RAW_LEASES, {
      namespace,
      fieldSelector: `metadata.name=${name}`,
      random,
      ...WATCH_BACKOFF,
    });
    this.#watch.onChange((change) => this.#watched(change));
    this.#watch.onError((error) => this.#errors.report(error));
    this.#state = initialState(checked.clock.now());
  }

  /** Who this candidate is in the Lease. */
  get identity(): string {
    return this.#options.identity;
  }

  /** The present term while this candidate leads; looking at it ends one that is overdue. */
  get term(): Term | undefined {
    return (this.#term?.remainingMs() ?? 0) > 0 ? this.#term : undefined;
  }

  /** The identity of who leads, as last observed; nobody while the Lease is free. */
  get leader(): string | undefined {
    const { phase, seen } = this.#state;
    if (phase === "leading") return this.identity;
    const lease = phase === "following" ? seen?.lease : undefined;
    return lease?.instance === this.#policy.instance ? undefined : lease?.holder;
  }

  /** Begins to campaign, which goes on until {@linkcode Election.close}. */
  start(): void {
    if (this.#running || this.#state.phase === "ended") return;
    this.#running = this.#run();
    this.#watch.start();
  }

  /**
   * Calls `listener` with each event, synchronously and in order; returns what removes it. What it
   * throws goes to the listeners of errors.
   */
  onEvent(listener: (event: ElectionEvent) => void): () => void {
    const own = (event: ElectionEvent) => listener(event); // one listener may be added twice
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  /**
   * Calls `listener` with the error of each failed request; returns what removes it. The campaign
   * goes on. While there is no listener errors are printed.
   */
  onError(listener: ErrorHandler): () => void {
    return this.#errors.add(listener);
  }

  /**
   * Stops campaigning. A leader leads on, and renews, until `settled` has settled or `grace` has
   * passed; then its signal aborts and it gives the Lease back, for which it has the time of two
   * requests. Resolves when nothing is left open. Calling it again can only shorten that.
   */
  async close(options: ElectionCloseOptions = {}): Promise<void> {
    const { settled, grace = GRACE_MS } = options;
    this.#advance({ type: "stopped", writing: this.#writing });
    if (settled === undefined) this.#advance({ type: "abandoned" });
    else if (this.#state.phase === "leading") {
      const abandon = () => this.#advance({ type: "abandoned" });
      const cancel = this.#options.clock.timer(grace, abandon);
      const over = () => {
        cancel();
        abandon();
      };
      settled.then(over, over);
      this.#stop.signal.addEventListener("abort", cancel, { once: true });
    }
    await this.#running;
    await this.#watch.close();
  }

  /**
   * Gives up the present term, if there is one, and the Lease, so that another candidate may lead. The
   * campaign goes on, but claims nothing until `settled` has settled and `pause` has passed; the last call
   * counts.
   */
  resign(options: ElectionResignOptions = {}): void {
    const { settled, pause = 0 } = options;
    const { clock } = this.#options;
    const rest = ++this.#rests;
    const until = settled ? Infinity : clock.now() + pause;
    this.#advance({ type: "resigned", until });
    const over = () => {
      if (rest === this.#rests) this.#advance({ type: "rested", until: clock.now() + pause });
    };
    settled?.then(over, over);
  }

  /** Closes at once. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    for (let state = this.#state; state.phase !== "ended"; state = this.#state) {
      const until = state.phase === "releasing"
        ? Math.min(state.until, state.due.at)
        : state.due.at;
      const wait = until - clock.now();
      if (wait > 0) await this.#sleep(wait);
      else if (until < state.due.at) this.#advance({ type: "passed" });
      else if (state.due.request === "read") await this.#read();
      else await this.#write(state);
    }
  }

  /** Waits so long, or until the state has changed. */
  async #sleep(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const cancel = this.#options.clock.timer(Math.ceil(Math.min(ms, LONGEST_SLEEP_MS)), resolve);
    await promise;
    cancel();
    this.#advance({ type: "passed" });
  }

  async #read(): Promise<void> {
    const sentAt = this.#options.clock.now();
    try {
      const json = await this.#client.read(this.#stop.signal);
      this.#advance({ type: "saw", lease: json && toLeaseRecord(json), sentAt });
    } catch (error) {
      this.#failed(error);
    }
  }

  async #write(state: Exclude<ElectionState, { phase: "ended" }>): Promise<void> {
    const { clock } = this.#options;
    const base = {
      lease: state.seen?.lease,
      transitions: state.transitions,
      date: clock.date(),
    };
    const kind = state.phase === "leading"
      ? "renew"
      : state.phase === "releasing"
      ? "release"
      : "acquire";
    const lease = leaseToWrite(kind, base, this.#policy);
    const sentAt = clock.now(); // before sending: others count from after the server's answer
    this.#writing = true;
    try {
      const json = await this.#client.write(lease, this.#stop.signal);
      this.#writing = false;
      if (json === undefined) return this.#advance({ type: "conflicted", sentAt });
      const written = toLeaseRecord(json);
      this.#advance({ type: "wrote", lease: written, sentAt });
      if (kind === "acquire" && written.version <= state.newest) {
        this.#errors.report(
          new Error(
            `${this.#cannotLead} yet: version ${written.version} of the lease is not above ` +
              `${state.newest}, which was seen before`,
          ),
        );
      }
    } catch (error) {
      this.#writing = false;
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    if (this.#stop.signal.aborted) return;
    this.#advance({ type: "failed", forbidden: httpCodeOf(error) === 403 });
    this.#errors.report(asError(error));
  }

  #watched({ type, object }: Change<LeaseJson>): void {
    if (type === "deleted") return this.#advance({ type: "doubted" });
    try {
      this.#advance({ type: "saw", lease: toLeaseRecord(object) });
    } catch (error) {
      this.#errors.report(error);
    }
  }

  #advance(input: ElectionInput): void {
    const now = this.#options.clock.now();
    // time comes first, so that a term that is over is told before what else there is
    const inputs: ElectionInput[] = input.type === "passed" ? [input] : [{ type: "passed" }, input];
    for (const each of inputs) {
      this.#state = step(this.#state, each, { now, policy: this.#policy });
      this.#follow();
    }
    this.#armDeadline();
    this.#wake();
    if (this.#state.phase === "ended") this.#stop.abort(new Error("The election was closed"));
    this.#tell();
  }

  /** Brings the term in line with the state, and notes what is to be told. */
  #follow(): void {
    const state = this.#state;
    const term = this.#term;
    if (term && state.phase !== "leading") {
      this.#term = undefined;
      this.#announced = undefined;
      const reason = new LeadershipLostError(`${this.#cannotLead}: ${state.lost}`, term);
      this.#events.push({ type: "lost", term, reason });
      term.end(reason);
    }
    if (this.#state !== state) return; // a listener of the signal went on from here
    if (!term && state.phase === "leading") {
      this.#announced = undefined;
      const { namespace, name } = this.#options;
      const scope = `election/${namespace}/${name}`;
      this.#term = new OwnTerm({ scope, token: state.token, holder: this.identity }, {
        remaining: () => {
          const { phase } = this.#state;
          return phase === "leading" ? this.#state.deadline - this.#options.clock.now() : 0;
        },
        overdue: () => this.#advance({ type: "passed" }),
      });
      this.#events.push({ type: "leading", term: this.#term });
    } else if (state.phase === "following" || state.phase === "claiming") {
      const { leader } = this;
      if (state.seen === undefined || this.#announced && this.#announced.leader === leader) return;
      this.#announced = { leader };
      this.#events.push({ type: "following", leader });
    }
  }

  /** The deadline is kept also while a request is under way. */
  #armDeadline(): void {
    const at = this.#state.phase === "leading" ? this.#state.deadline : undefined;
    if (this.#deadline?.at === at) return;
    this.#deadline?.cancel();
    this.#deadline = undefined;
    if (at === undefined) return;
    const { clock } = this.#options;
    const cancel = clock.timer(Math.ceil(at - clock.now()), () => {
      this.#deadline = undefined; // a timer may fire early: then it is armed again
      this.#advance({ type: "passed" });
    });
    this.#deadline = { at, cancel };
  }

  /** Tells what was noted. What listeners cause is told after that, by the same loop. */
  #tell(): void {
    if (this.#telling) return;
    this.#telling = true;
    for (let event = this.#events.shift(); event; event = this.#events.shift()) {
      for (const listener of this.#listeners) {
        try {
          listener(event);
        } catch (thrown) {
          this.#errors.report(thrown);
        }
      }
    }
    this.#telling = false;
  }

  get #cannotLead(): string {
    return `Cannot lead "${this.#options.namespace}/${this.#options.name}"`;
  }
}
