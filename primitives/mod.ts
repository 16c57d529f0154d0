/**
 * What distributed programs agree by, made of plain Kubernetes objects: locks, elections, counters, buckets
 * of keys and values, and more. There is nothing to install for them.
 *
 * ```ts
 * import { Primitives } from "@troupe/troupe/primitives";
 * import { z } from "zod";
 *
 * await using primitives = await Primitives.create(); // or worker.primitives(), coordinator.primitives()
 * const accounts = primitives.keyValue("accounts", z.int());
 * {
 *   await using held = await primitives.mutex("accounts").acquire({ timeout: 10_000 });
 *   const balance = await accounts.get("42") ?? 0;
 *   await accounts.put("42", balance + 100, { fence: held }); // refused once a later holder has written
 * }
 * console.log(await primitives.counter("payments").add(1));
 * ```
 *
 * {@linkcode Primitives} is the entrance, and makes all of them. What each one promises, costs and needs
 * stands in its own text:
 *
 * - one at a time, many to read or one to write, n at a time: {@linkcode Mutex}, {@linkcode ReadWriteLock},
 *   {@linkcode Semaphore}; what is held is a {@linkcode Hold}, and {@linkcode Fence} refuses who holds it no longer;
 * - who is in charge: {@linkcode Candidacy} by `elect`, {@linkcode ElectionObserver} by `observe`, and
 *   {@linkcode Election}, which both are made of;
 * - who owns which key, who is there: {@linkcode ShardedOwnership}, {@linkcode Discovery};
 * - waiting for each other, and doing something once: {@linkcode Barrier}, {@linkcode Latch}, {@linkcode Once};
 * - numbers: {@linkcode Counter}, {@linkcode Sequence};
 * - values: {@linkcode KeyValue}.
 *
 * All who use the same kind and name in the same namespace mean the same thing. What is given a `signal` or a
 * `timeout` is ended by it; while the API server cannot be reached, calls wait.
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
export { Once } from "./gathering/once.ts";
export type { Turn } from "./gathering/once_turn.ts";
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
