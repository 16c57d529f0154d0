/**
 * What coordinators and workers say to each other, and how: typed contracts, authenticated
 * connections, calls that survive them, and work spread over many workers. It knows nothing of
 * Kubernetes.
 *
 * @module
 */
export {
  type Contract,
  contract,
  type ContractOptions,
  type ErrorCodeOf,
  type ErrorDataOf,
  type EventName,
  type EventSpec,
  type HeardOf,
  type InputOf,
  type ItemOf,
  type MethodName,
  type MethodSpec,
  type NoContract,
  type OutputOf,
  type ParsedInputOf,
  type ReturnOf,
  type Schema,
  type Spec,
  type Specs,
  type StreamName,
  type StreamSpec,
  type ToldOf,
  type YieldOf,
} from "./contract/contract.ts";
export {
  type CallErrorOptions,
  CanceledError,
  HandlerError,
  IncompatibleError,
  LostError,
  MethodError,
  NotRunError,
  OverloadedError,
  TimedOutError,
  UnauthorizedError,
} from "./errors.ts";
export type { Member, MemberState, WorkerRef } from "./group/member.ts";
export type { Json } from "./wire/frame.ts";
