import type { CommandOptions, CommandTask } from "../command_runner.ts";
import type { ProgramExit } from "../program.ts";
import { programEnvironment } from "../environment.ts";
import type { Json } from "../../../messaging/mod.ts";

/** What the runner of a program told. */
export interface Told {
  /** Ends of processes, with their tasks. */
  exits: { exit: ProgramExit; tasks: readonly string[] }[];
  /** Lines of standard error. */
  lines: string[];
}

/** Options of a runner whose program is a script of the shell. */
export function shell(script: string, told: Told = { exits: [], lines: [] }): CommandOptions {
  return {
    command: ["sh", "-c", script],
    env: programEnvironment(Deno.env.toObject()),
    grace: 10_000, // long: where it must be over, a test says so
    onExit: (exit, tasks) => told.exits.push({ exit, tasks }),
    onStderr: (line) => told.lines.push(line),
  };
}

let last = 0;

/** A task. */
export function task(input: Json, signal: AbortSignal = new AbortController().signal): CommandTask {
  return { id: String(++last), input, signal };
}

/** Resolves when a line of that text has come. */
export function line(options: CommandOptions, text: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { onStderr } = options;
  options.onStderr = (given) => {
    onStderr?.(given);
    if (given === text) resolve();
  };
  return promise;
}

/** Whether a process runs: a zombie does not. */
export function runs(pid: number): boolean {
  try {
    return !/\) Z /.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch {
    return false;
  }
}

/** Resolves once a process runs no more, which may take a moment after it was killed. */
export async function ended(pid: number): Promise<void> {
  const until = performance.now() + 10_000;
  while (runs(pid)) {
    if (performance.now() > until) throw new Error(`Cannot see process ${pid} end: it still runs`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
