/**
 * The only room that speaks to a Kubernetes API server: where it is and who we are to it
 * (`config/`), how requests are sent (`transport/`), and how objects are watched (`watch/`).
 *
 * @module
 */
export {
  type ClusterConfig,
  type ClusterConfigOptions,
  ConfigError,
  type Credentials,
  loadClusterConfig,
  plainClusterConfig,
  type PlainClusterOptions,
  type Presented,
  type TlsMaterial,
} from "./config/mod.ts";
export {
  CONFIG_MAPS,
  DEPLOYMENTS,
  ENDPOINT_SLICES,
  EVENTS,
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
} from "./watch/mod.ts";
export {
  type Change,
  Dispatcher,
  type DispatcherOptions,
  type Entry,
  type ErrorStatus,
  type EventDecoder,
  jsonDecoder,
  keyOf,
  type KubeObject,
  type ListPage,
  MalformedError,
  type ObjectKey,
  type ReadonlyStore,
  Reconciler,
  type ReconcilerOptions,
  Reflector,
  type ReflectorHealth,
  type ReflectorOptions,
  type ReflectorState,
  type ResourceKind,
  resourcePath,
  type ResourcePathOptions,
  SilenceError,
  type WatchEvent,
  WatchStatusError,
} from "./watch/mod.ts";
