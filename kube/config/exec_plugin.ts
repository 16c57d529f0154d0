/**
 * Runs the program that a kubeconfig's `exec` names, which prints credentials, and keeps them until
 * they expire. A run is awaited to its end; when its signal aborts, the program is terminated.
 *
 * The client's own runner is not used: it cannot be stopped, and it fails on the `args: null` that
 * kubectl writes.
 */
import { z } from "zod";
import { causeText, ConfigError, firstLine } from "./config_error.ts";
import type { Cluster, User } from "./kubeconfig_schema.ts";

/** What a program that ignores SIGTERM has until it gets SIGKILL. */
const KILL_AFTER_MS = 2_000;

/** Credentials that have expired already, by this machine's clock, are used so long nevertheless. */
export const MIN_USE_MS = 10_000;

/** Name of the extension of a cluster that a plugin is told. */
const CLUSTER_EXTENSION = "client.authentication.k8s.io/exec";

const statusSchema = z.looseObject({
  token: z.string().nullish(),
  clientCertificateData: z.string().nullish(),
  clientKeyData: z.string().nullish(),
  expirationTimestamp: z.iso.datetime({ offset: true }).nullish(),
}).refine(
  (status) => !status.clientCertificateData === !status.clientKeyData,
  "clientCertificateData and clientKeyData must both be there, or none",
);

type ExecStatus = z.infer<typeof statusSchema>;

/** What a plugin gave. */
export interface ExecSecrets {
  readonly authorization?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Options of {@linkcode ExecPlugin}. */
export interface ExecPluginOptions {
  /** Told to the plugin if it asks for `provideClusterInfo`. */
  cluster: Cluster;
  /** Monotonic milliseconds. */
  now: () => number;
}

/** The plugin of one user. */
export class ExecPlugin {
  readonly #exec: NonNullable<User["exec"]>;
  readonly #options: ExecPluginOptions;
  #known?: { secrets: ExecSecrets; staleAt: number };

  constructor(exec: NonNullable<User["exec"]>, options: ExecPluginOptions) {
    this.#exec = exec;
    this.#options = options;
  }

  /** What the plugin gave if it has not expired, else runs it. `ca` is the cluster's, in PEM. */
  async get(options: { ca?: string; signal: AbortSignal }): Promise<ExecSecrets> {
    const { now } = this.#options;
    if (this.#known && now() < this.#known.staleAt) return this.#known.secrets;
    const { token, clientCertificateData: cert, clientKeyData: key, expirationTimestamp } =
      await this.#run(options);
    if (!token && !cert) {
      throw this.#error("gave neither a token nor a certificate");
    }
    const secrets: ExecSecrets = {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(cert && key && { cert, key }),
    };
    // From here on the monotonic clock counts: that of the wall may be set.
    const left = expirationTimestamp ? Date.parse(expirationTimestamp) - Date.now() : Infinity;
    this.#known = { secrets, staleAt: now() + Math.max(left, MIN_USE_MS) };
    return secrets;
  }

  /** Makes the next `get` run the plugin. */
  forget(): void {
    this.#known = undefined;
  }

  async #run({ ca, signal }: { ca?: string; signal: AbortSignal }): Promise<ExecStatus> {
    const { apiVersion } = this.#exec;
    const { code, text } = await this.#spawn(this.#request(ca), signal);
    if (code !== 0) throw this.#error(`exited with code ${code}`);
    let printed: { apiVersion?: unknown; kind?: unknown; status?: unknown } | null;
    try {
      printed = JSON.parse(text);
    } catch (cause) {
      throw this.#error("did not print JSON", cause);
    }
    if (printed?.kind !== "ExecCredential" || printed.apiVersion !== apiVersion) {
      throw this.#error(`did not print an ExecCredential of "${apiVersion}"`);
    }
    const status = statusSchema.safeParse(printed.status ?? {});
    if (status.success) return status.data;
    const issue = status.error.issues[0]!;
    const field = ["status", ...issue.path].join(".");
    throw this.#error(
      `printed a bad ExecCredential: field "${field}": ${firstLine(issue.message)}`,
    );
  }

  /** Resolves when the program has ended and its output is complete. */
  async #spawn(
    request: { spec: { interactive: boolean } },
    signal: AbortSignal,
  ): Promise<{ code: number; text: string }> {
    const { command, args, env } = this.#exec;
    signal.throwIfAborted();
    let child: Deno.ChildProcess;
    try {
      child = new Deno.Command(command, {
        args: args ?? [],
        env: {
          ...Object.fromEntries((env ?? []).map(({ name, value }) => [name, value])),
          KUBERNETES_EXEC_INFO: JSON.stringify(request),
        },
        stdin: request.spec.interactive ? "inherit" : "null",
        stdout: "piped",
        stderr: "inherit",
      }).spawn();
    } catch (error) {
      const hint = error instanceof Deno.errors.NotFound && this.#exec.installHint;
      const cause = hint ? firstLine(hint) : causeText(error, { flag: "run", value: command });
      throw this.#error(cause, error);
    }
    const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let kill: ReturnType<typeof setTimeout> | undefined;
    const abort = () => {
      terminate(child, "SIGTERM");
      kill = setTimeout(() => terminate(child, "SIGKILL"), KILL_AFTER_MS);
      output.cancel().catch(() => {}); // what it started may hold the pipe open
    };
    signal.addEventListener("abort", abort, { once: true });
    try {
      let text = "";
      for (let read = await output.read(); !read.done; read = await output.read()) {
        text += read.value;
      }
      const { code } = await child.status;
      signal.throwIfAborted();
      return { code, text };
    } finally {
      clearTimeout(kill);
      signal.removeEventListener("abort", abort);
    }
  }

  #request(ca: string | undefined) {
    const { apiVersion, interactiveMode, provideClusterInfo } = this.#exec;
    const { cluster } = this.#options;
    const extensions = cluster.extensions as { name?: string; extension?: unknown }[] | undefined;
    const described = {
      "server": cluster.server,
      "tls-server-name": cluster["tls-server-name"] ?? undefined,
      "insecure-skip-tls-verify": cluster["insecure-skip-tls-verify"] ?? undefined,
      "certificate-authority-data": ca && btoa(ca),
      "proxy-url": cluster["proxy-url"] ?? undefined,
      "config": extensions?.find?.(({ name }) => name === CLUSTER_EXTENSION)?.extension,
    };
    const terminal = Deno.stdin.isTerminal();
    if (interactiveMode === "Always" && !terminal) {
      throw this.#error("needs a terminal, and there is none");
    }
    return {
      apiVersion,
      kind: "ExecCredential",
      spec: {
        interactive: terminal && interactiveMode !== "Never",
        ...(provideClusterInfo && { cluster: described }),
      },
    };
  }

  #error(text: string, cause?: unknown): ConfigError {
    return new ConfigError(`exec plugin "${this.#exec.command}": ${text}`, { cause });
  }
}

function terminate(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch {
    // it has ended by itself
  }
}
