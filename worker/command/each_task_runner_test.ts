import { deepStrictEqual, match, rejects, strictEqual } from "node:assert/strict";
import { CommandError, type CommandErrorData } from "./command_error.ts";
import { EachTaskRunner } from "./each_task_runner.ts";
import { runTask } from "./run_task.ts";
import { ended, line, runs, shell, task, type Told } from "./testdata/shell.ts";

function told(): Told {
  return { exits: [], lines: [] };
}

function withCode<C extends keyof CommandErrorData>(
  code: C,
  data: Partial<CommandErrorData[C]>,
): (error: Error) => boolean {
  return (error) => {
    strictEqual(error instanceof CommandError && error.code, code);
    deepStrictEqual((error as CommandError).data, data);
    return true;
  };
}

const RESULTS: readonly [what: string, script: string, result: unknown][] = [
  ["JSON", `cat`, { a: [1, "ü"] }],
  ["text that is no JSON, trimmed", `echo; echo "  two words "; echo`, "two words"],
  ["nothing as null", `cat >/dev/null`, null],
  ["what was written before its output was closed", `echo 1; exec >&-; sleep 0.05`, 1],
];

for (const [what, script, result] of RESULTS) {
  Deno.test(`run() takes ${what} as the result`, async () => {
    const runner = new EachTaskRunner(shell(script));
    deepStrictEqual(await runner.run(task({ a: [1, "ü"] })), result);
  });
}

Deno.test("run() rejects with the exit code and the last lines when a program fails", async () => {
  const seen = told();
  const runner = new EachTaskRunner(shell(`echo one >&2; echo two >&2; exit 3`, seen));
  const failed = task(1);
  const exit = { code: 3, signal: null, stderr: "one\ntwo" };
  await rejects(runner.run(failed), (error: Error) => {
    strictEqual(error.message, 'Cannot finish the task: "sh" ended with exit code 3: two');
    return withCode("exit", exit)(error);
  });
  deepStrictEqual(seen, { exits: [{ exit, tasks: [failed.id] }], lines: ["one", "two"] });
});

Deno.test("run() rejects with the signal when one ends the program", async () => {
  const runner = new EachTaskRunner(shell(`kill -9 $$`));
  await rejects(
    runner.run(task(1)),
    withCode("exit", { code: 137, signal: "SIGKILL", stderr: "" }),
  );
});

Deno.test("run() keeps the last lines only when a program says much", async () => {
  const script = `i=0; while [ $i -lt 500 ]; do echo "line $i" >&2; i=$((i+1)); done; exit 1`;
  const seen = told();
  await rejects(new EachTaskRunner(shell(script, seen)).run(task(1)), (error: CommandError) => {
    const lines = (error.data as CommandErrorData["exit"]).stderr.split("\n");
    strictEqual(lines.length, 20);
    strictEqual(lines.at(-1), "line 499");
    return true;
  });
  strictEqual(seen.lines.length, 500);
});

Deno.test("run() does without a program's reading its input, however long that is", async () => {
  const runner = new EachTaskRunner(shell(`exec <&-; echo done`));
  strictEqual(await runner.run(task("x".repeat(2 ** 20))), "done");
  const lazy = new EachTaskRunner(shell(`echo done`));
  strictEqual(await lazy.run(task("x".repeat(2 ** 20))), "done");
});

Deno.test("run() ends a program that writes too much", async () => {
  const runner = new EachTaskRunner({ ...shell(`cat /dev/zero`), maxOutput: 1000 });
  const reason = "it wrote more than 1000 bytes";
  await rejects(runner.run(task(1)), withCode("output", { reason }));
  const fitting = new EachTaskRunner({ ...shell(`cat`), maxOutput: 7 });
  strictEqual(await fitting.run(task("1234")), "1234");
});

Deno.test("run() asks a program to end when nobody waits any more", async () => {
  const seen = told();
  const options = shell(
    `trap 'echo asked >&2; exit 9' TERM; echo up >&2; while :; do sleep 0.01; done`,
    seen,
  );
  const up = line(options, "up");
  const canceled = new AbortController();
  const running = rejects(
    new EachTaskRunner(options).run(task(1, canceled.signal)),
    /enough/,
  );
  await up;
  canceled.abort(new Error("enough"));
  await running;
  deepStrictEqual(seen.exits.map(({ exit }) => exit.code), [9]);
  strictEqual(seen.lines.at(-1), "asked"); // the shell may say before that its child has ended
});

Deno.test("run() kills a program that does not end when it is asked to", async () => {
  const seen = told();
  const options = {
    ...shell(`trap '' TERM; echo up >&2; while :; do sleep 0.01; done`, seen),
    grace: 50,
  };
  const up = line(options, "up");
  const canceled = new AbortController();
  const running = rejects(
    new EachTaskRunner(options).run(task(1, canceled.signal)),
    /enough/,
  );
  await up;
  canceled.abort(new Error("enough"));
  await running;
  deepStrictEqual(seen.exits.map(({ exit }) => exit.signal), ["SIGKILL"]);
});

Deno.test("run() does not begin a task that nobody waits for", async () => {
  const seen = told();
  const runner = new EachTaskRunner(shell(`cat`, seen));
  await rejects(runner.run(task(1, AbortSignal.abort(new Error("enough")))), /enough/);
  deepStrictEqual(seen.exits, []);
});

Deno.test({
  name: "run() kills what a program leaves running",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const runner = new EachTaskRunner(shell(`sleep 1000 & echo $!`));
    const pid = await runner.run(task(1)); // although the other one holds its output open
    strictEqual(typeof pid, "number");
    await ended(pid as number);
  },
});

Deno.test({
  name: "run() does not wait for a process that left the group and holds the output open",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const runner = new EachTaskRunner(shell(`setsid sleep 1000 & echo $!; sleep 0.05`));
    const pid = await runner.run(task(1)) as number;
    if (runs(pid)) Deno.kill(pid, "SIGKILL");
  },
});

Deno.test("runTask() lets a task fail that takes longer than it may", async () => {
  const seen = told();
  const runner = new EachTaskRunner(shell(`exec sleep 1000`, seen));
  await rejects(runTask(runner, task(1), { timeout: 50 }), withCode("timeout", { after: 50 }));
  deepStrictEqual(seen.exits.map(({ exit }) => exit.signal), ["SIGTERM"]);
  strictEqual(await runTask(new EachTaskRunner(shell(`cat`)), task(1), { timeout: 60_000 }), 1);
});

Deno.test("kill() ends what runs at once", async () => {
  const options = shell(`trap '' TERM; echo up >&2; while :; do sleep 0.01; done`);
  const up = line(options, "up");
  const runner = new EachTaskRunner(options);
  const running = runner.run(task(1));
  await up;
  runner.kill();
  await rejects(running, withCode("exit", { code: 137, signal: "SIGKILL", stderr: "up" }));
});

Deno.test("close() asks what runs to end", async () => {
  const options = shell(`echo up >&2; exec sleep 1000`);
  const up = line(options, "up");
  const runner = new EachTaskRunner(options);
  const running = rejects(runner.run(task(1)), /was ended by SIGTERM/);
  await up;
  await runner.close();
  await running;
});

Deno.test("run() says why a program cannot be started", async () => {
  const dir = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${dir}/plain`, "echo 1\n", { mode: 0o644 });
    const cases: [command: string[], message: RegExp][] = [
      [["no-such-program"], /^Cannot start "no-such-program": it is in no folder of PATH, \S+$/],
      [[`${dir}/none`], /^Cannot start "\S+none": it is not there$/],
      [[`${dir}/plain/x`], /^Cannot start "\S+x": it is not there$/],
      [[`${dir}/plain`], /^Cannot start "\S+plain": "\S+plain" is not executable$/],
      [[dir], /^Cannot start "\S+": "\S+" is no file$/],
    ];
    for (const [command, message] of cases) {
      const runner = new EachTaskRunner({ ...shell(""), command });
      await rejects(runner.run(task(1)), (error: CommandError) => {
        strictEqual(error.code, "start");
        match(error.message, message);
        return true;
      });
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
