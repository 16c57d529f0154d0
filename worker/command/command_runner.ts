import type { Json } from "../../messaging/mod.ts";
import type { ProgramExit } from "./program.ts";

/** A task for a program. */
export interface CommandTask {
  /** Tells it from the other tasks of this worker. */
  readonly id: string;
  /** What the program gets. */
  readonly input: Json;
  /** Nobody waits for its result any more once it aborts. */
  readonly signal: AbortSignal;
}

/** Does tasks by a program. It knows nothing of who gives it the tasks. */
export interface CommandRunner {
  /**
   * Does a task and returns its result. It rejects with a `CommandError`, or with the signal's reason;
   * in both cases not before the program has room for another task.
   */
  run(task: CommandTask): Promise<Json>;
  /** Ends what lives on: SIGTERM, and SIGKILL after the grace. Given when no task runs any more. */
  close(): Promise<void>;
  /** Ends all at once; for the end of this process. */
  kill(): void;
}

/** What all ways of running a program take. */
export interface CommandOptions {
  /** The program and its arguments. */
  command: readonly string[];
  /** The whole environment of the program. */
  env: Record<string, string>;
  /** How long a program may take to end after SIGTERM before SIGKILL, in milliseconds. @default 5_000 */
  grace?: number;
  /** Most bytes that a result may have. @default 1_048_576 */
  maxOutput?: number;
  /** Hears that a process of the program has ended, and with which tasks. */
  onExit?: (exit: ProgramExit, tasks: readonly string[]) => void;
  /**
   * Milliseconds to wait before a program that lives on is started again, after so many deaths in a row.
   * @default 100, doubled each time, at most 10_000
   */
  restartWait?: (deaths: number) => number;
  /** Gets the lines of its standard error. @default `console.error` */
  onStderr?: (line: string) => unknown;
}

/** Wait before the first start after a death, in milliseconds; it doubles with each death. */
const FIRST_WAIT = 100;

/** Longest wait before a start, in milliseconds. */
const MOST_WAIT = 10_000;

/** How long to wait before a start after so many deaths in a row, in milliseconds. */
export function restartWait(deaths: number): number {
  return Math.min(FIRST_WAIT * 2 ** (deaths - 1), MOST_WAIT);
}

/** {@linkcode CommandOptions} with their defaults. */
export type CheckedCommandOptions = Required<CommandOptions>;

/** Fills in the defaults. */
export function withDefaults(options: CommandOptions): CheckedCommandOptions {
  return {
    grace: 5_000,
    maxOutput: 2 ** 20,
    onExit: () => {},
    restartWait,
    onStderr: (line) => console.error(line),
    ...options,
  };
}
