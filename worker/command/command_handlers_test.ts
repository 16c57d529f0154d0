import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { CallFailure, implementation, isMethodError } from "../../messaging/mod.ts";
import { commandContract } from "./command_contract.ts";
import { commandHandlers } from "./command_handlers.ts";
import { EachTaskRunner } from "./each_task_runner.ts";
import { LinesRunner } from "./lines_runner.ts";
import { shell } from "./testdata/shell.ts";

const context = {
  signal: new AbortController().signal,
  method: "run",
  attempt: 1,
  caller: { role: "coordinator", name: "test", instance: "1" },
} as const;

Deno.test("commandHandlers() gives inputs to the program and takes its results", async () => {
  const handlers = commandHandlers(new EachTaskRunner(shell("cat")));
  const given = implementation(commandContract, handlers);
  const input = { deep: [1, null, { a: "b" }] };
  deepStrictEqual(await given.call("run", input, context, () => {}), input);
});

Deno.test("commandHandlers() makes the contract's errors of what a program does", async () => {
  const failing = commandHandlers(new EachTaskRunner(shell("echo oh >&2; exit 3")));
  await rejects(failing.run(1, { ...context, emit: () => {} }) as Promise<unknown>, (error) => {
    if (!isMethodError(error, commandContract, "run", "exit")) return false;
    deepStrictEqual(error.data, { code: 3, signal: null, stderr: "oh" });
    strictEqual(error.message, 'Cannot finish the task: "sh" ended with exit code 3: oh');
    return true;
  });
  const slow = commandHandlers(new EachTaskRunner(shell("exec sleep 1000")), { timeout: 20 });
  await rejects(slow.run(1, { ...context, emit: () => {} }) as Promise<unknown>, (error) => {
    return isMethodError(error, commandContract, "run", "timeout") && error.data.after === 20;
  });
});

Deno.test("commandHandlers() calls a task lost whose program died with it", async () => {
  const onHopeless = (): void => {};
  const runner = new LinesRunner({ ...shell("read -r l; exit 3"), onHopeless });
  await rejects(
    commandHandlers(runner).run(1, { ...context, emit: () => {} }) as Promise<unknown>,
    (error) => error instanceof CallFailure && error.kind === "lost",
  );
  await runner.close();
});
