import type { ClusterConfig } from "./cluster_config.ts";
import { ConfigError, firstLine } from "./config_error.ts";
import { ContextCredentials } from "./context_credentials.ts";
import { type Environment, readVariable } from "./environment.ts";

/** Where the kubelet mounts a pod's service account. */
export const SERVICE_ACCOUNT_DIR = "/var/run/secrets/kubernetes.io/serviceaccount";

/** The `source` of a cluster that was found as the pod's own. */
export const IN_CLUSTER = "in-cluster service account";

/** Options of {@linkcode findInCluster}. */
export interface InClusterOptions {
  /** Folder of the service account's files. @default SERVICE_ACCOUNT_DIR */
  dir?: string;
  /** Monotonic milliseconds. @default performance.now */
  now?: () => number;
}

/** The pod's own cluster, or why this is no pod with a service account. */
export async function findInCluster(
  env: Environment,
  options: InClusterOptions = {},
): Promise<ClusterConfig | string> {
  const dir = options.dir ?? SERVICE_ACCOUNT_DIR;
  const host = readVariable("KUBERNETES_SERVICE_HOST", env);
  const port = readVariable("KUBERNETES_SERVICE_PORT", env);
  const denied = host.denied ?? port.denied;
  if (denied) return `in-cluster (KUBERNETES_SERVICE_HOST and _PORT: ${denied})`;
  if (!host.value || !port.value) return "in-cluster (KUBERNETES_SERVICE_HOST is not set)";
  const source = IN_CLUSTER;
  const credentials = new ContextCredentials(
    { "certificate-authority": `${dir}/ca.crt` },
    { tokenFile: `${dir}/token` },
    { source, now: options.now },
  );
  const address = host.value.includes(":") ? `[${host.value}]` : host.value;
  return {
    server: `https://${address}:${port.value}`,
    namespace: await readNamespace(`${dir}/namespace`),
    source,
    credentials,
  };
}

async function readNamespace(path: string): Promise<string> {
  try {
    return (await Deno.readTextFile(path)).trim() || "default";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "default";
    if (error instanceof Deno.errors.NotCapable) return "default"; // the token's message tells it
    throw new ConfigError(
      `Cannot use in-cluster service account: file "${path}": ${firstLine(error)}`,
      { cause: error },
    );
  }
}
