/**
 * Watching: a {@linkcode Reflector} keeps a copy of the objects of one kind and tells what
 * changes, a {@linkcode Dispatcher} hands changes to a handler that may be slow, and a
 * {@linkcode Reconciler} calls a function for each key that something happened to.
 *
 * @module
 */
export { Dispatcher, type DispatcherOptions } from "./dispatcher.ts";
export type {
  Decoded,
  Entry,
  ErrorStatus,
  EventDecoder,
  ListPage,
  WatchEvent,
} from "./event_decoder.ts";
export { MalformedError, SilenceError, WatchStatusError } from "./failure.ts";
export { jsonDecoder } from "./json_decoder.ts";
export {
  CONFIG_MAPS,
  CRON_JOBS,
  CRON_JOBS_V1BETA1,
  DAEMON_SETS,
  DEPLOYMENTS,
  ENDPOINT_SLICES,
  EVENTS,
  JOBS,
  LEASES,
  NAMESPACES,
  NODES,
  PODS,
  REPLICA_SETS,
  ROLE_BINDINGS,
  ROLES,
  SECRETS,
  SERVICE_ACCOUNTS,
  SERVICES,
  STATEFUL_SETS,
} from "./kinds.ts";
export { leanDecoder } from "./lean_decoder.ts";
export { Reconciler, type ReconcilerOptions } from "./reconciler.ts";
export { Reflector } from "./reflector.ts";
export type { ReflectorOptions } from "./reflector_options.ts";
export type { ReflectorHealth, ReflectorState } from "./reflector_status.ts";
export {
  keyOf,
  type KubeObject,
  type ObjectKey,
  type ResourceKind,
  resourcePath,
  type ResourcePathOptions,
  type WritableKind,
} from "./resource_kind.ts";
export type { Change, ReadonlyStore } from "./store.ts";
