/**
 * Gives tasks to a program that lives on, by lines: each task is a line of JSON on its standard input,
 * and the next line on its standard output is that task's result, as JSON too.
 *
 * A process has one task at a time, so that nothing else is lost with it; for more tasks at once there
 * are more processes. A task that nobody waits for any more may still be answered within the grace;
 * then its process is ended, and another one started. So is one whose lines can no longer be told
 * apart: it has written a line that is no JSON, that is too long, or that answers no task.
 */
import type { Json } from "../../messaging/mod.ts";
import { CommandError, endedError } from "./command_error.ts";
import {
  type CheckedCommandOptions,
  type CommandOptions,
  type CommandRunner,
  type CommandTask,
  withDefaults,
} from "./command_runner.ts";
import { LivingProgram } from "./living_program.ts";
import { Output } from "./output.ts";
import type { Program, ProgramExit } from "./program.ts";

const NEWLINE = 10;

/** Options of {@linkcode LinesRunner}. */
export interface LinesOptions extends CommandOptions {
  /** How many processes there are, and so how many tasks at once. @default 1 */
  processes?: number;
  /** The program cannot be kept alive. */
  onHopeless: (error: Error) => void;
}

/** See the module's text. */
export class LinesRunner implements CommandRunner {
  readonly #lanes: Lane[];
  readonly #free: Lane[];
  readonly #waiting: ((lane: Lane) => void)[] = [];

  /**
   * Starts the processes.
   *
   * @throws {StartError} if the program cannot be started
   */
  constructor(options: LinesOptions) {
    const checked = withDefaults(options);
    this.#lanes = Array.from(
      { length: options.processes ?? 1 },
      () => new Lane(checked, options.onHopeless),
    );
    this.#free = [...this.#lanes];
  }

  /** Does a task, when a process is free. */
  async run(task: CommandTask): Promise<Json> {
    task.signal.throwIfAborted();
    const lane = this.#free.shift() ??
      await new Promise<Lane>((resolve) => this.#waiting.push(resolve));
    try {
      return await lane.run(task);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free.push(lane);
      else next(lane);
    }
  }

  /** Ends the processes. */
  async close(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.living.close()));
  }

  /** Kills the processes. */
  kill(): void {
    for (const { living } of this.#lanes) living.kill();
  }
}

/** The task that a process has. */
interface Current {
  readonly task: CommandTask;
  readonly settled: PromiseWithResolvers<Json>;
  /** The life that has got it. */
  program?: Program;
  /** What was wrong with the answer. */
  problem?: CommandError;
}

/** One process after the other, and the task that it has. */
class Lane {
  readonly living: LivingProgram;
  readonly #options: CheckedCommandOptions;
  #line: Output;
  #current: Current | undefined;
  /** A life whose lines are not looked at any more. */
  #useless: Program | undefined;

  constructor(options: CheckedCommandOptions, onHopeless: (error: Error) => void) {
    this.#options = options;
    this.#line = new Output(options.maxOutput);
    this.living = new LivingProgram(options, {
      onStart: (program) => {
        // a program that has closed its output answers no more
        program.outputEnded.then(() => this.living.end(program));
        this.#begin(program);
      },
      onOutput: (program, chunk) => this.#read(program, chunk),
      onEnd: (program, exit) => this.#end(program, exit),
      onHopeless: (error) => {
        this.#current?.settled.reject(error);
        onHopeless(error);
      },
    });
  }

  async run(task: CommandTask): Promise<Json> {
    task.signal.throwIfAborted();
    if (this.living.hopeless) throw this.living.hopeless;
    const settled = Promise.withResolvers<Json>();
    this.#current = { task, settled };
    let timer: ReturnType<typeof setTimeout> | undefined;
    const abort = (): void => {
      const program = this.#current?.program;
      if (program === undefined) settled.reject(task.signal.reason); // it has not begun
      else timer = setTimeout(() => this.living.end(program), this.#options.grace);
    };
    task.signal.addEventListener("abort", abort, { once: true });
    try {
      if (this.living.program !== undefined) this.#begin(this.living.program);
      // whatever came of it, nobody waits for it any more
      return await settled.promise.finally(() => task.signal.throwIfAborted());
    } finally {
      this.#current = undefined;
      clearTimeout(timer);
      task.signal.removeEventListener("abort", abort);
    }
  }

  /** A process lives, and there may be a task for it. */
  #begin(program: Program): void {
    if (this.#current === undefined || this.#current.program !== undefined) return;
    this.#current.program = program;
    program.write(`${JSON.stringify(this.#current.task.input)}\n`);
  }

  #read(program: Program, chunk: Uint8Array): void {
    let rest = chunk;
    while (this.#useless !== program) {
      const end = rest.indexOf(NEWLINE);
      if (!this.#line.add(end < 0 ? rest : rest.subarray(0, end))) {
        return this.#giveUp(program, `a line of more than ${this.#options.maxOutput} bytes`);
      }
      if (end < 0) return;
      this.#answer(program, this.#line.take());
      rest = rest.subarray(end + 1);
    }
  }

  #answer(program: Program, line: string): void {
    if (this.#current?.program !== program) {
      return this.#giveUp(program, `a line that answers no task, ${quoted(line)}`);
    }
    let result: Json;
    try {
      result = JSON.parse(line);
    } catch {
      return this.#giveUp(program, `a line that is no JSON, ${quoted(line)}`);
    }
    this.living.works();
    this.#current.settled.resolve(result);
    this.#current = undefined;
  }

  /** Ends a program whose lines can no longer be told apart; its task waits for its end. */
  #giveUp(program: Program, wrote: string): void {
    this.#useless = program;
    const [name = ""] = this.#options.command;
    const reason = `it wrote ${wrote}`;
    const problem = new CommandError(`Cannot use "${name}": ${reason}`, "output", { reason });
    this.#options.onStderr(problem.message);
    if (this.#current?.program === program) this.#current.problem = problem;
    this.living.end(program);
  }

  #end(program: Program, exit: ProgramExit): void {
    this.#line = new Output(this.#options.maxOutput);
    const current = this.#current?.program === program ? this.#current : undefined;
    this.#options.onExit(exit, current === undefined ? [] : [current.task.id]);
    const [name = ""] = this.#options.command;
    current?.settled.reject(current.problem ?? endedError(name, "died", exit));
  }
}

/** Beginning of a line, for a message. */
function quoted(line: string): string {
  return JSON.stringify(line.length > 60 ? `${line.slice(0, 60)}…` : line);
}
