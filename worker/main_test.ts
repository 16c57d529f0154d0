import config from "../deno.json" with { type: "json" };
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";

/** What the permission set "worker" in deno.json allows. */
const VARIABLES: string[] = config.permissions.worker.env;

/** Runs the worker with a command to its end. */
async function run(...args: string[]): Promise<{ code: number; stderr: string }> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-check",
      "--no-prompt",
      "--allow-net",
      "--allow-env",
      "--allow-read",
      "--allow-run",
      new URL("main.ts", import.meta.url).pathname,
      ...args,
    ],
    env: { TROUPE_PORT: "0", POD_IP: "127.0.0.1", NO_COLOR: "1" },
  }).output();
  return { code, stderr: new TextDecoder().decode(stderr).trim() };
}

Deno.test("worker/main.ts says what is wrong with its command line", async () => {
  deepStrictEqual(await run("--lines"), {
    code: 2,
    stderr: 'worker: Cannot use flag --lines: it needs a command, as in "-- python3 a.py"',
  });
  deepStrictEqual(await run("--"), {
    code: 2,
    stderr: 'worker: Cannot run a command: there is none behind "--"',
  });
  const { code, stderr } = await run("--http", "--", "/no/such/program");
  deepStrictEqual([code, stderr], [
    1,
    'worker: Cannot start "/no/such/program": it is not there',
  ]);
});

Deno.test({
  name: "worker/main.ts ends with an error when its program does not live on",
  ignore: Deno.build.os === "windows",
  async fn() {
    // the last wait before it is given up is 1.6 s
    const { code, stderr } = await run("--lines", "--", "sh", "-c", "echo oh >&2; exit 7");
    strictEqual(code, 1);
    match(stderr, /^(oh\n){6}worker: Cannot keep "sh" alive: it ended 6 times in a row /);
  },
});

Deno.test({
  name: "worker/main.ts serves Hello, world! until SIGTERM",
  ignore: Deno.build.os === "windows",
  async fn() {
    const env = { TROUPE_PORT: "0", POD_IP: "127.0.0.1", NO_COLOR: "1" };
    await using child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--no-check",
        "--no-prompt",
        "--allow-net",
        `--allow-env=${VARIABLES.join(",")}`,
        new URL("main.ts", import.meta.url).pathname,
      ],
      env,
      stdout: "piped",
    }).spawn();
    let printed = "";
    const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    while (!/started at \S+\n/.test(printed)) printed += (await lines.read()).value;
    const [, url] = /started at (\S+)/.exec(printed)!;
    strictEqual(await (await fetch(url!)).text(), "Hello, world!\n");
    child.kill("SIGTERM");
    for (let part = await lines.read(); !part.done; part = await lines.read()) {
      printed += part.value;
    }
    strictEqual((await child.status).code, 0);
    deepStrictEqual(printed.match(/worker \w+/g), [
      "worker starting",
      "worker started",
      "worker stopping",
      "worker stopped",
    ]);
    match(url!, /^http:\/\/127\.0\.0\.1:\d+\/$/);
  },
});
