/**
 * Runs a task against the real JSR packages in place of the stand-ins in `offline/`.
 *
 * ```sh
 * deno task jsr test                          # packages from jsr.io
 * deno task jsr --checkouts ~/src test        # packages from checkouts that lie in ~/src
 * TROUPE_JSR_CHECKOUTS=~/src deno task jsr test
 * ```
 *
 * The task runs in a temporary copy of the working tree (what git knows or would add), whose
 * workspace has no stand-ins, so that `jsr:` specifiers mean the packages of that name. With
 * checkouts, a registry on loopback serves these: see `jsr/registry.ts`.
 */
import { type Registry, startRegistry } from "./jsr/registry.ts";

const ROOT = `${import.meta.dirname}/../`;
const STAND_INS = "offline/";

async function main(args: string[]): Promise<number> {
  const { checkouts = Deno.env.get("TROUPE_JSR_CHECKOUTS"), task } = readArgs(args);
  if (task.length === 0) {
    console.error("usage: deno task jsr [--checkouts DIR] TASK [ARGS...]");
    return 2;
  }
  const copy = await Deno.makeTempDir({ prefix: "troupe_jsr_" });
  try {
    const wanted = await copyProject(copy);
    await using registry = checkouts ? await startRegistry(checkouts, wanted) : undefined;
    if (registry) console.error(`served from "${checkouts}": ${describe(registry, wanted)}`);
    return await runTask(copy, task, registry);
  } finally {
    await Deno.remove(copy, { recursive: true });
  }
}

/** Only what stands before the task is ours, all that follows is the task's. */
function readArgs(args: string[]): { checkouts?: string; task: string[] } {
  if (args[0] === "--") return { task: args.slice(1) };
  if (args[0] === "--checkouts") return { checkouts: args[1], task: readArgs(args.slice(2)).task };
  const [, checkouts] = /^--checkouts=(.+)/.exec(args[0] ?? "") ?? [];
  return checkouts ? { checkouts, task: readArgs(args.slice(1)).task } : { task: args };
}

/** Copies the project without its stand-ins. Returns the `jsr:` specifiers of its import map. */
async function copyProject(target: string): Promise<string[]> {
  for (const path of await listFiles()) {
    if (path.startsWith(STAND_INS) && path.endsWith("/deno.json")) continue;
    await Deno.mkdir(`${target}/${path}`.replace(/[^/]+$/, ""), { recursive: true });
    await Deno.copyFile(ROOT + path, `${target}/${path}`).catch(ignoreMissing);
  }
  const config = JSON.parse(await Deno.readTextFile(`${target}/deno.json`));
  config.workspace = config.workspace
    .filter((member: string) => !member.replace("./", "").startsWith(STAND_INS));
  if (config.workspace.length === 0) delete config.workspace;
  await Deno.writeTextFile(`${target}/deno.json`, JSON.stringify(config, null, 2));
  // It was made with the stand-ins; what it says of the packages does not hold here.
  await Deno.remove(`${target}/deno.lock`).catch(ignoreMissing);
  return Object.values<string>(config.imports).filter((value) => value.startsWith("jsr:"));
}

/** What git tracks, and what it would add. */
async function listFiles(): Promise<string[]> {
  const { success, stdout } = await new Deno.Command("git", {
    args: ["ls-files", "-z", "--cached", "--others", "--exclude-standard"],
    cwd: ROOT,
    stderr: "inherit",
  }).output();
  if (!success) throw new Error(`Cannot list the files of "${ROOT}": git failed`);
  return new TextDecoder().decode(stdout).split("\0").filter(Boolean);
}

async function runTask(copy: string, task: string[], registry?: Registry): Promise<number> {
  // The terminal interrupts the task too; this process stays to clean up.
  const ignore = () => {};
  Deno.addSignalListener("SIGINT", ignore);
  try {
    const { code } = await new Deno.Command(Deno.execPath(), {
      args: ["task", ...task],
      cwd: copy,
      env: registry ? { JSR_URL: registry.url } : {},
      stdin: "inherit",
      stdout: "inherit",
      stderr: "inherit",
    }).output();
    return code;
  } finally {
    Deno.removeSignalListener("SIGINT", ignore);
    if (registry) await forgetCached(registry);
  }
}

/** Removes what Deno has cached of a registry that will never be there again. */
async function forgetCached(registry: Registry): Promise<void> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  const { modulesCache } = JSON.parse(new TextDecoder().decode(stdout));
  const { hostname, port } = new URL(registry.url);
  await Deno.remove(`${modulesCache}/http/${hostname}_PORT${port}`, { recursive: true })
    .catch(ignoreMissing);
}

function describe(registry: Registry, wanted: readonly string[]): string {
  return registry.packages.filter((one) => {
    const name = one.slice(0, one.lastIndexOf("@"));
    return wanted.some((specifier) => specifier.startsWith(`jsr:${name}@`));
  }).join(", ");
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
