/** Runs the credential plugin of a kubeconfig user. */
import type { UserExecConfig } from "./raw_kubeconfig.ts";

export interface ExecStatus {
  expirationTimestamp?: string;
  token?: string;
  clientCertificateData?: string;
  clientKeyData?: string;
}

const API_VERSIONS: readonly string[] = ["v1alpha1", "v1beta1", "v1"]
  .map((version) => `client.authentication.k8s.io/${version}`);

/** Starts the plugin and returns what it says; `cluster` is told to it if given. */
export async function runExecPlugin(
  config: UserExecConfig,
  readCluster: () => Promise<unknown>,
): Promise<ExecStatus> {
  const mode = config.interactiveMode ?? "IfAvailable";
  const terminal = Deno.stdin.isTerminal();
  if (mode === "Always" && !terminal) {
    throw new Error(`KubeConfig exec plugin wants a TTY, but stdin is not a TTY`);
  }
  const interactive = terminal && mode !== "Never";
  const spec = {
    interactive,
    cluster: config.provideClusterInfo ? await readCluster() : undefined,
  };
  const env: Record<string, string> = {};
  for (const { name, value } of config.env ?? []) env[name] = value;
  env.KUBERNETES_EXEC_INFO = JSON.stringify({
    apiVersion: config.apiVersion,
    kind: "ExecCredential",
    spec,
  });

  const output = await spawn(config, env, interactive);
  if (!output.success) {
    throw new Error(`Exec plugin ${config.command} exited with code ${output.code}`);
  }
  const answer = JSON.parse(new TextDecoder().decode(output.stdout));
  if (
    answer?.kind !== "ExecCredential" || !API_VERSIONS.includes(answer.apiVersion) || !answer.status
  ) {
    throw new Error(`Exec plugin ${config.command} did not output an ExecCredential`);
  }
  return answer.status;
}

async function spawn(
  config: UserExecConfig,
  env: Record<string, string>,
  interactive: boolean,
): Promise<Deno.CommandOutput> {
  try {
    return await new Deno.Command(config.command, {
      args: config.args,
      env,
      stdin: interactive ? "inherit" : "null",
      stdout: "piped",
      stderr: "inherit",
    }).output();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error(
      config.installHint ??
        `Exec plugin ${config.command} not found (${error}). Maybe you need to install it.`,
    );
  }
}
