import type { Json } from "../../messaging/mod.ts";
import { anySignal } from "../../runtime/mod.ts";
import { CommandError } from "./command_error.ts";
import type { CommandRunner, CommandTask } from "./command_runner.ts";

/** Options of {@linkcode runTask}. */
export interface RunTaskOptions {
  /** How long the task may take, in milliseconds. @default as long as its signal lets it */
  timeout?: number | undefined;
}

/** Does a task, which fails with `timeout` when it takes too long. */
export async function runTask(
  runner: CommandRunner,
  task: CommandTask,
  { timeout }: RunTaskOptions = {},
): Promise<Json> {
  if (timeout === undefined) return await runner.run(task);
  const over = new AbortController();
  const timer = setTimeout(() => {
    const message = `Cannot finish the task: it takes more than ${timeout / 1000} s`;
    over.abort(new CommandError(message, "timeout", { after: timeout }));
  }, timeout);
  try {
    return await runner.run({ ...task, signal: anySignal([task.signal, over.signal]) });
  } finally {
    clearTimeout(timer);
  }
}
