/**
 * What distributed programs agree by, made of plain Kubernetes objects: leader election on a Lease.
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
 *
 * @module
 */
export type { Clock } from "./clock.ts";
export { Counter, type CounterWatchOptions } from "./counting/counter.ts";
export { Sequence, type SequenceOptions } from "./counting/sequence.ts";
export {
  Discovery,
  type DiscoveryEvent,
  type DiscoveryOptions,
  type Member,
  type MemberInit,
  Membership,
} from "./discovery/mod.ts";
export { Candidacy, type CandidacyOptions, type LeadingHandler } from "./election/candidacy.ts";
export {
  Election,
  type ElectionCloseOptions,
  type ElectionEvent,
  type ElectionResignOptions,
} from "./election/election.ts";
export { ElectionObserver, type ElectionObserverOptions } from "./election/election_observer.ts";
export type { ElectionOptions } from "./election/election_options.ts";
export { LeadershipLostError, type Term } from "./election/term.ts";
export { Fence, type FenceOptions } from "./fencing/fence.ts";
export { type Fenced, type FencingToken, StaleTokenError } from "./fencing/fencing_token.ts";
export { Barrier } from "./gathering/barrier.ts";
export type { Arrival } from "./gathering/barrier_state.ts";
export { Latch } from "./gathering/latch.ts";
export { Once, type Turn } from "./gathering/once.ts";
export { RecordDeletedError } from "./gathering/record_deleted_error.ts";
export {
  type ChangeOptions,
  type KeyChangeOptions,
  KeyValue,
  type KeyValueEntry,
  type KeyValueEvent,
  type PutOptions,
  type ReadOptions,
  type Transaction,
  type UpdateOptions,
  type ValueOptions,
  VersionMismatchError,
  type WatchOptions,
} from "./key_value/mod.ts";
export type { Hold } from "./locks/hold.ts";
export { Mutex } from "./locks/mutex.ts";
export { ReadWriteLock } from "./locks/read_write_lock.ts";
export { ReentrancyError } from "./locks/reentrancy_error.ts";
export { Semaphore, type SemaphoreAcquireOptions } from "./locks/semaphore.ts";
export type { OwnershipOptions } from "./ownership/ownership_options.ts";
export { ShardedOwnership } from "./ownership/sharded_ownership.ts";
export type { KeyHandlers, OwnedKey } from "./ownership/tenure.ts";
export { Primitives } from "./primitives.ts";
export type { PrimitivesOptions } from "./primitives_options.ts";
export { RecordError, UnknownOutcomeError } from "./record/mod.ts";
export { SessionLostError } from "./session/mod.ts";
export type { TimingOptions } from "./timing.ts";
export type { ValueSchema } from "./value_schema.ts";
export type { WaitOptions } from "./waiting.ts";
export type { Budget } from "../kube/mod.ts";
export type { ErrorHandler } from "../runtime/mod.ts";
