/**
 * Tools for testing programs that talk to a Kubernetes API server: a proxy that injects faults
 * by a seeded plan, between any client and any server; a scripted server that answers expected
 * calls and misbehaves at any byte; and a validator of what an event handler hears.
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
