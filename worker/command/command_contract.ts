import { z } from "zod";
import { type Contract, contract, type Json, type Schema } from "../../messaging/mod.ts";
import type { CommandErrorData } from "./command_error.ts";
import type { ProgramExit } from "./program.ts";

/** A schema that changes nothing of what it checks. */
export interface SchemaOf<T> extends Schema {
  /** What goes in comes out. */
  readonly _zod: { readonly input: T; readonly output: T };
}

/** How a process of a program ended, and with which tasks. */
export interface CommandExited extends ProgramExit {
  /** The tasks that it had: one, of a process for each task; none, if it ended between two. */
  readonly tasks: readonly string[];
}

/** What can be asked of a worker that runs a program. */
export type CommandSpecs = {
  /** Gives the program a task, and returns its result. */
  readonly run: {
    readonly input: SchemaOf<Json>;
    readonly output: SchemaOf<Json>;
    readonly errors: {
      readonly exit: SchemaOf<CommandErrorData["exit"]>;
      readonly output: SchemaOf<CommandErrorData["output"]>;
      readonly failed: SchemaOf<CommandErrorData["failed"]>;
      readonly timeout: SchemaOf<CommandErrorData["timeout"]>;
      readonly start: SchemaOf<CommandErrorData["start"]>;
    };
  };
  /** A process of the program has ended. */
  readonly exited: { readonly event: SchemaOf<CommandExited> };
};

const exit = { code: z.int(), signal: z.string().nullable(), stderr: z.string() };

/**
 * The contract of a worker that runs a program: `worker/main.ts -- command args…`.
 *
 * A task is any JSON, and so is a result. A task that has none fails with one of the errors: `exit`, the
 * program ended with a code other than 0; `output`, what it wrote is no result; `failed`, it said so
 * itself; `timeout`; `start`, it cannot be started. What a program writes to its standard error is in the
 * pod's log; `exit` and the event `exited` carry its last lines.
 */
export const commandContract: Contract<CommandSpecs> = contract("command", {
  run: {
    input: z.json(),
    output: z.json(),
    errors: {
      exit: z.object(exit),
      output: z.object({ reason: z.string() }),
      failed: z.object({ message: z.string(), data: z.json().optional() }),
      timeout: z.object({ after: z.number() }),
      start: z.object({ reason: z.string() }),
    },
  },
  exited: { event: z.object({ ...exit, tasks: z.array(z.string()) }) },
});
