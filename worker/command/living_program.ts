import { CommandError, exitText } from "./command_error.ts";
import type { CheckedCommandOptions } from "./command_runner.ts";
import { Program, type ProgramExit } from "./program.ts";

/** Deaths in a row, without a result in between, after which a program is not started again. */
const HOPELESS = 6;

/** What a living program tells whoever gives it tasks. */
export interface LivingHandlers {
  /** A life begins. */
  onStart: (program: Program) => void;
  /** Gets what it writes to its standard output. */
  onOutput: (program: Program, chunk: Uint8Array) => unknown;
  /** A life is over. */
  onEnd: (program: Program, exit: ProgramExit) => void;
  /** It ended again and again without any result, and is not started any more. */
  onHopeless: (error: CommandError) => void;
}

/** A program that is kept alive: when it ends, it is started again, after a wait that grows. */
export class LivingProgram {
  readonly #options: CheckedCommandOptions;
  readonly #handlers: LivingHandlers;
  #program: Program | undefined;
  /** The last life, also while it is being ended. */
  #last: Program | undefined;
  #deaths = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  #hopeless: CommandError | undefined;

  /**
   * Starts it.
   *
   * @throws {StartError} if it cannot be started
   */
  constructor(options: CheckedCommandOptions, handlers: LivingHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    this.#start();
  }

  /** The present life; none while one is being ended, and while it waits for the next one. */
  get program(): Program | undefined {
    return this.#program;
  }

  /** Why there will be no life any more. */
  get hopeless(): CommandError | undefined {
    return this.#hopeless;
  }

  /** It has given a result: it works, and a death begins a new count. */
  works(): void {
    this.#deaths = 0;
  }

  /** Ends this life, which takes no more tasks from now on; another one follows. */
  async end(program: Program): Promise<void> {
    if (this.#program === program) this.#program = undefined;
    await program.stop();
  }

  /** Ends it for good. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#last?.closeInput();
    await this.#last?.stop();
  }

  /** Kills it for good. */
  kill(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#last?.kill();
  }

  #start(): void {
    const { command, env, grace, onStderr } = this.#options;
    const program: Program = Program.start(command, {
      env,
      grace,
      onStderr,
      onOutput: (chunk) => this.#handlers.onOutput(program, chunk),
    });
    this.#program = program;
    this.#last = program;
    program.exited.then((exit) => this.#ended(program, exit));
    this.#handlers.onStart(program);
  }

  #ended(program: Program, exit: ProgramExit): void {
    this.#program = undefined;
    this.#handlers.onEnd(program, exit);
    this.#startLater(exitText(exit));
  }

  #startLater(why: string): void {
    if (this.#closed) return;
    this.#deaths++;
    if (this.#deaths >= HOPELESS) {
      const [name] = this.#options.command;
      const reason = `it ended ${HOPELESS} times in a row without any result, at last it ${why}`;
      this.#hopeless = new CommandError(`Cannot keep "${name}" alive: ${reason}`, "gone", {
        reason,
      });
      this.#handlers.onHopeless(this.#hopeless);
      return;
    }
    this.#timer = setTimeout(() => {
      try {
        this.#start();
      } catch (error) {
        this.#startLater(`could not be started: ${(error as Error).message}`);
      }
    }, this.#options.restartWait(this.#deaths));
  }
}
