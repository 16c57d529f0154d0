import type { ImageSpec } from "./node/mod.ts";

/** Options of {@linkcode denoImage}. */
export interface DenoImageOptions {
  /** Permission flags for the program. @default ["--allow-net", "--allow-env"] */
  permissions?: string[];
  /** Arguments for the program, which a container's `args` replace. @default none */
  args?: string[];
  /** Further environment. @default none */
  env?: Record<string, string>;
}

/** Variables that tell Deno where its cache and its registries are. */
const PASSED_ON = [
  "DENO_DIR",
  "DENO_CERT",
  "DENO_TLS_CA_STORE",
  "JSR_URL",
  "NPM_CONFIG_REGISTRY",
  "HTTPS_PROXY",
  "NO_PROXY",
];

/**
 * The image of a Deno program, for the `images` of an embedded cluster: the running Deno runs
 * the program from its source. It shares this process's module cache.
 *
 * @param program The program's file, as a path or a `file:` URL
 *
 * @example
 * ```ts ignore
 * await using cluster = await LocalCluster.start({
 *   images: { "worker:latest": denoImage(new URL("./worker.ts", import.meta.url)) },
 * });
 * ```
 */
export function denoImage(program: string | URL, options: DenoImageOptions = {}): ImageSpec {
  const { permissions = ["--allow-net", "--allow-env"], args = [], env = {} } = options;
  const passedOn: Record<string, string> = {};
  for (const name of PASSED_ON) {
    const value = Deno.env.get(name);
    if (value !== undefined) passedOn[name] = value;
  }
  passedOn.DENO_DIR ??= defaultDenoDir();
  return {
    command: [Deno.execPath(), "run", "--quiet", "--no-prompt", ...permissions, String(program)],
    args,
    env: { ...passedOn, DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1", ...env },
  };
}

/** Where Deno keeps its cache unless `DENO_DIR` says otherwise. */
function defaultDenoDir(): string {
  const home = Deno.env.get("HOME") ?? ".";
  switch (Deno.build.os) {
    case "windows":
      return `${Deno.env.get("LOCALAPPDATA") ?? home}\\deno`;
    case "darwin":
      return `${home}/Library/Caches/deno`;
    default:
      return `${Deno.env.get("XDG_CACHE_HOME") ?? `${home}/.cache`}/deno`;
  }
}
