/**
 * What coordinators and workers say to each other, and how: typed contracts, authenticated
 * connections, calls that survive them, and work spread over many workers. It knows nothing of
 * Kubernetes.
 *
 * @module
 */
export { Callee } from "./calls/callee.ts";
export type { CalleeOptions } from "./calls/callee_options.ts";
export { Caller, type CallerOptions } from "./calls/caller.ts";
export {
  type HandlerContext,
  type Handlers,
  type Implementation,
  implementation,
} from "./calls/implementation.ts";
export { CallFailure } from "./calls/failures.ts";
export { type ErrorInputOf, isMethodError, methodError } from "./calls/method_error.ts";
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
  isContract,
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
export type {
  AskAllOptions,
  Asking,
  AskOptions,
  ChoiceOptions,
  EventOrigin,
  StreamOptions,
  Target,
  WorkerAnswer,
  WorkerChange,
  WorkerStatus,
} from "./group/asking.ts";
export { Group, type GroupOptions } from "./group/group.ts";
export { LinkedMember, type LinkStanding } from "./group/linked_member.ts";
export type { Member, MemberState, WorkerRef } from "./group/member.ts";
export { Acceptor, type AcceptorOptions } from "./session/acceptor.ts";
export type { AcceptOptions } from "./session/accept_channel.ts";
export { clientMessageSocket } from "./session/client_message_socket.ts";
export { type DialOptions, RefusedError } from "./session/dial_channel.ts";
export type { HeartbeatOptions } from "./session/heartbeat.ts";
export { type Key, KeyRing, newKey } from "./session/key_ring.ts";
export { Link, type LinkOptions, type LinkState } from "./session/link.ts";
export { type MemorySocket, memorySockets } from "./session/memory_sockets.ts";
export { MESSAGES_PATH, type MessageSocket, SUBPROTOCOL } from "./session/message_socket.ts";
export { type Negotiation, negotiationOf } from "./session/negotiation.ts";
export { serverMessageSocket } from "./session/server_message_socket.ts";
export { type ChannelOptions, SocketChannel } from "./session/socket_channel.ts";
export type { ReaderLimits } from "./wire/message_reader.ts";
export type {
  Agreed,
  CalleeChannel,
  CallerChannel,
  CallOptions,
  Channel,
  ChannelEnd,
  Limits,
  Peer,
} from "./session/channel.ts";
export {
  dialMessages,
  type DialMessagesOptions,
  MAX_MESSAGE,
  type TlsTrust,
  type WorkerAddress,
  workersName,
} from "./dial_messages.ts";
export type { Json, RosterEntry } from "./wire/frame.ts";
export type { Load } from "./work/load.ts";
export type { MapOptions } from "./work/map_options.ts";
export { PoisonError } from "./work/poison_error.ts";
export type { Capacity, PlaceOptions, Pool } from "./work/pool.ts";
export type { SubmitOptions, TaskHandle } from "./work/submit.ts";
export type { TaskState } from "./work/task.ts";
export type { TaskOptions } from "./work/task_options.ts";
export type { Attempt, AttemptEnd, TaskDone, TaskFailed, TaskResult } from "./work/task_result.ts";
export type { Inputs } from "./work/task_source.ts";
export { Work, type WorkOptions } from "./work/work.ts";
