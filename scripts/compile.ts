/**
 * `deno task compile`: makes the greeter's two executables in `dist/`, with the permission sets
 * of deno.json baked in; and a third one, the worker once more, which may also run programs: whoever
 * runs any program may do anything that its user may, so the worker without commands does without it.
 *
 * The sets stand in deno.json once, for `deno run -P=worker` and for here; they are turned into
 * flags, because `deno compile` of Deno 2.4 does not know named sets.
 */
import config from "../deno.json" with { type: "json" };

const PROGRAMS = [
  { name: "supervisor", entry: "coordinator/main.ts", permissions: config.permissions.supervisor },
  { name: "worker", entry: "worker/main.ts", permissions: config.permissions.worker },
  {
    name: "command-worker",
    entry: "worker/main.ts",
    permissions: config.permissions.commandWorker,
  },
] as const;

/** `true` allows all of a kind, a list just what it names. */
type PermissionSet = Readonly<Record<string, boolean | readonly string[]>>;

/** The command-line flags of a permission set. */
export function permissionFlags(set: PermissionSet): string[] {
  return Object.entries(set).filter(([, allowed]) => allowed !== false).map(([kind, allowed]) =>
    allowed === true ? `--allow-${kind}` : `--allow-${kind}=${(allowed as string[]).join(",")}`
  );
}

if (import.meta.main) {
  const root = new URL("../", import.meta.url).pathname;
  for (const { name, entry, permissions } of PROGRAMS) {
    const output = `dist/${name}`;
    const { success } = await new Deno.Command(Deno.execPath(), {
      args: ["compile", "--quiet", "--output", output, ...permissionFlags(permissions), entry],
      cwd: root,
      stdout: "inherit",
      stderr: "inherit",
    }).output();
    if (!success) {
      console.error(`Cannot compile ${entry}: deno compile failed, its reason stands above`);
      Deno.exit(1);
    }
    const { size } = await Deno.stat(`${root}${output}`);
    console.log(
      `${output}  ${(size / 2 ** 20).toFixed(0)} MiB  ${permissionFlags(permissions).join(" ")}`,
    );
  }
}
