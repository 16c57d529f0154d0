import { CallFailure, type Handlers, methodError } from "../../messaging/mod.ts";
import { commandContract, type CommandSpecs } from "./command_contract.ts";
import { CommandError, type CommandErrorData } from "./command_error.ts";
import type { CommandRunner } from "./command_runner.ts";
import { runTask, type RunTaskOptions } from "./run_task.ts";

/** The handlers of {@linkcode commandContract}: tasks go to `runner`, and its errors are the contract's. */
export function commandHandlers(
  runner: CommandRunner,
  options: RunTaskOptions = {},
): Handlers<CommandSpecs> {
  let tasks = 0;
  return {
    async run(input, { signal }) {
      try {
        return await runTask(runner, { id: String(++tasks), input, signal }, options);
      } catch (error) {
        throw error instanceof CommandError ? failureOf(error) : error;
      }
    },
  };
}

/** An error as the caller is to get it. */
function failureOf({ code, data, message }: CommandError): Error {
  // as if the whole worker had gone: the task is given to another one, if it may run twice
  if (code === "died") return new CallFailure("lost", message);
  if (code === "gone") return new CallFailure("draining", message);
  // the code and its data belong together, which the union of all does not say
  return methodError(commandContract, "run", code, data as CommandErrorData["exit"], message);
}
