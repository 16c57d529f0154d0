/**
 * Finds and reads kubeconfig files. Each is checked and its relative paths are resolved against
 * its own folder, and only then are several merged, the first naming of a thing winning.
 */
import { KubeConfig, mergeKubeConfigs } from "@cloudydeno/kubernetes-client/lib/kubeconfig.ts";
import { dirname, resolve } from "node:path";
import { causeText, ConfigError, firstLine } from "./config_error.ts";
import { type Environment, readVariable } from "./environment.ts";
import { type Kubeconfig, kubeconfigSchema } from "./kubeconfig_schema.ts";

/** What was found, or what was looked at in vain. */
export interface KubeconfigSearch {
  /** The merged files; undefined if there is none. */
  readonly config?: Kubeconfig;
  /** The files that were read, for messages. */
  readonly files: string[];
  /** Each place that was looked at, with what is the matter there. */
  readonly lookedAt: string[];
}

/** Reads `path`, else the files of `KUBECONFIG`, else `~/.kube/config`. */
export async function findKubeconfig(
  path: string | undefined,
  env: Environment,
): Promise<KubeconfigSearch> {
  if (path !== undefined) {
    const config = await readFile(path);
    if (!config) throw new ConfigError(`Cannot read kubeconfig "${path}": not found`);
    return { config, files: [path], lookedAt: [] };
  }
  const variable = readVariable("KUBECONFIG", env);
  if (variable.value) return await readListed(variable.value);

  const lookedAt = [`KUBECONFIG (${variable.denied ?? "not set"})`];
  const home = readVariable(Deno.build.os === "windows" ? "USERPROFILE" : "HOME", env);
  if (!home.value) {
    lookedAt.push(`~/.kube/config (HOME: ${home.denied ?? "not set"})`);
    return { files: [], lookedAt };
  }
  const standard = resolve(home.value, ".kube", "config");
  const granted = await Deno.permissions.query({ name: "read", path: standard });
  const config = granted.state === "denied" ? undefined : await readFile(standard);
  if (config) return { config, files: [standard], lookedAt };
  lookedAt.push(
    `${standard} (${granted.state === "denied" ? "Deno may not read it" : "not found"})`,
  );
  return { files: [], lookedAt };
}

/** Missing files are skipped, as kubectl does; what is wrong in one that is there is not. */
async function readListed(variable: string): Promise<KubeconfigSearch> {
  const paths = variable.split(Deno.build.os === "windows" ? ";" : ":").filter(Boolean);
  const read = await Promise.all(
    paths.map(async (path) => ({ path, config: await readFile(path) })),
  );
  const found = read.filter((file) => file.config !== undefined);
  const lookedAt = read.filter((file) => !file.config).map((f) => `${f.path} (not found)`);
  if (found.length === 0) return { files: [], lookedAt };
  const merged = mergeKubeConfigs(found.map(({ config }) => new KubeConfig(config as never)));
  return {
    config: merged as unknown as Kubeconfig,
    files: found.map((file) => file.path),
    lookedAt,
  };
}

async function readFile(path: string): Promise<Kubeconfig | undefined> {
  let data: unknown;
  try {
    data = (await KubeConfig.readFromPath(path)).data;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw new ConfigError(
      `Cannot read kubeconfig "${path}": ${causeText(error, { flag: "read", value: path })}`,
      { cause: error },
    );
  }
  const checked = kubeconfigSchema.safeParse(data);
  if (!checked.success) {
    const issue = checked.error.issues[0]!;
    throw new ConfigError(
      `Cannot read kubeconfig "${path}": field "${fieldPath(issue.path)}": ${
        firstLine(issue.message)
      }`,
    );
  }
  return resolvePaths(checked.data, dirname(resolve(path)));
}

function resolvePaths(config: Kubeconfig, folder: string): Kubeconfig {
  return {
    ...config,
    "current-context": config["current-context"] ?? "",
    contexts: config.contexts ?? [],
    clusters: (config.clusters ?? []).map((item) => ({
      ...item,
      cluster: withPaths(item.cluster, folder, ["certificate-authority"]),
    })),
    users: (config.users ?? []).map((item) => {
      const user = withPaths(item.user, folder, ["tokenFile", "client-certificate", "client-key"]);
      // a command without a separator is looked up in PATH
      const inPath = !/[\\/]/.test(user?.exec?.command ?? "");
      const exec = inPath ? user?.exec : withPaths(user?.exec, folder, ["command"]);
      return { ...item, user: user && { ...user, ...(exec && { exec }) } };
    }),
  };
}

function withPaths<T extends object | null | undefined>(
  object: T,
  folder: string,
  fields: string[],
): T {
  if (!object) return object;
  const resolved: Record<string, unknown> = { ...object };
  for (const field of fields) {
    const path = resolved[field];
    if (typeof path === "string" && path) resolved[field] = resolve(folder, path);
  }
  return resolved as T;
}

function fieldPath(path: PropertyKey[]): string {
  return path.map((key, i) =>
    typeof key === "number" ? `[${key}]` : `${i ? "." : ""}${String(key)}`
  ).join("");
}
