import { checkServer, isLoopback } from "./cluster_config.ts";
import { ConfigError } from "./config_error.ts";
import type { Cluster, Kubeconfig, User } from "./kubeconfig_schema.ts";

/** One context of a kubeconfig, checked: everything that it names is there and can be used. */
export interface SelectedContext {
  readonly server: string;
  readonly namespace: string;
  /** `kubeconfig "/a/b", context "local"`. */
  readonly source: string;
  readonly cluster: Cluster;
  readonly user: User;
  /** For messages; undefined if the context names no user. */
  readonly userName?: string;
}

/** Picks `context`, else the current one, of what was read from `files`. */
export function selectContext(
  config: Kubeconfig,
  options: { context?: string; files: string[] },
): SelectedContext {
  const kubeconfig = `kubeconfig ${options.files.map((file) => `"${file}"`).join(", ")}`;
  const contexts = config.contexts ?? [];
  const name = options.context ?? (config["current-context"] || undefined);
  if (name === undefined) {
    throw new ConfigError(
      `Cannot choose a context of ${kubeconfig}: current-context is not set, ${there(contexts)}`,
    );
  }
  const context = contexts.find((it) => it.name === name)?.context;
  if (!context) {
    throw new ConfigError(
      `Cannot use context "${name}" of ${kubeconfig}: no such context, ${there(contexts)}`,
    );
  }
  const source = `${kubeconfig}, context "${name}"`;
  const cluster = find(config.clusters, context.cluster, (it) => it.cluster);
  if (!cluster) {
    throw new ConfigError(
      context.cluster
        ? `Cannot use ${source}: cluster "${context.cluster}" is not defined, ` +
          there(config.clusters)
        : `Cannot use ${source}: field "cluster" is not set`,
    );
  }
  const user = find(config.users, context.user, (it) => it.user);
  if (!user && context.user) {
    throw new ConfigError(
      `Cannot use ${source}: user "${context.user}" is not defined, ${there(config.users)}`,
    );
  }
  const server = checkCluster(cluster, `${source}, cluster "${context.cluster}"`);
  if (user) checkUser(user, { source: `${source}, user "${context.user}"`, server });
  return {
    server,
    namespace: context.namespace || "default",
    source,
    cluster,
    user: user ?? {},
    ...(context.user && { userName: context.user }),
  };
}

function find<T extends { name: string }, U>(
  list: T[] | null | undefined,
  name: string | null | undefined,
  part: (item: T) => U | null | undefined,
): U | undefined {
  const item = name ? list?.find((it) => it.name === name) : undefined;
  return item && (part(item) ?? {} as U);
}

function there(list: { name: string }[] | null | undefined): string {
  const names = (list ?? []).map((item) => `"${item.name}"`).join(", ");
  return names ? `there are ${names}` : "there is none";
}

function checkCluster(cluster: Cluster, source: string): string {
  if (!cluster.server) throw new ConfigError(`Cannot use ${source}: field "server" is not set`);
  const server = checkServer(cluster.server, `Cannot use ${source}: field "server" is`);
  const authority = cluster["certificate-authority-data"] || cluster["certificate-authority"];
  if (cluster["insecure-skip-tls-verify"] && authority) {
    throw new ConfigError(
      `Cannot use ${source}: "insecure-skip-tls-verify" and "certificate-authority" are both ` +
        `set, only one is allowed`,
    );
  }
  const proxy = cluster["proxy-url"];
  if (proxy && !(URL.canParse(proxy) && /^(https?|socks5h?):$/.test(new URL(proxy).protocol))) {
    throw new ConfigError(
      `Cannot use ${source}: field "proxy-url" is "${proxy}", ` +
        `it must be an http://, https:// or socks5:// URL`,
    );
  }
  return server;
}

const CREDENTIAL_FIELDS = [
  "token",
  "tokenFile",
  "username",
  "password",
  "client-certificate",
  "client-certificate-data",
  "client-key",
  "client-key-data",
  "exec",
  "auth-provider",
] as const;

/** Who names a credential wants to be somebody: nothing here may end as an anonymous request. */
function checkUser(user: User, context: { source: string; server: string }): void {
  const complain = (text: string) => new ConfigError(`Cannot use ${context.source}: ${text}`);
  const named = CREDENTIAL_FIELDS.filter((field) => field in user);
  const empty = named.find((field) => !user[field] && field !== "password");
  if (empty) throw complain(`field "${empty}" is empty`);

  const impersonation = Object.keys(user).find((key) => /^as(-|$)/.test(key));
  if (impersonation) throw complain(`field "${impersonation}": impersonation is not supported`);

  const cert = user["client-certificate"] ?? user["client-certificate-data"];
  const key = user["client-key"] ?? user["client-key-data"];
  if (cert && !key) throw complain(`"client-certificate" is set without "client-key"`);
  if (key && !cert) throw complain(`"client-key" is set without "client-certificate"`);
  if ((user.token || user.tokenFile) && user.username) {
    throw complain(`"token" and "username" are both set, only one is allowed`);
  }
  if (cert && context.server.startsWith("http:") && named.every((it) => it.startsWith("client-"))) {
    throw complain(`a client certificate is of no use with the unencrypted "${context.server}"`);
  }
  if (named.length > 0 && context.server.startsWith("http:") && !isLoopback(context.server)) {
    throw complain(`credentials are not sent to "${context.server}" unencrypted, use https://`);
  }
}
