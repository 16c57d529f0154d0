/**
 * The credentials of one context. Files are read again after {@linkcode FILE_TTL_MS} or when the
 * server refused what they held; a plugin runs again when what it gave has expired or was refused.
 * One loading at a time: requests that come meanwhile wait for the same, and when all of them have
 * been aborted, so is the loading.
 */
import { KubeConfigContext } from "@cloudydeno/kubernetes-client";
import type { Credentials, Presented, TlsMaterial } from "./cluster_config.ts";
import { causeText, ConfigError, firstLine } from "./config_error.ts";
import { ExecPlugin } from "./exec_plugin.ts";
import type { Cluster, User } from "./kubeconfig_schema.ts";
import { SharedWork } from "./shared_work.ts";

/** How long a file's content is used; the kubelet replaces a token minutes before it expires. */
export const FILE_TTL_MS = 60_000;

/** When a file that was read before cannot be read again, the next try comes this much later. */
export const FILE_RETRY_MS = 10_000;

/** Options of {@linkcode ContextCredentials}. */
export interface ContextCredentialsOptions {
  /** For messages: which context, cluster and user this is. */
  source: string;
  /** Monotonic milliseconds. @default performance.now */
  now?: () => number;
}

/** What the files and the inline data of a context hold. */
interface Material {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly token?: string;
}

export class ContextCredentials implements Credentials {
  readonly #cluster: Cluster;
  readonly #user: User;
  readonly #source: string;
  readonly #now: () => number;
  readonly #plugin?: ExecPlugin;
  #material?: { value: Material; staleAt: number };
  #presented?: Presented;
  #tls?: TlsMaterial;
  #loading?: SharedWork<Presented>;

  constructor(cluster: Cluster, user: User, options: ContextCredentialsOptions) {
    this.#cluster = cluster;
    this.#user = user;
    this.#source = options.source;
    this.#now = options.now ?? (() => performance.now());
    const otherwise = user.token || user.tokenFile || user.username ||
      user["client-certificate"] || user["client-certificate-data"] || user["auth-provider"];
    if (user.exec && !otherwise) {
      this.#plugin = new ExecPlugin(user.exec, { cluster, now: this.#now });
    }
  }

  get(options: { signal?: AbortSignal } = {}): Promise<Presented> {
    if (options.signal?.aborted) return Promise.reject(options.signal.reason);
    if (this.#presented && !this.#plugin && !this.#isStale()) {
      return Promise.resolve(this.#presented);
    }
    if (!this.#loading || this.#loading.abandoned) {
      const loading = new SharedWork((signal) =>
        this.#load(signal).finally(() => {
          if (this.#loading === loading) this.#loading = undefined;
        })
      );
      this.#loading = loading;
    }
    return this.#loading.wait(options.signal);
  }

  refresh(rejected?: Presented): void {
    if (rejected && rejected !== this.#presented) return;
    this.#plugin?.forget();
    this.#material = this.#presented = this.#loading = undefined;
  }

  #isStale(): boolean {
    return !this.#material || this.#now() >= this.#material.staleAt;
  }

  async #load(signal: AbortSignal): Promise<Presented> {
    const material = this.#isStale() ? await this.#readAgain() : this.#material!.value;
    const secrets = this.#plugin
      ? await this.#plugin.get({ ca: material.ca, signal }).catch((error) => {
        throw signal.aborted ? signal.reason : this.#error(firstLine(error), error);
      })
      : { cert: material.cert, key: material.key, authorization: await this.#header(material) };
    const tls: TlsMaterial = {
      caCerts: material.ca ? [material.ca] : [],
      ...(secrets.cert && secrets.key && { cert: secrets.cert, key: secrets.key }),
      ...(this.#cluster["tls-server-name"] && { serverName: this.#cluster["tls-server-name"] }),
      ...(this.#cluster["insecure-skip-tls-verify"] && { insecure: true }),
      ...(this.#cluster["proxy-url"] && { proxy: parseProxy(this.#cluster["proxy-url"]) }),
    };
    if (JSON.stringify(tls) !== JSON.stringify(this.#tls)) this.#tls = tls;
    const { authorization } = secrets;
    const known = this.#presented;
    if (!known || known.tls !== this.#tls || known.authorization !== authorization) {
      this.#presented = { ...(authorization && { authorization }), tls: this.#tls! };
    }
    return this.#presented!;
  }

  /** What was read before stays good if it cannot be read again; the server is the judge of it. */
  async #readAgain(): Promise<Material> {
    const known = this.#material?.value;
    try {
      const value = await this.#read();
      const fromFiles = Object.keys({ ...this.#cluster, ...this.#user })
        .some((field) => (FILE_FIELDS as readonly string[]).includes(field));
      const staleAt = fromFiles ? this.#now() + FILE_TTL_MS : Infinity;
      this.#material = { value, staleAt };
      return value;
    } catch (error) {
      if (!known) throw error;
      this.#material = { value: known, staleAt: this.#now() + FILE_RETRY_MS };
      return known;
    }
  }

  async #read(): Promise<Material> {
    const [ca, cert, key, token] = await Promise.all([
      this.#pem(this.#cluster, "certificate-authority"),
      this.#pem(this.#user, "client-certificate"),
      this.#pem(this.#user, "client-key"),
      this.#user.tokenFile
        ? this.#file("tokenFile", this.#user.tokenFile)
        : this.#user.token ?? undefined,
    ]);
    return { ca, cert, key, token: token?.trim() };
  }

  /** Inline data counts before a file, as with kubectl. */
  async #pem(
    holder: Cluster | User,
    field: "certificate-authority" | "client-certificate" | "client-key",
  ): Promise<string | undefined> {
    const data = holder[`${field}-data`] as string | null | undefined;
    const path = holder[field] as string | null | undefined;
    if (!data && !path) return undefined;
    const name = data ? `${field}-data` : field;
    const pem = data ? this.#base64(name, data) : await this.#file(name, path!);
    if (!pem.includes("-----BEGIN ")) {
      throw this.#error(`field "${name}" holds no PEM${data ? "" : `, in file "${path}"`}`);
    }
    return pem;
  }

  #base64(field: string, data: string): string {
    try {
      return atob(data);
    } catch {
      throw this.#error(`field "${field}" is not base64`);
    }
  }

  async #file(field: string, path: string): Promise<string> {
    let text: string;
    try {
      text = await Deno.readTextFile(path);
    } catch (error) {
      const cause = causeText(error, { flag: "read", value: path });
      throw this.#error(`field "${field}": file "${path}": ${cause}`, error);
    }
    if (!text.trim()) throw this.#error(`field "${field}": file "${path}" is empty`);
    return text;
  }

  async #header({ token }: Material): Promise<string | undefined> {
    if (token) return `Bearer ${token}`;
    const { username, password, "auth-provider": provider } = this.#user;
    const user = { username, password, "auth-provider": provider };
    try {
      return await new KubeConfigContext({}, {}, user as never).getAuthHeader() ?? undefined;
    } catch (error) {
      throw this.#error(firstLine(error), error);
    }
  }

  #error(text: string, cause?: unknown): ConfigError {
    return new ConfigError(`Cannot use ${this.#source}: ${text}`, { cause });
  }
}

const FILE_FIELDS = [
  "certificate-authority",
  "client-certificate",
  "client-key",
  "tokenFile",
] as const;

function parseProxy(text: string): TlsMaterial["proxy"] {
  const url = new URL(text);
  const username = decodeURIComponent(url.username);
  const password = decodeURIComponent(url.password);
  url.username = url.password = "";
  return { url: url.href, ...(username && { basicAuth: { username, password } }) };
}
