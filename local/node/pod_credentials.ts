/**
 * What a pod needs to speak to the API: a kubeconfig in its folder, named by KUBECONFIG.
 *
 * The token is the pod's ServiceAccount's, bound to the pod and short-lived (TokenRequest); it is
 * renewed in place at four fifths of its life, and clients read the file again. Where an API
 * server has no TokenRequest, the agent's plain kubeconfig is used, if it was given one.
 */
import { CoreV1Api, type Pod } from "@cloudydeno/kubernetes-apis/core/v1";
import { ApiError, isNotFound, type Transport } from "../../kube/mod.ts";
import { BlockedError } from "./blocked_error.ts";
import type { Clock } from "./clock.ts";

/** Life that is asked for a token (s), as the kubelet does. */
const TOKEN_SECONDS = 3607;

/** A token is renewed after this part of its life. */
const RENEW_AFTER = 0.8;

/** Wait before the next try when a renewal failed (ms). */
const RETRY_MS = 10_000;

/** Options of {@linkcode PodCredentials}. */
export interface PodCredentialsOptions {
  readonly clock: Clock;
  /** Kubeconfig for pods where tokens cannot be requested. */
  readonly kubeconfig?: string;
  readonly onError: (error: Error) => void;
}

/** Gives pods their credentials. */
export class PodCredentials implements Disposable {
  #client: Transport;
  #options: PodCredentialsOptions;
  #served = true;
  #renewals = new Map<string, () => void>();
  #stop = new AbortController();

  /** Requests tokens through `client`. */
  constructor(client: Transport, options: PodCredentialsOptions) {
    this.#client = client;
    this.#options = options;
  }

  /**
   * Writes a pod's credentials below `dir`; returns the path of its kubeconfig, or undefined if it
   * gets none. Rejects with `BlockedError` when its ServiceAccount is missing.
   */
  async provide(pod: Pod, dir: string): Promise<string | undefined> {
    if (!(await this.#wanted(pod))) return undefined;
    const token = this.#served ? await this.#request(pod) : undefined;
    if (token === undefined) return this.#options.kubeconfig;
    const folder = `${dir}/credentials`;
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    await writeToken(folder, token.token);
    await Deno.writeTextFile(`${folder}/kubeconfig`, await this.#kubeconfig(pod, folder), {
      mode: 0o600,
    });
    this.#renewLater(pod, { folder, expires: token.expires });
    return `${folder}/kubeconfig`;
  }

  /** Stops renewing a pod's token. */
  release(uid: string): void {
    this.#renewals.get(uid)?.();
    this.#renewals.delete(uid);
  }

  /** Stops all renewals. */
  [Symbol.dispose](): void {
    this.#stop.abort();
    for (const uid of [...this.#renewals.keys()]) this.release(uid);
  }

  async #wanted(pod: Pod): Promise<boolean> {
    if (pod.spec?.automountServiceAccountToken != null) {
      return pod.spec.automountServiceAccountToken;
    }
    if (!this.#served) return true;
    try {
      const account = await this.#api(pod).getServiceAccount(accountOf(pod));
      return account.automountServiceAccountToken !== false;
    } catch (error) {
      if (!isNotFound(error)) throw error;
      throw new BlockedError(
        "CreateContainerConfigError",
        `serviceaccount "${accountOf(pod)}" not found`,
      );
    }
  }

  /** A new token; undefined where none can be requested. */
  async #request(pod: Pod): Promise<{ token: string; expires: Date } | undefined> {
    const { name, uid } = pod.metadata!;
    try {
      const answer = await this.#api(pod).createServiceAccountToken(accountOf(pod), {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenRequest",
        spec: {
          audiences: [],
          expirationSeconds: TOKEN_SECONDS,
          boundObjectRef: { apiVersion: "v1", kind: "Pod", name, uid },
        },
      }, { abortSignal: this.#stop.signal });
      return { token: answer.status!.token, expires: answer.status!.expirationTimestamp };
    } catch (error) {
      if (isNotServed(error)) this.#served = false;
      else if (isNotFound(error)) {
        throw new BlockedError("CreateContainerConfigError", (error as Error).message);
      } else throw error;
      return undefined;
    }
  }

  async #kubeconfig(pod: Pod, folder: string): Promise<string> {
    const { server, credentials } = this.#client.config;
    const { tls } = await credentials.get();
    const authority = tls.caCerts.length > 0
      ? { "certificate-authority-data": btoa(tls.caCerts.join("\n")) }
      : {};
    const insecure = tls.insecure ? { "insecure-skip-tls-verify": true } : {};
    const serverName = tls.serverName ? { "tls-server-name": tls.serverName } : {};
    const cluster = { server, ...authority, ...insecure, ...serverName };
    // JSON is YAML.
    return JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "cluster", cluster }],
      users: [{ name: "pod", user: { tokenFile: `${folder}/token` } }],
      contexts: [{
        name: "pod",
        context: { cluster: "cluster", user: "pod", namespace: pod.metadata?.namespace },
      }],
      "current-context": "pod",
    });
  }

  #renewLater(pod: Pod, { folder, expires }: { folder: string; expires: Date }): void {
    const life = expires.getTime() - this.#options.clock.date().getTime();
    this.#schedule(pod, folder, Math.max(RETRY_MS, life * RENEW_AFTER));
  }

  #schedule(pod: Pod, folder: string, after: number): void {
    const uid = pod.metadata!.uid!;
    const cancel = this.#options.clock.after(after, async () => {
      try {
        const token = await this.#request(pod);
        if (!token || !this.#renewals.has(uid)) return;
        await writeToken(folder, token.token);
        if (this.#renewals.has(uid)) this.#renewLater(pod, { folder, expires: token.expires });
      } catch (error) {
        if (!this.#renewals.has(uid)) return;
        this.#options.onError(error as Error);
        this.#schedule(pod, folder, RETRY_MS);
      }
    });
    this.#renewals.set(uid, cancel);
  }

  #api(pod: Pod): ReturnType<CoreV1Api["namespace"]> {
    return new CoreV1Api(this.#client).namespace(pod.metadata!.namespace!);
  }
}

/** Replaces the file in one step: who reads it meanwhile reads the old or the new token. */
async function writeToken(folder: string, token: string): Promise<void> {
  await Deno.writeTextFile(`${folder}/token.new`, token, { mode: 0o600 });
  await Deno.rename(`${folder}/token.new`, `${folder}/token`);
}

function accountOf(pod: Pod): string {
  return pod.spec?.serviceAccountName || "default";
}

/** A 404 that names no object is about the path: this API server has no TokenRequest. */
function isNotServed(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  return error.httpCode === 405 || (error.httpCode === 404 && !error.status?.details?.name);
}
