import type { Json } from "../../messaging/mod.ts";
import { CommandError, endedError } from "./command_error.ts";
import {
  type CheckedCommandOptions,
  type CommandOptions,
  type CommandRunner,
  type CommandTask,
  withDefaults,
} from "./command_runner.ts";
import { Output, resultOf } from "./output.ts";
import { Program } from "./program.ts";
import { StartError } from "./start_error.ts";

/**
 * Runs a program anew for each task. Its standard input gets the input as one line of JSON, and ends;
 * what it writes to its standard output is the result once it has ended with exit code 0: JSON, else the
 * text, trimmed; `null` if it has written nothing.
 */
export class EachTaskRunner implements CommandRunner {
  readonly #options: CheckedCommandOptions;
  readonly #programs = new Set<Program>();

  /** Nothing is started before there is a task. */
  constructor(options: CommandOptions) {
    this.#options = withDefaults(options);
  }

  /** Does a task. */
  async run({ id, input, signal }: CommandTask): Promise<Json> {
    signal.throwIfAborted();
    const { command: [name = ""], maxOutput, onExit } = this.#options;
    const output = new Output(maxOutput);
    let tooMuch = false;
    const program = this.#start((chunk) => {
      if (output.add(chunk) || tooMuch) return;
      tooMuch = true;
      program.stop();
    });
    const stop = (): void => void program.stop();
    signal.addEventListener("abort", stop, { once: true });
    this.#programs.add(program);
    try {
      program.write(`${JSON.stringify(input)}\n`).then(() => program.closeInput());
      const exit = await program.exited;
      onExit(exit, [id]);
      signal.throwIfAborted();
      if (tooMuch) {
        const reason = `it wrote more than ${maxOutput} bytes`;
        throw new CommandError(`Cannot read the result of "${name}": ${reason}`, "output", {
          reason,
        });
      }
      if (exit.code !== 0) throw endedError(name, "exit", exit);
      return resultOf(output.take());
    } finally {
      signal.removeEventListener("abort", stop);
      this.#programs.delete(program);
    }
  }

  /** Ends what runs. */
  async close(): Promise<void> {
    await Promise.all([...this.#programs].map((program) => program.stop()));
  }

  /** Kills what runs. */
  kill(): void {
    for (const program of this.#programs) program.kill();
  }

  #start(onOutput: (chunk: Uint8Array) => void): Program {
    const { command, env, grace, onStderr } = this.#options;
    try {
      return Program.start(command, { env, grace, onStderr, onOutput });
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      throw new CommandError(error.message, "start", { reason: error.message });
    }
  }
}
