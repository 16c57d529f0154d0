/**
 * Tools for testing programs that talk to a Kubernetes API server: a proxy that injects faults
 * by a seeded plan, between any client and any server; a scripted server that answers expected
 * calls and misbehaves at any byte; a validator of what an event handler hears; and a checker of
 * histories, `checkLinearizable`, with models of registers, counters, locks and sequences, in the manner
 * of Anish Athalye's Porcupine.
 *
 * ```ts ignore
 * import { FaultProxy } from "@troupe/troupe/testing";
 *
 * await using proxy = await FaultProxy.start({
 *   target: "http://127.0.0.1:8001",
 *   plan: { seed: 7, rules: [{ fault: "cut", path: /watch=1/, probability: 0.3, afterMs: [0, 2000] }] },
 * });
 * console.log(`use ${proxy.url} in place of the API server`);
 * ```
 *
 * @module
 */
export { FaultProxy, type FaultProxyOptions, type FaultRecord } from "./fault_proxy.ts";
export {
  type Fault,
  FaultDecider,
  type FaultMatch,
  type FaultPlan,
  type FaultRule,
  type FaultSubject,
  type Range,
} from "./fault_plan.ts";
export {
  type CallPattern,
  type Framing,
  type RecordedCall,
  type ReplyStep,
  type ScriptedCall,
  ScriptedServer,
  type ScriptedServerOptions,
} from "./scripted_server.ts";
export { seededRandom } from "./seeded_random.ts";
export {
  checkAtomic,
  checkBookmarkable,
  checkOrdered,
  checkReliable,
  checkResumable,
  checkUnique,
} from "./stream_checks.ts";
export type {
  BookmarkMark,
  HeardEvent,
  RecordedState,
  ResumedMark,
  StreamEntry,
  StreamObject,
  StreamProperty,
  StreamViolation,
} from "./stream_entry.ts";
export {
  StreamValidator,
  type StreamValidatorOptions,
  type ValidatedEvent,
} from "./stream_validator.ts";
export {
  checkLinearizable,
  type CheckOptions,
  type IllegalHistory,
  type Linearizability,
} from "./linearizability/check_linearizable.ts";
export {
  type CounterInput,
  counterModel,
  type CounterOutput,
} from "./linearizability/counter_model.ts";
export {
  type FencedRegisterInput,
  fencedRegisterModel,
  type FencedRegisterOutput,
  type FencedRegisterState,
} from "./linearizability/fenced_register_model.ts";
export {
  HistoryRecorder,
  type HistoryRecorderOptions,
  readHistory,
  type RecordedOperation,
} from "./linearizability/history_recorder.ts";
export {
  type LockInput,
  lockModel,
  type LockOutput,
  type LockState,
} from "./linearizability/lock_model.ts";
export type { Model, Step } from "./linearizability/model.ts";
export type { History, Operation } from "./linearizability/operation.ts";
export {
  type RegisterInput,
  registerModel,
  type RegisterOutput,
  type RegisterState,
  type RegisterValue,
} from "./linearizability/register_model.ts";
export {
  type SequenceInput,
  sequenceModel,
  type SequenceOutput,
} from "./linearizability/sequence_model.ts";
