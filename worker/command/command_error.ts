import type { Json } from "../../messaging/mod.ts";
import type { ProgramExit } from "./program.ts";

/** What became of a task that has no result, by its `code`. */
export interface CommandErrorData {
  /** The program ended with a code other than 0, or by a signal. */
  exit: ProgramExit;
  /** What the program wrote is no result: too much, or not what the mode wants. */
  output: { reason: string };
  /** The program said itself that the task failed. */
  failed: { message: string; data?: Json | undefined };
  /** The program took longer than it may, and was ended. */
  timeout: { after: number };
  /** The program cannot be started. */
  start: { reason: string };
  /** The program, which lives on between tasks, ended with the task: what it has done is not known. */
  died: ProgramExit;
  /** The program has been given up; the task did not begin. */
  gone: { reason: string };
}

/** A task has no result. */
export class CommandError<C extends keyof CommandErrorData = keyof CommandErrorData> extends Error {
  /** Always `"CommandError"`. */
  override readonly name = "CommandError";
  /** Why not. */
  readonly code: C;
  /** What is known about it. */
  readonly data: CommandErrorData[C];

  /** An error with a message that says what became of the program. */
  constructor(message: string, code: C, data: CommandErrorData[C]) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

/** An error of a program that ended, with the last line that it said. */
export function endedError<C extends "exit" | "died">(
  program: string,
  code: C,
  exit: ProgramExit,
): CommandError {
  const last = exit.stderr.split("\n").at(-1);
  const how = `${exitText(exit)}${last ? `: ${last}` : ""}`;
  return new CommandError(`Cannot finish the task: "${program}" ${how}`, code, exit);
}

/** How a program ended, in words. */
export function exitText({ code, signal }: ProgramExit): string {
  return signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
}
