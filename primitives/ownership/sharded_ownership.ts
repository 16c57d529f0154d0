import { anySignal } from "../../runtime/mod.ts";
import { checkName } from "../checked_name.ts";
import type { PrimitiveContext } from "../context.ts";
import { SharedRecord } from "../record/mod.ts";
import type { Session } from "../session/mod.ts";
import { bounded, pause, settlesWithin, unlessAborted, type WaitOptions } from "../waiting.ts";
import { KeySet } from "./key_set.ts";
import { Membership } from "./membership.ts";
import { checkKeys, checkOwnershipOptions, type OwnershipOptions } from "./ownership_options.ts";
import { NO_MEMBERS, ownershipSchema, type OwnershipState } from "./ownership_state.ts";
import { type KeyHandlers, type OwnedKey, Tenure } from "./tenure.ts";

/** The wait before it joins anew, at most, in milliseconds. */
const REJOIN_WAIT = 1_000;

/**
 * Divides keys, such as partitions, tenants or devices, among the processes that live: each key has one owner.
 *
 * ```ts
 * import { Primitives, type ShardedOwnership } from "@troupe/troupe/primitives";
 * import { z } from "zod";
 *
 * await using primitives = await Primitives.create();
 * const offsets = primitives.keyValue("offsets", z.int());
 * const first = Promise.withResolvers<string>();
 * await using ownership: ShardedOwnership = primitives.shardedOwnership("partitions", {
 *   keys: ["north", "east", "south", "west"],
 *   async onAcquire(key, _token, signal) {
 *     const fence = ownership.owned.get(key)!;
 *     const offset = await offsets.get(key, { signal }) ?? 0;
 *     await offsets.put(key, offset + 1, { fence, signal }); // refused if another has had it since
 *     first.resolve(key); // it stays ours until the signal aborts, also if we return
 *   },
 *   onRelease: (key) => console.log(`another gets ${key} when this is done`),
 * });
 * console.log(`${await first.promise} is ours`);
 * ```
 *
 * ## Flow
 *
 * Who has which key stands in one ConfigMap, `troupe-ownership-<name>`. Whoever joins, leaves, names other keys or
 * finds another dead decides in the same write who is to have what: a key that nobody has has a new owner at
 * once, one that is to move has the name of its next owner beside that of the present. The owner, which hears
 * of it by its watch, ends what it does for the key: the signal aborts, `onAcquire` ends, `onRelease` is
 * called and ends. Then it writes that the next one has it, of all keys that have come so far in one write; that
 * one hears of it, and its `onAcquire` is called. `close()` does so with all keys. What moves for balance only
 * waits for `settle` (0.5 s, and up to half of it more) first, and one who joins takes no key before that time has passed: when
 * many come together, keys move once.
 *
 * Each member lives by the session of its process (a Lease) and watches that of one other, its neighbor. If
 * that is gone, it removes the neighbor and gives its keys to others, in one write.
 *
 * ## Guarantees
 *
 * - At any time one member at most is to be trusted with a key, as `throwIfOver()` of its {@linkcode OwnedKey}
 *   judges it. The session is trusted for `renewDeadline` (6 s) after its last renewal was sent, and taken for
 *   dead by others when they have observed none for `leaseDuration` (8 s), each by its own monotonic clock.
 * - The tokens of a key grow from holder to holder: a token is the resourceVersion at which the holder saw that it
 *   has the key. An owned key is a fence: `put(key, value, { fence: ownership.owned.get(key) })`.
 * - While its session lives, a member keeps a key until `onAcquire` and `onRelease` have ended; in one process
 *   handlers for one key never overlap, whatever happens. Each call of `onAcquire` is followed by one of `onRelease`.
 * - Each key that is named has an owner. Those who name the same keys have the same number of them, or one more. Of
 *   k keys, ⌊k ÷ n⌋ move when the n-th member comes, and only those of one who goes or dies when it does.
 * - When all goes well keys have new owners: of one who closes, within some 100 ms of the end of their handlers; for one
 *   who joins, within a second of it; of one who died, within `leaseDuration` and a second (9 s); of
 *   up to nine in a row of neighbors who died together, within twice that. A member whose watch is broken hears by
 *   reading: within `leaseDuration` for each member there is, and a quarter more.
 *
 * ## Handlers
 *
 * - A handler that does not end keeps its key where it is, and holds up no other key. Only when the
 *   session is lost, others get it; if this process joins anew, it does not name the key until the handler ends.
 * - `onAcquire` that fails: it is reported, the signal aborts, `onRelease` is called; then it is called again with
 *   the same token and a new signal, after 0.5 s to 1 s, doubled each time up to a minute. The key stays with the
 *   member, for by another it would fail as likely. To give it away, name other keys: `update`.
 * - `onRelease` that fails is reported, and the key is handed on.
 * - When the session is lost (the API server was not reached for 6 s) all signals abort with a
 *   `SessionLostError`, and the member joins anew when its handlers have ended, at the latest when others have taken
 *   it for dead.
 *
 * ## Keys
 *
 * Each member names the keys that it can have; as a rule all name the same. If they differ, as while a new
 * release is rolled out, all keys that anybody names are owned, each by one of those who name it; a key that
 * nobody names any more is released and forgotten. A member may name none, and only hold its place. Equal sets
 * are stored once. The keys of one member may take 200 KiB as JSON: 8,000 keys of 20 characters. So two
 * releases without a common key have room in one ConfigMap; what has no room is refused with a
 * `RangeError` before it is written, by `update` or, of one who joins, to `onError`.
 *
 * ## Assumptions and caveats
 *
 * - Between a check and a write the process may be stopped for a minute: guard by the token what must not be done by
 *   two (see `Mutex`).
 * - `close()` waits for handlers for as long as it takes, `Primitives.close()` for `grace` (25 s): when that has passed,
 *   keys have new owners while handlers end.
 * - Who deletes the ConfigMap lets members begin anew: all signals abort as soon as that is seen, and nobody takes a
 *   key before `settle` has passed. Until a member whose watch is broken hears of it, only the tokens tell.
 * - Keys count the same, however much work they are. A key of much work is better made several.
 * - A cluster that is restored from a backup gives lower tokens.
 *
 * ## Errors
 *
 * What a handler throws is reported to `Primitives.onError` with the `cause`, but for the reason of its signal; so
 * are requests that fail. They are repeated; those that are refused (a missing permission, a ConfigMap that is
 * not an ownership) after up to 8 s.
 *
 * ## Cost
 *
 * While nothing changes: the renewals of the sessions, and one read of the ConfigMap per `leaseDuration`, by all
 * members together. To join: a write, and one of each member that has keys to give; to leave one or two writes; a
 * death is one write. Each member watches the ConfigMap and one Lease. Each change is told to all
 * members as a whole, so n members hear n times the size: a key's length and three bytes, 80 bytes for a
 * member. 1,000 keys of 20 characters and 50 members are 27 KiB, and told to all 1.3 MiB.
 *
 * `Primitives.shardedOwnership` makes it.
 */
export class ShardedOwnership implements AsyncDisposable {
  /** Its name. */
  readonly name: string;
  readonly #context: PrimitiveContext;
  readonly #handlers: KeyHandlers;
  readonly #settle: number;
  readonly #record: SharedRecord<OwnershipState>;
  readonly #stop = new AbortController();
  /** Aborts when it is closed, or the primitives are. */
  readonly #signal: AbortSignal;
  readonly #former = new Set<string>();
  /** The keys for which something runs though the session is lost by which it began. */
  readonly #stuck = new Set<string>();
  readonly #running: Promise<void>;
  readonly #forget: () => void;
  #keys: KeySet;
  #membership: Membership | undefined;

  /** It joins at once. */
  constructor(context: PrimitiveContext, name: string, options: OwnershipOptions) {
    const { keys, settle, grace, ...handlers } = checkOwnershipOptions(options);
    this.name = checkName("ownership", name);
    this.#context = context;
    this.#handlers = handlers;
    this.#settle = settle;
    this.#keys = new KeySet(keys);
    this.#signal = anySignal([context.signal, this.#stop.signal]);
    const definition = { kind: "ownership", name, schema: ownershipSchema, empty: NO_MEMBERS };
    this.#record = new SharedRecord(context, definition);
    this.#running = this.#run();
    this.#forget = context.participants.add(() => this.#leave(grace));
  }

  /** The keys that a handler of this member has now, with their holds. */
  get owned(): ReadonlyMap<string, OwnedKey> {
    return new Map((this.#membership?.held() ?? []).map((tenure) => [tenure.key, tenure]));
  }

  /**
   * Names other keys in place of those before. Resolves when that is stored: then the new ones have owners, and
   * those that are not named any more are being released.
   *
   * @throws {TypeError} when one is no string of 1 to 253 characters
   * @throws {RangeError} when they take too much space; what was before stays
   */
  async update(keys: Iterable<string>, options: WaitOptions = {}): Promise<void> {
    const named = checkKeys(keys);
    const doing = `update ownership "${this.name}"`;
    const { clock } = this.#context;
    await bounded({ ...options, clock, doing, life: this.#signal }, async (signal) => {
      const set = this.#keys = new KeySet(named, this.#keys);
      this.#membership?.write();
      await unlessAborted(signal, set.stored);
    });
  }

  /**
   * Releases all keys and leaves. Resolves when the handlers have ended and others have been told: as long as a
   * handler does not end, its key stays here.
   */
  async close(): Promise<void> {
    if (!this.#stop.signal.aborted) {
      this.#stop.abort(new Error(`Ownership "${this.name}" was closed`));
    }
    this.#membership?.leave();
    await this.#running;
    this.#forget();
  }

  /** The same as {@linkcode ShardedOwnership.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Closes it, but waits for no longer than that. */
  async #leave(grace: number): Promise<void> {
    const { clock, errors } = this.#context;
    if (await settlesWithin(clock, grace, this.close())) return;
    const keys = [...this.#membership?.tenures ?? []].map(({ key }) => JSON.stringify(key));
    errors.report(
      new Error(
        `Cannot wait for handlers of ownership "${this.name}": those of ${
          keys.join(", ")
        } have not ` +
          `ended within ${grace} ms`,
      ),
    );
  }

  async #run(): Promise<void> {
    const { clock, errors, random, sessions } = this.#context;
    while (!this.#signal.aborted) {
      try {
        await this.#takePart(await sessions.own(this.#signal));
      } catch (error) {
        if (!this.#signal.aborted) errors.report(error);
      }
      await pause(clock, random() * REJOIN_WAIT, this.#signal).catch(() => {});
    }
  }

  async #takePart(session: Session): Promise<void> {
    const membership = new Membership({
      context: this.#context,
      record: this.#record,
      session,
      former: this.#former,
      settle: this.#settle,
      keys: () => this.#keys,
      stuck: this.#stuck,
      refuse: (keys, error) => this.#refuse(keys, error),
      begin: (key, token) => this.#begin(key, token, session),
    });
    this.#membership = membership;
    try {
      await membership.run();
    } finally {
      this.#membership = undefined;
      this.#former.add(membership.id);
      for (const tenure of membership.tenures) this.#await(tenure);
    }
  }

  #begin(key: string, token: number, session: Session): Tenure {
    const context = this.#context;
    const scope = `ownership/${context.namespace}/${this.name}/${key}`;
    return new Tenure({ context, key, scope, token, session, handlers: this.#handlers });
  }

  #await({ key, over }: Tenure): void {
    this.#stuck.add(key);
    void over.then(() => {
      this.#stuck.delete(key);
      this.#membership?.write();
    });
  }

  #refuse(keys: KeySet, error: unknown): boolean {
    const before = keys.refuse(error);
    if (before && this.#keys === keys) this.#keys = before;
    return before !== undefined;
  }
}
