import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { findMarked, processStartTime } from "./processes.ts";
import { ProcessRuntime } from "./process_runtime.ts";
import type { ContainerConfig } from "./runtime.ts";

const PATH = Deno.env.get("PATH") ?? "/usr/bin:/bin";
const onLinux = Deno.build.os === "linux";

function config(script: string, more: Partial<ContainerConfig> = {}): ContainerConfig {
  return {
    namespace: "default",
    pod: "a",
    uid: "1",
    container: "main",
    attempt: 0,
    image: "x",
    command: ["/bin/sh", "-c", script],
    env: { PATH },
    ...more,
  };
}

async function withDir(test: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.realPath(await Deno.makeTempDir());
  try {
    await test(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function logOf(runtime: ProcessRuntime, of: ContainerConfig): Promise<string> {
  return await new Response(await runtime.logs(of, {})).text();
}

/** The first line of a log that has one, as soon as it is written. */
async function firstLine(runtime: ProcessRuntime, of: ContainerConfig): Promise<string> {
  const decoder = new TextDecoder();
  for await (const chunk of (await runtime.logs(of, { follow: true }))!) {
    return decoder.decode(chunk).trim();
  }
  throw new Error("no line");
}

/** Resolves when a process, which is no child of this one, is gone. */
async function gone(pid: number): Promise<void> {
  while (processStartTime(pid) !== undefined) await new Promise((done) => setTimeout(done, 5));
}

Deno.test("ProcessRuntime gives a container nothing of its own environment", () =>
  withDir(async (dir) => {
    await using runtime = new ProcessRuntime({ dir, images: {} });
    Deno.env.set("TROUPE_TEST_SECRET", "x");
    const of = config("env; pwd", { env: { PATH, A: "1" } });
    await (await runtime.start(of)).exited;
    Deno.env.delete("TROUPE_TEST_SECRET");
    const lines = (await logOf(runtime, of)).trim().split("\n");
    const home = `${dir}/pods/default_a_1`;
    strictEqual(lines.at(-1), home);
    const names = lines.slice(0, -1).map((line) => line.split("=")[0]!);
    const shell = ["OLDPWD", "PWD", "SHLVL", "_"];
    deepStrictEqual(names.filter((name) => !shell.includes(name)).sort(), [
      "A",
      "HOME",
      "PATH",
      "TMPDIR",
      "TROUPE_CONTAINER_MARK",
    ]);
  }));

Deno.test("ProcessRuntime kills what is left of the group when the main process ends", () =>
  withDir(async (dir) => {
    await using runtime = new ProcessRuntime({ dir, images: {} });
    const of = config("sleep 1000 & echo $!");
    await (await runtime.start(of)).exited;
    await gone(Number((await logOf(runtime, of)).trim()));
  }));

Deno.test({
  name: "ProcessRuntime kills a process that left the group when the main process ends",
  ignore: !onLinux,
  fn: () =>
    withDir(async (dir) => {
      await using runtime = new ProcessRuntime({ dir, images: {} });
      const of = config("setsid sh -c 'echo $$; exec sleep 1000' & exec sleep 1000");
      const container = await runtime.start(of);
      const pid = Number(await firstLine(runtime, of));
      container.signal("SIGKILL");
      await container.exited;
      await gone(pid);
      deepStrictEqual(findMarked(dir), []);
    }),
});

Deno.test("ProcessRuntime refuses a folder that a living agent uses", () =>
  withDir(async (dir) => {
    await using _runtime = new ProcessRuntime({ dir, images: {} });
    throws(() => new ProcessRuntime({ dir, images: {} }), /^Error: Cannot use folder ".+": a node/);
  }));

/** Runs an agent in a process of its own that starts one container and says its pid. */
async function agentProcess(
  dir: string,
  { permissions = ["-A"], script = "trap '' TERM; echo; while :; do sleep 1; done" } = {},
): Promise<{ agent: Deno.ChildProcess; pid: number }> {
  const module = new URL("./process_runtime.ts", import.meta.url).href;
  const code = `
    import { ProcessRuntime } from "${module}";
    const runtime = new ProcessRuntime({ dir: ${JSON.stringify(dir)}, images: {} });
    const of = ${JSON.stringify(config(script))};
    const { id } = await runtime.start(of);
    const log = await runtime.logs(of, { follow: true });
    for await (const _ of log) break; // It is up.
    console.log(id.split("//")[1]);
    await new Promise(() => setInterval(() => {}, 1000));`;
  const file = `${dir}/agent.ts`;
  await Deno.writeTextFile(file, code);
  const agent = new Deno.Command(Deno.execPath(), {
    args: ["run", ...permissions, "--no-prompt", "--no-check", "--quiet", file],
    cwd: new URL("../..", import.meta.url),
    stdout: "piped",
  }).spawn();
  const reader = agent.stdout.getReader();
  const { value } = await reader.read();
  await reader.cancel();
  return { agent, pid: Number(new TextDecoder().decode(value)) };
}

Deno.test("ProcessRuntime leaves no process behind when its own is killed", () =>
  withDir(async (dir) => {
    const { agent, pid } = await agentProcess(dir);
    ok(processStartTime(pid));
    agent.kill("SIGKILL");
    await agent.status;
    await gone(pid); // the watchdog's work
  }));

for (const permissions of [["-A"], ["--allow-run", "--allow-read", "--allow-write"]]) {
  for (const removed of [false, true]) {
    Deno.test({
      name: `ProcessRuntime with ${permissions[0]} leaves none that left its group when it is ` +
        `killed${removed ? ", its folder removed before" : ""}`,
      ignore: !onLinux,
      fn: () =>
        withDir(async (dir) => {
          const inner = "trap '' TERM; sleep 1000 & echo; wait";
          const script = `setsid sh -c "${inner}" & exec sleep 1000`;
          const { agent } = await agentProcess(dir, { permissions, script });
          const marked = findMarked(`${dir}|`);
          if (removed) await Deno.remove(`${dir}/processes`, { recursive: true });
          agent.kill("SIGKILL");
          await agent.status;
          strictEqual(marked.length, 3);
          for (const pid of marked) await gone(pid);
        }),
    });
  }
}

Deno.test("ProcessRuntime ends what a killed one left when it starts in the same folder", () =>
  withDir(async (dir) => {
    const { agent, pid } = await agentProcess(dir);
    throws(() => new ProcessRuntime({ dir, images: {} }), /the node agent with pid \d+ uses it/);
    agent.kill("SIGKILL");
    await agent.status;
    await using _runtime = new ProcessRuntime({ dir, images: {} });
    await gone(pid);
  }));

Deno.test("ProcessRuntime.image() names the known images when asked for another", () =>
  withDir(async (dir) => {
    await using runtime = new ProcessRuntime({ dir, images: { "a:1": ["a"], b: ["b"] } });
    throws(() => runtime.image("c"), /known images: "a:1", "b"$/);
  }));
