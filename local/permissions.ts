/** Tells before anything is started which of Deno's permissions an embedded cluster lacks. */

/** What a cluster will do. */
export interface PermissionNeeds {
  /** Where it keeps its files; undefined: in a new temporary directory. */
  readonly dir: string | undefined;
  /** Whether pods become processes. */
  readonly processes: boolean;
}

interface Need {
  readonly flag: string;
  readonly to: string;
  readonly permission: Deno.PermissionDescriptor;
}

/** What a cluster needs, in the order in which a missing one is told. */
export function permissionsFor({ dir, processes }: PermissionNeeds): readonly Need[] {
  const path = dir === undefined ? {} : { path: dir };
  const value = dir === undefined ? "" : `=${dir}`;
  const needs: Need[] = [
    { flag: "--allow-net", to: "serve its API", permission: { name: "net" } },
    { flag: `--allow-read${value}`, to: "read logs", permission: { name: "read", ...path } },
    { flag: `--allow-write${value}`, to: "write logs", permission: { name: "write", ...path } },
    {
      flag: "--allow-env=PATH",
      to: "find programs",
      permission: { name: "env", variable: "PATH" },
    },
    ...(["osRelease", "systemMemoryInfo"] as const).map((kind): Need => ({
      flag: "--allow-sys=osRelease,systemMemoryInfo",
      to: "describe its nodes",
      permission: { name: "sys", kind },
    })),
  ];
  if (!processes) return needs;
  return [...needs, { flag: "--allow-run", to: "run pods", permission: { name: "run" } }];
}

/** Throws an error that names the first permission that is missing, and all that are needed. */
export function checkPermissions(needs: PermissionNeeds): void {
  const all = permissionsFor(needs);
  const missing = all.find(({ permission }) =>
    Deno.permissions.querySync(permission).state !== "granted"
  );
  if (missing === undefined) return;
  const flags = [...new Set(all.map(({ flag }) => flag))].join(" ");
  throw new Deno.errors.NotCapable(
    `Cannot start an embedded cluster: it may not ${missing.to}; ` +
      `run deno with ${missing.flag} (all it needs: ${flags})`,
  );
}
