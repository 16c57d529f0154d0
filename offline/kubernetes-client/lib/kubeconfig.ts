/** Kubeconfig files: reading, merging, contexts. Paths inside are taken as they stand. */
// Like the real package's parser, and unlike npm:yaml, it reads no environment variable.
import { loadAll } from "js-yaml";
import { KubeConfigContext } from "./kubeconfig_context.ts";
import type { ClusterConfig, ContextConfig, RawKubeConfig, UserConfig } from "./raw_kubeconfig.ts";

export { KubeConfigContext } from "./kubeconfig_context.ts";
export {
  type ClusterConfig,
  type ContextConfig,
  ExecAuthExtensionName,
  type NamedExtension,
  type RawKubeConfig,
  type UserAuthProviderConfig,
  type UserConfig,
  type UserExecConfig,
} from "./raw_kubeconfig.ts";

export class KubeConfig {
  constructor(public readonly data: RawKubeConfig) {}

  static async readFromPath(path: string): Promise<KubeConfig> {
    const [data] = loadAll(await Deno.readTextFile(path)) as (RawKubeConfig | undefined)[];
    if (data?.apiVersion !== "v1" || data.kind !== "Config") {
      throw new Error(`KubeConfig's "apiVersion" and "kind" fields weren't set`);
    }
    return new KubeConfig(data);
  }

  /** The files of `KUBECONFIG` merged, or `~/.kube/config` if that is there, or nothing. */
  static async getDefaultConfig(): Promise<KubeConfig> {
    const variable = Deno.env.get("KUBECONFIG");
    if (variable) {
      const paths = variable.split(Deno.build.os === "windows" ? ";" : ":").filter(Boolean);
      return new KubeConfig(
        mergeKubeConfigs(await Promise.all(paths.map(KubeConfig.readFromPath))),
      );
    }
    const home = Deno.env.get("HOME") || Deno.env.get("USERPROFILE") || "/root";
    try {
      return await KubeConfig.readFromPath(`${home}/.kube/config`);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      return new KubeConfig(mergeKubeConfigs([]));
    }
  }

  /** From the files of the service account that Kubernetes mounts into a pod. */
  static async getInClusterConfig({
    baseUrl = "https://kubernetes.default.svc.cluster.local",
    secretsPath = "/var/run/secrets/kubernetes.io/serviceaccount",
  }: { baseUrl?: string; secretsPath?: string } = {}): Promise<KubeConfig> {
    const { state } = await Deno.permissions.query({ name: "read", path: secretsPath });
    if (state !== "granted") throw new Error(`Lacking --allow-read=${secretsPath}`);
    const [namespace, ca, token] = await Promise.all(
      ["namespace", "ca.crt", "token"].map((name) => Deno.readTextFile(`${secretsPath}/${name}`)),
    );
    return singleContext("in-cluster", {
      context: { cluster: "local-cluster", user: "service-account", namespace },
      cluster: { "server": baseUrl, "certificate-authority-data": btoa(ca!) },
      user: { token },
    });
  }

  static getSimpleUrlConfig(
    { baseUrl = "http://localhost:8080" }: { baseUrl?: string } = {},
  ): KubeConfig {
    return singleContext("simple-url", {
      context: { cluster: "url" },
      cluster: { server: baseUrl },
    });
  }

  getContext(name?: string): { name: string; context: ContextConfig } | null {
    return byName(this.data.contexts, name);
  }

  getCluster(name?: string): { name: string; cluster: ClusterConfig } | null {
    return byName(this.data.clusters, name);
  }

  getUser(name?: string): { name: string; user: UserConfig } | null {
    return byName(this.data.users, name);
  }

  /** The named or current context; what is not in the file is empty, never an error. */
  fetchContext(contextName?: string): KubeConfigContext {
    const context = this.getContext(contextName ?? this.data["current-context"])?.context ?? {};
    return new KubeConfigContext(
      context,
      this.getCluster(context.cluster)?.cluster ?? {},
      this.getUser(context.user)?.user ?? {},
    );
  }
}

/** Merges as kubectl does: of two with one name the first counts. */
export function mergeKubeConfigs(configs: (RawKubeConfig | KubeConfig)[]): RawKubeConfig {
  const lastFirst = configs.map((c) => c instanceof KubeConfig ? c.data : c).reverse();
  return {
    "apiVersion": "v1",
    "kind": "Config",
    "current-context": lastFirst.findLast((c) => c["current-context"])?.["current-context"] ?? "",
    "contexts": mergeNamed(lastFirst.map((c) => c.contexts)),
    "clusters": mergeNamed(lastFirst.map((c) => c.clusters)),
    "users": mergeNamed(lastFirst.map((c) => c.users)),
    "preferences": Object.assign(Object.create(null), ...lastFirst.map((c) => c.preferences ?? {})),
  };
}

function mergeNamed<T extends { name: string }>(lists: (T[] | undefined)[]): T[] {
  return [
    ...new Map(lists.flatMap((list) => list ?? []).map((item) => [item.name, item])).values(),
  ];
}

function byName<T extends { name: string }>(list: T[] | undefined, name?: string): T | null {
  return (name && list?.find((item) => item.name === name)) || null;
}

function singleContext(
  name: string,
  parts: { context: ContextConfig; cluster: ClusterConfig; user?: UserConfig },
): KubeConfig {
  const { context, cluster, user } = parts;
  return new KubeConfig({
    "apiVersion": "v1",
    "kind": "Config",
    "current-context": name,
    "contexts": [{ name, context }],
    "clusters": [{ name: context.cluster!, cluster }],
    ...(user && { users: [{ name: context.user!, user }] }),
  });
}
