import { deepStrictEqual, match, strictEqual } from "node:assert/strict";

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
        "--allow-env=TROUPE_PORT,TROUPE_KEYS,POD_IP,POD_NAME,POD_NAMESPACE",
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
