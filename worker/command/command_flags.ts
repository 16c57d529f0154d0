/** What the command line of `worker/main.ts` says about the program that it is to run. */
import { z } from "zod";
import { type FlagValues, UsageError } from "../../runtime/mod.ts";
import type { CommandOptions, CommandRunner } from "./command_runner.ts";
import { EachTaskRunner } from "./each_task_runner.ts";
import { HttpRunner } from "./http_runner.ts";
import { LinesRunner } from "./lines_runner.ts";

const seconds = z.string().regex(/^\d{1,6}(\.\d{1,3})?$/).transform((text) => Number(text) * 1000)
  .describe("a number of seconds");

/** The flags, for `runProgram`. */
export const commandFlags = {
  lines: {
    switch: true,
    help: "with a command: it lives on; a line of JSON for each task and result",
  },
  http: {
    switch: true,
    help: "with a command: it lives on, and fetches tasks at TROUPE_TASKS_URL",
  },
  concurrency: {
    schema: z.string().regex(/^[1-9]\d{0,3}$/).transform(Number).describe(
      "an integer from 1 to 9999",
    ),
    value: "N",
    help: "with a command: tasks at once; with --lines also processes (default: 1)",
  },
  timeout: {
    schema: seconds,
    value: "SECONDS",
    help: "with a command: how long a task may take (default: as long as its caller waits)",
  },
  "stop-after": {
    schema: seconds,
    value: "SECONDS",
    help: "with a command: how long it may take to end before it is killed (default: 5)",
  },
  "max-output": {
    schema: z.string().regex(/^[1-9]\d{0,8}$/).transform(Number).describe("a number of bytes"),
    value: "BYTES",
    help: "with a command: how long a result may be (default: 1048576)",
  },
} as const;

/** Their values. */
export type CommandFlags = FlagValues<typeof commandFlags>;

/** The command behind `--`, and the arguments before it. */
export function splitCommand(args: readonly string[]): { args: string[]; command?: string[] } {
  const at = args.indexOf("--");
  if (at < 0) return { args: [...args] };
  return { args: args.slice(0, at), command: args.slice(at + 1) };
}

/**
 * Checks that the flags and the command fit together.
 *
 * @throws {UsageError} if they do not
 */
export function checkCommand(flags: CommandFlags, command: readonly string[] | undefined): void {
  if (command === undefined) {
    const names = Object.keys(commandFlags) as (keyof CommandFlags)[];
    const given = names.find((name) => flags[name] !== undefined && flags[name] !== false);
    if (given !== undefined) {
      throw new UsageError(
        `Cannot use flag --${given}: it needs a command, as in "-- python3 a.py"`,
      );
    }
  } else if (command.length === 0) {
    throw new UsageError('Cannot run a command: there is none behind "--"');
  }
  if (flags.lines && flags.http) {
    throw new UsageError(
      "Cannot use both flags --lines and --http: a program gets tasks in one way",
    );
  }
}

/** What a runner takes beside the flags. */
export interface RunnerOptions extends Pick<CommandOptions, "command" | "env" | "onExit"> {
  /** A program that lives on cannot be kept alive. */
  onHopeless: (error: Error) => void;
}

/**
 * The runner that the flags ask for; a program that lives on is started.
 *
 * @throws {StartError} if it cannot be started
 */
export function makeRunner(flags: CommandFlags, options: RunnerOptions): CommandRunner {
  const { concurrency, "stop-after": grace, "max-output": maxOutput } = flags;
  const all = {
    ...options,
    ...(grace !== undefined && { grace }),
    ...(maxOutput !== undefined && { maxOutput }),
  };
  if (flags.http) return new HttpRunner(all);
  if (flags.lines) return new LinesRunner({ ...all, processes: concurrency ?? 1 });
  return new EachTaskRunner(all);
}
