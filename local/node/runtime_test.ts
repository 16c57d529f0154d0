/** The contract of `Runtime`: every implementation passes the same tests. */
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { ProcessRuntime } from "./process_runtime.ts";
import { type ContainerConfig, type Runtime, StartError } from "./runtime.ts";
import { SimulatedRuntime } from "./simulated_runtime.ts";
import type { Stage } from "./stage.ts";
import { STAGE_ANNOTATION } from "./stage.ts";

/** The same behavior, once as a program and once as a stage. */
interface Behavior {
  readonly shell: string;
  readonly stage: Stage;
}

const RUNS: Behavior = { shell: "echo started; exec sleep 1000", stage: {} };
const FAILS: Behavior = { shell: "echo started; exit 7", stage: { crashAfter: 5, exitCode: 7 } };
const HANGS: Behavior = {
  shell: `trap "" TERM; echo started; while :; do sleep 1000; done`,
  stage: { ignoreTerm: true },
};
const STOPS: Behavior = {
  shell: `trap "exit 0" TERM; echo started; sleep 1000 & wait`,
  stage: { stopAfter: 1 },
};
const UNREADABLE = { command: ["/no/such/program"], stage: "{" };

const implementations: { name: string; create(dir: string): Runtime }[] = [
  {
    name: "ProcessRuntime",
    create: (dir) => new ProcessRuntime({ dir, images: { known: ["/bin/sh"] } }),
  },
  { name: "SimulatedRuntime", create: () => new SimulatedRuntime() },
];

let uids = 0;

function config(behavior: Behavior): ContainerConfig {
  return {
    namespace: "default",
    pod: "a",
    uid: `uid-${uids++}`,
    container: "main",
    attempt: 0,
    image: "known",
    command: ["/bin/sh", "-c", behavior.shell],
    env: { PATH: Deno.env.get("PATH") ?? "/usr/bin:/bin" },
    annotations: { [STAGE_ANNOTATION]: JSON.stringify(behavior.stage) },
  };
}

async function text(stream: ReadableStream<Uint8Array> | undefined): Promise<string> {
  return stream === undefined ? "" : await new Response(stream).text();
}

/** Resolves when the log has its first line, so that traps of the shell are set. */
async function started(runtime: Runtime, of: ContainerConfig): Promise<void> {
  const log = await runtime.logs(of, { follow: true });
  for await (const chunk of log!) {
    if (new TextDecoder().decode(chunk).includes("started")) break;
  }
}

for (const { name, create } of implementations) {
  const contract = (title: string, test: (runtime: Runtime) => Promise<void>) =>
    Deno.test(`${name} ${title}`, async () => {
      const dir = await Deno.makeTempDir();
      try {
        await using runtime = create(dir);
        await test(runtime);
      } finally {
        await Deno.remove(dir, { recursive: true });
      }
    });

  contract("image() tells a known image", (runtime) => {
    ok(runtime.image("known"));
    return Promise.resolve();
  });

  contract("start() tells the exit code when the container ends by itself", async (runtime) => {
    const container = await runtime.start(config(FAILS));
    const exit = await container.exited;
    strictEqual(exit.code, 7);
    strictEqual(exit.signal, undefined);
    ok(exit.finishedAt.getTime() >= container.startedAt.getTime());
    match(container.id, /^\w+:\/\/\w+/);
  });

  contract("start() rejects with StartError when the container cannot be run", async (runtime) => {
    const bad: ContainerConfig = {
      ...config(RUNS),
      command: UNREADABLE.command,
      annotations: { [STAGE_ANNOTATION]: UNREADABLE.stage },
    };
    await rejects(runtime.start(bad), StartError);
  });

  contract("signal() lets the container stop by itself on SIGTERM", async (runtime) => {
    const of = config(STOPS);
    const container = await runtime.start(of);
    await started(runtime, of);
    container.signal("SIGTERM");
    strictEqual((await container.exited).code, 0);
    container.signal("SIGKILL"); // after the end: nothing
  });

  contract(
    "signal() ends with 137 when SIGTERM is ignored and SIGKILL follows",
    async (runtime) => {
      const of = config(HANGS);
      const container = await runtime.start(of);
      await started(runtime, of);
      container.signal("SIGTERM");
      container.signal("SIGKILL");
      const { code, signal } = await container.exited;
      deepStrictEqual({ code, signal }, { code: 137, signal: 9 });
    },
  );

  contract(
    "logs() of an attempt can be read after its end, by lines and bytes",
    async (runtime) => {
      const of = config(FAILS);
      await (await runtime.start(of)).exited;
      match(await text(await runtime.logs(of, {})), /^started\n/);
      match(await text(await runtime.logs(of, { timestamps: true })), /^\d{4}-.+Z started\n/);
      strictEqual(await text(await runtime.logs(of, { limitBytes: 4 })), "star");
      strictEqual(await text(await runtime.logs(of, { tailLines: 0 })), "");
      strictEqual(await text(await runtime.logs(of, { since: new Date(Date.now() + 60_000) })), "");
      strictEqual(await runtime.logs({ ...of, attempt: 1 }, {}), undefined);
    },
  );

  contract("logs() follows until the container ends", async (runtime) => {
    const of = config(STOPS);
    const container = await runtime.start(of);
    await started(runtime, of);
    const all = text(await runtime.logs(of, { follow: true }));
    container.signal("SIGTERM");
    match(await all, /^started\n/);
  });

  contract("logs() stops following when its signal aborts", async (runtime) => {
    const of = config(RUNS);
    await runtime.start(of);
    const stop = new AbortController();
    const all = text(await runtime.logs(of, { follow: true, signal: stop.signal }));
    await started(runtime, of);
    stop.abort();
    strictEqual(await all, "started\n");
  });

  contract("forget() removes the logs of a pod", async (runtime) => {
    const of = config(FAILS);
    await (await runtime.start(of)).exited;
    await runtime.forget(of);
    strictEqual(await runtime.logs(of, {}), undefined);
    await runtime.forget(of);
  });

  contract("act() reports an action that fails, and rejects when aborted", async (runtime) => {
    const hangs: Behavior = { shell: RUNS.shell, stage: { neverReady: true } };
    const container = await runtime.start(config(hangs));
    const action = { type: "exec", command: ["/bin/sh", "-c", "exit 3"] } as const;
    const never = new AbortController();
    const result = await container.act(action, { purpose: "readiness", signal: never.signal });
    strictEqual(result.ok, false);
    const signal = AbortSignal.abort(new Error("enough"));
    await rejects(container.act(action, { purpose: "readiness", signal }), /enough/);
  });

  contract("close() ends what runs, and start() rejects after it", async (runtime) => {
    const container = await runtime.start(config(HANGS));
    await runtime.close();
    strictEqual((await container.exited).code, 137);
    await rejects(runtime.start(config(RUNS)), StartError);
    await runtime.close();
  });
}
