import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { processStartTime } from "../local/node/mod.ts";
import { until } from "../tests/support/until.ts";
import { runBounded } from "./bounded_run.ts";

/** Far longer than what is run here takes. */
const LONG = { limit: 60_000 };

Deno.test("runBounded() tells how a program has ended by itself", async () => {
  deepStrictEqual(
    await Promise.all(["exit 0", "exit 3"].map((line) => runBounded("sh", ["-c", line], LONG))),
    ["passed", "failed"],
  );
});

Deno.test("runBounded() ends what does not end in time, and what that has started", async () => {
  const file = await Deno.makeTempFile();
  // neither of them ends by SIGTERM
  const script = `trap "" TERM; sleep 60 & echo $! > ${file}; wait; wait`;
  strictEqual(await runBounded("sh", ["-c", script], { limit: 500, grace: 100 }), "late");
  const pid = Number(await Deno.readTextFile(file));
  await Deno.remove(file);
  await until("the end of what it has started", () => processStartTime(pid) === undefined);
});

Deno.test("runBounded() ends what it runs by SIGTERM", async () => {
  const module = new URL("bounded_run.ts", import.meta.url);
  const code = `import { runBounded } from "${module}";
    const end = await runBounded("sh", ["-c", "echo $$; exec sleep 60"], { limit: 60_000 });
    console.log(end);`;
  const args = ["eval", "--quiet", code];
  const child = new Deno.Command(Deno.execPath(), { args, stdout: "piped" }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream());
  let printed = "";
  for await (const text of lines) {
    if (printed === "") child.kill("SIGTERM");
    printed += text;
  }
  await child.status;
  match(printed, /^\d+\ninterrupted\n$/);
  strictEqual(processStartTime(parseInt(printed)), undefined);
});

Deno.test("deno task test fails, and says so, when a suite takes longer than it may", async () => {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", new URL("test.ts", import.meta.url).pathname, "chaos"],
    env: { TROUPE_TEST_LIMIT: "0.001", NO_COLOR: "1" },
  }).output();
  const said = new TextDecoder().decode(stderr);
  strictEqual(code, 1, said);
  match(said, /Cannot wait for suite "chaos" any longer: it has not ended within 0.001 minutes/);
});
