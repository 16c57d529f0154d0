import type { ClusterConfig } from "./cluster_config.ts";
import { ConfigError } from "./config_error.ts";
import { ContextCredentials } from "./context_credentials.ts";
import type { Environment } from "./environment.ts";
import { findInCluster } from "./in_cluster.ts";
import { findKubeconfig } from "./kubeconfig_files.ts";
import { selectContext } from "./select_context.ts";

/** Options of {@linkcode loadClusterConfig}. */
export interface ClusterConfigOptions {
  /** Path of a kubeconfig. @default the files of `KUBECONFIG`, else `~/.kube/config` */
  kubeconfig?: string;
  /** Context of the kubeconfig. @default its current context */
  context?: string;
  /** Ends the wait for an exec plugin. */
  signal?: AbortSignal;
}

/**
 * Finds the cluster to talk to: `options.kubeconfig`, else the files of `KUBECONFIG` merged, else
 * `~/.kube/config`, else the service account of the pod that this runs in.
 *
 * Credentials are read (and an exec plugin is run) once, so that what is wrong with them is told
 * here and not with the first request. Relative paths in a kubeconfig are relative to its folder.
 *
 * @throws {ConfigError} naming the file, context and field, or all places that were looked at
 */
export function loadClusterConfig(options: ClusterConfigOptions = {}): Promise<ClusterConfig> {
  return loadFrom(Deno.env, options);
}

/** As {@linkcode loadClusterConfig}, with variables from `env`. */
export async function loadFrom(
  env: Environment,
  options: ClusterConfigOptions = {},
): Promise<ClusterConfig> {
  options.signal?.throwIfAborted();
  const search = await findKubeconfig(options.kubeconfig, env);
  const config = search.config
    ? fromKubeconfig(search.config, { context: options.context, files: search.files })
    : await inCluster(env, { lookedAt: search.lookedAt, context: options.context });
  await config.credentials.get({ signal: options.signal });
  return config;
}

function fromKubeconfig(
  ...[kubeconfig, options]: Parameters<typeof selectContext>
): ClusterConfig {
  const { server, namespace, source, cluster, user, userName } = selectContext(kubeconfig, options);
  const named = userName ? `${source}, user "${userName}"` : source;
  return {
    server,
    namespace,
    source,
    credentials: new ContextCredentials(cluster, user, { source: named }),
  };
}

async function inCluster(
  env: Environment,
  { lookedAt, context }: { lookedAt: string[]; context?: string },
): Promise<ClusterConfig> {
  if (context !== undefined) {
    throw new ConfigError(
      `Cannot use context "${context}": there is no kubeconfig, looked at ${lookedAt.join(", ")}`,
    );
  }
  const found = await findInCluster(env);
  if (typeof found !== "string") return found;
  throw new ConfigError(`Cannot find a cluster: looked at ${[...lookedAt, found].join(", ")}`);
}
