/**
 * One process of a program that is no part of troupe, from its start to its end.
 *
 * It leads a group of processes. When it ends, in whatever way, what is left of the group is killed, as
 * in a container when its first process ends; then the pipes are read to their end, and only then
 * `exited` resolves. A process that left the group and holds a pipe open is not waited for.
 */
import { findProgram } from "./find_program.ts";
import { StartError } from "./start_error.ts";
import { Tail } from "./tail.ts";

/** How long the pipes of an ended program may stay open before they are cut, in milliseconds. */
const PIPES_MS = 1_000;

/** How a program ended. */
export interface ProgramExit {
  /** Its exit code; 128 and the signal's number if a signal ended it. */
  readonly code: number;
  /** The signal that ended it. */
  readonly signal: string | null;
  /** The last lines that it wrote to its standard error. */
  readonly stderr: string;
}

/** Options of {@linkcode Program.start}. */
export interface ProgramOptions {
  /** The whole environment of the program. */
  env: Record<string, string>;
  /** How long it may take to end after SIGTERM before SIGKILL, in milliseconds. */
  grace: number;
  /** Gets what it writes to its standard output; nothing more is read until the returned promise resolves. */
  onOutput: (chunk: Uint8Array) => unknown;
  /** Gets each line that it writes to its standard error. */
  onStderr: (line: string) => unknown;
}

/** See the module's text. */
export class Program {
  /** Resolves once it and its group have ended and its output has been read. */
  readonly exited: Promise<ProgramExit>;
  /** Resolves when its standard output has ended, which may be before it ends itself. */
  readonly outputEnded: Promise<void>;
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #grace: number;
  #ended = false;
  #killTimer: ReturnType<typeof setTimeout> | undefined;

  private constructor(child: Deno.ChildProcess, options: ProgramOptions) {
    this.#child = child;
    this.#grace = options.grace;
    this.#input = child.stdin.getWriter();
    this.#input.closed.catch(() => {}); // a program need not read its input
    const cut = new AbortController();
    const tail = new Tail(options.onStderr);
    const output = read(child.stdout, { to: options.onOutput, cut: cut.signal });
    const stderr = read(child.stderr, { to: (chunk) => tail.add(chunk), cut: cut.signal });
    this.outputEnded = output;
    this.exited = this.#exit({ pipes: Promise.all([output, stderr]), cut, tail });
  }

  /**
   * Starts a program; `command` is its name or path, and its arguments.
   *
   * @throws {StartError} if it is not there or cannot be executed
   */
  static start(command: readonly string[], options: ProgramOptions): Program {
    const [name = "", ...args] = command;
    const path = findProgram(name, options.env.PATH);
    try {
      const child = new Deno.Command(path, {
        args,
        env: options.env,
        clearEnv: true,
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
        detached: true, // leads a group of its own
      }).spawn();
      return new Program(child, options);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new StartError(`Cannot start "${name}": ${reason}`, { cause });
    }
  }

  /** Writes to its standard input. Resolves when it has been taken, or never will be. */
  async write(text: string): Promise<void> {
    // a broken pipe says nothing: what became of the program is told by its exit
    await this.#input.write(new TextEncoder().encode(text)).catch(() => {});
  }

  /** Ends its standard input, after what was written. */
  async closeInput(): Promise<void> {
    await this.#input.close().catch(() => {});
  }

  /** Ends it: SIGTERM, and SIGKILL when it has not ended within the grace. Resolves as `exited` does. */
  stop(): Promise<ProgramExit> {
    if (!this.#ended && this.#killTimer === undefined) {
      this.#signal("SIGTERM");
      this.#killTimer = setTimeout(() => this.kill(), this.#grace);
    }
    return this.exited;
  }

  /** Ends it at once. */
  kill(): void {
    if (!this.#ended) this.#signal("SIGKILL");
  }

  async #exit(
    { pipes, cut, tail }: { pipes: Promise<unknown>; cut: AbortController; tail: Tail },
  ): Promise<ProgramExit> {
    const { code, signal } = await this.#child.status;
    this.#signal("SIGKILL"); // what is left of the group
    this.#ended = true;
    clearTimeout(this.#killTimer);
    this.#input.abort().catch(() => {});
    const timer = setTimeout(() => cut.abort(), PIPES_MS);
    await pipes;
    clearTimeout(timer);
    tail.end();
    return { code, signal, stderr: tail.text };
  }

  #signal(signal: Deno.Signal): void {
    try {
      if (Deno.build.os === "windows") this.#child.kill(signal);
      else Deno.kill(-this.#child.pid, signal);
    } catch {
      // nobody of the group is left
    }
  }
}

/** Hands on what comes from a pipe until it ends or `cut` aborts. */
async function read(
  pipe: ReadableStream<Uint8Array>,
  { to, cut }: { to: (chunk: Uint8Array) => unknown; cut: AbortSignal },
): Promise<void> {
  const reader = pipe.getReader();
  const cancel = (): void => void reader.cancel().catch(() => {});
  cut.addEventListener("abort", cancel, { once: true });
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      await to(part.value);
    }
  } catch {
    // a pipe that breaks has ended
  } finally {
    cut.removeEventListener("abort", cancel);
  }
}
