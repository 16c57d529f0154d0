import { parseArgs } from "@std/cli/parse-args";
import type { z } from "zod";

/** One flag of a program. */
export interface Flag<T = unknown> {
  /** What the flag accepts, from the text on the command line; described for messages. */
  schema: z.ZodType<T, string>;
  /** Value when the flag is not given; a flag without one is left out of the result. */
  default?: string;
  /** Name of the value in the help text, such as `NAME`. */
  value: string;
  /** One line for the help text. */
  help: string;
}

/** A program, for its help text. */
export interface Program<F extends Record<string, Flag>> {
  /** Name as typed. */
  name: string;
  /** What it does, in a line. */
  summary: string;
  /** Flags by name, without the dashes. */
  flags: F;
}

/** The values of a program's flags. */
export type FlagValues<F extends Record<string, Flag>> = {
  [K in keyof F]: F[K] extends { default: string } ? z.output<F[K]["schema"]>
    : z.output<F[K]["schema"]> | undefined;
};

/** A command line that cannot be understood; its message is one line. */
export class UsageError extends Error {
  /** @ignore */
  override name = "UsageError";
}

/**
 * Reads a command line; `"help"` when `--help` or `-h` is among the flags.
 *
 * @throws {UsageError} naming the flag, what was given and what is allowed
 */
export function parseFlags<F extends Record<string, Flag>>(
  program: Program<F>,
  args: readonly string[],
): FlagValues<F> | "help" {
  const names = Object.keys(program.flags);
  const unknown: string[] = [];
  const parsed = parseArgs([...args], {
    string: names,
    boolean: ["help"],
    alias: { h: "help" },
    collect: names,
    unknown: (arg) => {
      unknown.push(arg);
      return false;
    },
  });
  if (parsed.help) return "help";
  const excess = unknown[0] ?? parsed._[0];
  if (excess !== undefined) {
    const known = [...names, "help"].map((name) => `--${name}`).join(", ");
    throw new UsageError(`Cannot read argument "${excess}": allowed are ${known}`);
  }
  const values: Record<string, unknown> = {};
  for (const [name, flag] of Object.entries<Flag>(program.flags)) {
    const given = (parsed as Record<string, unknown>)[name] as string[] | undefined;
    if (given !== undefined && given.length > 1) {
      throw new UsageError(`Cannot read flag --${name}: given ${given.length} times, allowed once`);
    }
    const text = given?.[0] ?? flag.default;
    if (text === undefined) continue;
    const result = flag.schema.safeParse(text);
    if (!result.success) {
      const allowed = flag.schema.description ?? result.error.issues[0]?.message;
      throw new UsageError(`Cannot read flag --${name}: given "${text}", allowed is ${allowed}`);
    }
    values[name] = result.data;
  }
  return values as FlagValues<F>;
}

/** The text that `--help` prints. */
export function helpText(program: Program<Record<string, Flag>>): string {
  const rows = Object.entries(program.flags).map(([name, flag]) => [
    `  --${name} ${flag.value}`,
    flag.default === undefined ? flag.help : `${flag.help} (default: ${flag.default})`,
  ]);
  rows.push(["  -h, --help", "print this text"]);
  const width = Math.max(...rows.map(([left]) => left!.length)) + 2;
  const lines = rows.map(([left, right]) => left!.padEnd(width) + right);
  return [program.summary, "", `Usage: ${program.name} [flags]`, "", ...lines].join("\n");
}

/**
 * Runs a program: reads its flags, prints its help, and turns errors into one line on standard
 * error and an exit code, 2 for a bad command line and 1 for what fails later.
 */
export async function runProgram<F extends Record<string, Flag>>(
  program: Program<F>,
  main: (flags: FlagValues<F>) => Promise<void>,
): Promise<void> {
  try {
    const flags = parseFlags(program, Deno.args);
    if (flags === "help") return console.log(helpText(program));
    await main(flags);
  } catch (e) {
    const message = (e instanceof Error ? e.message : String(e)).replaceAll(/\s*\n\s*/g, " ");
    console.error(`${program.name}: ${message}`);
    Deno.exit(e instanceof UsageError ? 2 : 1);
  }
}
