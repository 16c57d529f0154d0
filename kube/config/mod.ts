/**
 * Where a cluster is and with what credentials: kubeconfig files and the service account of a pod.
 *
 * @module
 */

export {
  type ClusterConfig,
  type Credentials,
  plainClusterConfig,
  type PlainClusterOptions,
  type Presented,
  type TlsMaterial,
} from "./cluster_config.ts";
export { ConfigError } from "./config_error.ts";
export { IN_CLUSTER } from "./in_cluster.ts";
export { type ClusterConfigOptions, loadClusterConfig } from "./load_cluster_config.ts";
