import { type Change, Reflector } from "../../kube/mod.ts";
import { checkName } from "../checked_name.ts";
import { type CandidacyContext, electionLease } from "./candidacy.ts";
import { LeaseClient } from "./lease_client.ts";
import { type LeaseJson, type LeaseRecord, RAW_LEASES, toLeaseRecord } from "./lease_record.ts";
import { type Observation, observe } from "./observation.ts";

/** Within this time after an expiry it is read again; mostly somebody follows earlier. */
const SPREAD_MS = 1_000;

/** The wait after a request that failed, at least and at most twice, in milliseconds. */
const FAILURE_WAIT_MS = 2_000;

/** The watch is what tells of changes: it comes back soon. */
const WATCH_BACKOFF = { minBackoff: 100, maxBackoff: 5_000 };

/** Options of `Primitives.observe`. */
export interface ElectionObserverOptions {
  /**
   * Closes the observer when it aborts.
   * @default none
   */
  signal?: AbortSignal;
}

/**
 * Watches who leads, and never stands itself.
 *
 * ```ts
 * import { Primitives } from "@troupe/troupe/primitives";
 *
 * await using primitives = await Primitives.create();
 * await using candidacy = primitives.elect("greeter", { onLeading: () => {} });
 * await using observer = primitives.observe("greeter");
 * const remove = observer.onChange((leader) => console.log(`${leader ?? "nobody"} leads`));
 * for await (const leader of observer) { // at once when it is known, then with each change
 *   if (leader === candidacy.identity) break;
 * }
 * remove();
 * ```
 *
 * Flow: the Lease `troupe-election-<name>` is read, and watched. Its holder leads until the Lease has not
 * changed for its `leaseDurationSeconds`, by the local monotonic clock from when its last change was observed; then it
 * is read again, within a second, for the watch may be late; if it is still the same, nobody leads. Who releases
 * it leads no longer at once.
 *
 * Guarantees: each change that lasts long enough to be observed is told, once, the last one for sure; a
 * listener or loop that is slow hears the newest state. What renewTime says is not looked at.
 *
 * Caveats: it is told what was so; a leader is a little earlier, or is it no longer, when that is heard. Who must know
 * whether somebody still leads refuses lower tokens. While the API server cannot be reached, a leader whose
 * lease ran out is told as nobody, though it may have been followed.
 *
 * Errors: failed requests go to `Primitives.onError`, and are repeated.
 *
 * Cost: no writes; a read, a list and a watch at the start, and then no requests while somebody leads. After a
 * death those observers read once that hear of no new leader within a random part of a second; one more each
 * `leaseDuration` while nobody follows. The permissions are `get`, `list` and `watch` for `leases`.
 *
 * `Primitives.observe` makes it.
 */
export class ElectionObserver implements AsyncDisposable, AsyncIterable<string | undefined> {
  readonly #context: CandidacyContext;
  readonly #name: string;
  readonly #client: LeaseClient;
  readonly #watch: Reflector<LeaseJson>;
  readonly #listeners = new Set<(leader: string | undefined) => unknown>();
  readonly #stop = new AbortController();
  #seen: Observation | undefined;
  #told: { readonly leader: string | undefined } | undefined;
  #cancel: () => void = () => {};
  #looking: Promise<void> | undefined;
  #doubtful = false;
  #closing: Promise<void> | undefined;
  #unlink: () => void = () => {};

  /**
   * Begins to watch.
   *
   * @throws {TypeError} when no object can have that name
   */
  constructor(context: CandidacyContext, name: string, options: ElectionObserverOptions = {}) {
    this.#name = checkName("election", name);
    this.#context = context;
    const { client, clock, errors, namespace, random, timing: { requestTimeout } } = context;
    const signals = [context.signal, ...options.signal ? [options.signal] : []];
    for (const signal of signals) signal.throwIfAborted();
    const lease = electionLease(name);
    this.#client = new LeaseClient(client, { namespace, name: lease, requestTimeout, clock });
    this.#watch = new Reflector(client, RAW_LEASES, {
      namespace,
      fieldSelector: `metadata.name=${lease}`,
      random,
      ...WATCH_BACKOFF,
    });
    this.#watch.onChange((change) => this.#watched(change));
    this.#watch.onError((error) => errors.report(error));
    const onAbort = () => context.background.run(this.close());
    for (const signal of signals) signal.addEventListener("abort", onAbort, { once: true });
    this.#unlink = () => {
      for (const signal of signals) signal.removeEventListener("abort", onAbort);
    };
    this.#watch.start();
    this.#look();
  }

  /** The name of what is led. */
  get name(): string {
    return this.#name;
  }

  /** Who leads, as last told; nobody does, or nothing is known yet, if it is `undefined`. */
  get leader(): string | undefined {
    return this.#told?.leader;
  }

  /**
   * Calls `listener` with who leads, at once if that is known, and then with each change; returns what
   * removes it. What it throws is reported.
   */
  onChange(listener: (leader: string | undefined) => unknown): () => void {
    const own = (leader: string | undefined) => listener(leader);
    this.#listeners.add(own);
    if (this.#told) this.#call(own, this.#told.leader);
    return () => void this.#listeners.delete(own);
  }

  /** Who leads, as soon as that is known, and each change from then on, until the observer is closed. */
  async *[Symbol.asyncIterator](): AsyncIterator<string | undefined, void> {
    const { signal } = this.#stop;
    let last: { readonly leader: string | undefined } | undefined;
    let wake = () => {};
    const remove = this.onChange(() => wake());
    const onAbort = () => wake();
    signal.addEventListener("abort", onAbort);
    try {
      while (!signal.aborted) {
        const told = this.#told;
        if (told === undefined || last && told.leader === last.leader) {
          await new Promise<void>((resolve) => wake = resolve);
        } else {
          last = told;
          yield told.leader;
        }
      }
    } finally {
      remove();
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Watches no longer; loops end. Resolves when nothing is left open. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  /** The same as {@linkcode ElectionObserver.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#unlink();
    this.#cancel();
    this.#stop.abort(new Error("The observer was closed"));
    await this.#looking;
    await this.#watch.close();
  }

  #watched({ type, object }: Change<LeaseJson>): void {
    if (type === "deleted") return this.#look();
    try {
      this.#see(toLeaseRecord(object));
    } catch (error) {
      this.#context.errors.report(error);
    }
  }

  /** Reads the Lease; if that is under way, again after it. */
  #look(): void {
    this.#doubtful = true;
    this.#looking ??= this.#readAll().finally(() => this.#looking = undefined);
  }

  async #readAll(): Promise<void> {
    while (this.#doubtful && !this.#stop.signal.aborted) {
      this.#doubtful = false;
      await this.#read();
    }
  }

  async #read(): Promise<void> {
    const { clock, errors, random } = this.#context;
    const sentAt = clock.now();
    try {
      const json = await this.#client.read(this.#stop.signal);
      this.#see(json && toLeaseRecord(json), sentAt);
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      errors.report(error);
      this.#tell();
      this.#lookIn(FAILURE_WAIT_MS * (1 + random()));
    }
  }

  /** Takes notice of the Lease; `sentAt` tells when it was asked for. */
  #see(lease: LeaseRecord | undefined, sentAt = -Infinity): void {
    const { clock, random, timing: { leaseDuration } } = this.#context;
    if (this.#stop.signal.aborted) return;
    const seen = this.#seen;
    // what was asked for later is newer, whatever its version is
    const isLater = seen === undefined || sentAt >= seen.at;
    if (!isLater && (lease?.version ?? 0) < (seen.lease?.version ?? 0)) return;
    const now = clock.now();
    this.#seen = observe(seen, lease, { now, leaseDuration });
    this.#tell();
    this.#cancel();
    const { heldUntil } = this.#seen;
    if (lease?.holder === undefined) return;
    const duration = lease.durationMs ?? leaseDuration;
    this.#lookIn((now < heldUntil ? heldUntil - now : duration) + random() * SPREAD_MS);
  }

  #lookIn(ms: number): void {
    this.#cancel();
    this.#cancel = this.#context.clock.timer(Math.ceil(ms), () => this.#look());
  }

  /** Tells who leads now, if that has changed. */
  #tell(): void {
    if (this.#seen === undefined) return; // nothing is known
    const { lease, heldUntil } = this.#seen;
    const leader = this.#context.clock.now() < heldUntil ? lease?.holder : undefined;
    if (this.#told && this.#told.leader === leader) return;
    this.#told = { leader };
    for (const listener of [...this.#listeners]) this.#call(listener, leader);
  }

  #call(listener: (leader: string | undefined) => unknown, leader: string | undefined): void {
    this.#context.background.run((async () => void await listener(leader))());
  }
}
