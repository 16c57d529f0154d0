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

/** A flag without a value: it is given or not. */
export interface Switch {
  /** Tells it from a flag with a value. */
  switch: true;
  /** One line for the help text. */
  help: string;
}

/** Flags by name, without the dashes. */
export type Flags = Record<string, Flag | Switch>;

/** A program, for its help text. */
export interface Program<F extends Flags> {
  /** Name as typed. */
  name: string;
  /** What it does, in a line. */
  summary: string;
  /** What stands behind the flags, for the help text. @default nothing */
  operands?: string;
  /** Flags by name, without the dashes. */
  flags: F;
}

/** The values of a program's flags. */
export type FlagValues<F extends Flags> = {
  [K in keyof F]: F[K] extends Flag<infer T> ? F[K] extends { default: string } ? T : T | undefined
    : boolean;
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
export function parseFlags<F extends Flags>(
  program: Program<F>,
  args: readonly string[],
): FlagValues<F> | "help" {
  const names = Object.keys(program.flags);
  const switches = names.filter((name) => "switch" in program.flags[name]!);
  const valued = names.filter((name) => !switches.includes(name));
  const unknown: string[] = [];
  const parsed = parseArgs([...args], {
    string: valued,
    boolean: ["help", ...switches],
    alias: { h: "help" },
    collect: valued,
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
  for (const [name, flag] of Object.entries<Flag | Switch>(program.flags)) {
    if ("switch" in flag) {
      values[name] = (parsed as Record<string, unknown>)[name];
      continue;
    }
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
export function helpText(program: Program<Flags>): string {
  const rows = Object.entries(program.flags).map(([name, flag]) =>
    "switch" in flag ? [`  --${name}`, flag.help] : [
      `  --${name} ${flag.value}`,
      flag.default === undefined ? flag.help : `${flag.help} (default: ${flag.default})`,
    ]
  );
  rows.push(["  -h, --help", "print this text"]);
  const width = Math.max(...rows.map(([left]) => left!.length)) + 2;
  const lines = rows.map(([left, right]) => left!.padEnd(width) + right);
  const usage = ["Usage:", program.name, "[flags]", program.operands].filter(Boolean).join(" ");
  return [program.summary, "", usage, "", ...lines].join("\n");
}

/** Options of {@linkcode runProgram}. */
export interface RunProgramOptions {
  /** The command line. @default `Deno.args` */
  args?: readonly string[];
}

/**
 * Runs a program: reads its flags, prints its help, and turns errors into one line on standard
 * error and an exit code, 2 for a bad command line and 1 for what fails later.
 */
export async function runProgram<F extends Flags>(
  program: Program<F>,
  main: (flags: FlagValues<F>) => Promise<void>,
  options: RunProgramOptions = {},
): Promise<void> {
  try {
    const flags = parseFlags(program, options.args ?? Deno.args);
    if (flags === "help") return console.log(helpText(program));
    await main(flags);
  } catch (e) {
    const message = (e instanceof Error ? e.message : String(e)).replaceAll(/\s*\n\s*/g, " ");
    console.error(`${program.name}: ${message}`);
    Deno.exit(e instanceof UsageError ? 2 : 1);
  }
}
