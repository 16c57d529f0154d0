/** One context of a kubeconfig with its cluster and user, and the credentials they give. */
import { type ExecStatus, runExecPlugin } from "./exec_plugin.ts";
import {
  type ClusterConfig,
  type ContextConfig,
  ExecAuthExtensionName,
  type UserConfig,
} from "./raw_kubeconfig.ts";

export class KubeConfigContext {
  #exec: ExecStatus | undefined;

  constructor(
    public readonly context: ContextConfig,
    public readonly cluster: ClusterConfig,
    public readonly user: UserConfig,
  ) {}

  get defaultNamespace(): string | null {
    return this.context.namespace ?? null;
  }

  /** The certificate authority of the server, PEM. */
  async getServerTls(): Promise<{ serverCert: string } | null> {
    const { cluster } = this;
    const serverCert = await dataOrFile(
      cluster["certificate-authority-data"],
      cluster["certificate-authority"],
    );
    return serverCert ? { serverCert } : null;
  }

  /** The client's certificate and key, PEM; also from the exec plugin. */
  async getClientTls(): Promise<{ userKey: string; userCert: string } | null> {
    const { user } = this;
    const userCert = await dataOrFile(user["client-certificate-data"], user["client-certificate"]);
    const userKey = await dataOrFile(user["client-key-data"], user["client-key"]);
    if (userKey && userCert) return { userKey, userCert };
    if (userKey || userCert) {
      throw new Error(
        `Within the KubeConfig, client key and certificate must both be provided if either is provided.`,
      );
    }
    if (!user.exec) return null;
    const { clientKeyData, clientCertificateData } = await this.#execStatus();
    if (!clientKeyData) return null;
    return { userKey: clientKeyData, userCert: clientCertificateData as string };
  }

  /** The value of the `authorization` header. */
  async getAuthHeader(): Promise<string | null> {
    const { user } = this;
    if (user.username || user.password) {
      return `Basic ${btoa(`${user.username ?? ""}:${user.password ?? ""}`)}`;
    }
    if (user.token) return `Bearer ${user.token}`;
    if (user.tokenFile) return `Bearer ${(await Deno.readTextFile(user.tokenFile)).trim()}`;
    if (user["auth-provider"]) return `Bearer ${authProviderToken(user["auth-provider"])}`;
    if (!user.exec) return null;
    const { token } = await this.#execStatus();
    return token ? `Bearer ${token}` : null;
  }

  async #execStatus(): Promise<ExecStatus> {
    const { user, cluster } = this;
    if (!this.#exec || isExpired(this.#exec)) {
      this.#exec = await runExecPlugin(user.exec!, async () => {
        const tls = await this.getServerTls();
        return {
          "config": cluster.extensions?.find((e) => e.name === ExecAuthExtensionName)?.extension,
          "server": cluster.server,
          "certificate-authority-data": tls ? btoa(tls.serverCert) : undefined,
        };
      });
    }
    return this.#exec;
  }
}

function isExpired(status: ExecStatus): boolean {
  return !!status.expirationTimestamp && !(new Date(status.expirationTimestamp) > new Date());
}

async function dataOrFile(data?: string, path?: string): Promise<string | null> {
  if (data) return atob(data);
  return path ? await Deno.readTextFile(path) : null;
}

function authProviderToken(provider: NonNullable<UserConfig["auth-provider"]>): string {
  const { name, config } = provider;
  if (name !== "gcp") {
    throw new Error(
      `This kubeconfig's "auth-provider" (${name}) isn't supported. Consider updating to "exec"`,
    );
  }
  const token = config["access-token"];
  const problem = !token || !config.expiry
    ? "lacks a cached token"
    : new Date(config.expiry) > new Date()
    ? undefined
    : "token expired";
  if (token && !problem) return token;
  throw new Error(
    `GCP "auth-provider" ${problem}, run a kubectl command to refresh. Or consider updating to "exec"`,
  );
}
