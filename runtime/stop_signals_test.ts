import { strictEqual } from "node:assert/strict";

Deno.test({
  name: "onStopSignal() tells the first signal and ends the process at the second",
  ignore: Deno.build.os === "windows",
  async fn() {
    const script = new URL("testdata/stop.ts", import.meta.url).pathname;
    await using child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-check", script],
      stdout: "piped",
    }).spawn();
    const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    strictEqual((await lines.read()).value, "ready\n");
    child.kill("SIGINT");
    strictEqual((await lines.read()).value, "SIGINT\n");
    child.kill("SIGTERM");
    strictEqual((await child.status).code, 143);
    await lines.cancel();
  },
});
