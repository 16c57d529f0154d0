import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { parseFlags, UsageError } from "../../runtime/mod.ts";
import { checkCommand, commandFlags, makeRunner, splitCommand } from "./command_flags.ts";
import { EachTaskRunner } from "./each_task_runner.ts";
import { HttpRunner } from "./http_runner.ts";
import { LinesRunner } from "./lines_runner.ts";
import { shell } from "./testdata/shell.ts";

function flagsOf(...args: string[]) {
  const flags = parseFlags({ name: "worker", summary: "Works.", flags: commandFlags }, args);
  if (flags === "help") throw new Error("Cannot read flags: they ask for help");
  return flags;
}

Deno.test("splitCommand() leaves to the command all that stands behind the first --", () => {
  deepStrictEqual(splitCommand(["--lines"]), { args: ["--lines"] });
  deepStrictEqual(splitCommand(["--lines", "--", "python3", "a.py", "--", "--help"]), {
    args: ["--lines"],
    command: ["python3", "a.py", "--", "--help"],
  });
});

const WRONG: readonly [args: string[], command: string[] | undefined, message: string][] = [
  [["--lines"], undefined, 'Cannot use flag --lines: it needs a command, as in "-- python3 a.py"'],
  [
    ["--timeout=3"],
    undefined,
    'Cannot use flag --timeout: it needs a command, as in "-- python3 a.py"',
  ],
  [[], [], 'Cannot run a command: there is none behind "--"'],
  [
    ["--lines", "--http"],
    ["cat"],
    "Cannot use both flags --lines and --http: a program gets tasks in one way",
  ],
];

for (const [args, command, message] of WRONG) {
  Deno.test(`checkCommand() refuses ${args.join(" ") || "an empty command"}`, () => {
    throws(() => checkCommand(flagsOf(...args), command), (error: Error) => {
      strictEqual(error.message, message);
      return error instanceof UsageError;
    });
  });
}

Deno.test("checkCommand() takes no command, and a command with flags", () => {
  checkCommand(flagsOf(), undefined);
  checkCommand(flagsOf("--http", "--concurrency=4", "--timeout", "0.5"), ["cat"]);
});

Deno.test("makeRunner() makes the runner that the flags ask for", async () => {
  const { command, env } = shell("exec cat");
  const onHopeless = (): void => {};
  const runners = [[], ["--lines"], ["--http"]].map((args) =>
    makeRunner(flagsOf(...args), { command, env, onHopeless })
  );
  ok(runners[0] instanceof EachTaskRunner);
  ok(runners[1] instanceof LinesRunner);
  ok(runners[2] instanceof HttpRunner);
  await Promise.all(runners.map((runner) => runner.close()));
});
