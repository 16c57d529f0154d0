/**
 * Parses command lines as the real module does: `--name value`, `--name=value`, `-n value`,
 * `-nvalue`, `-abc`, `--no-name`, names with dots.
 *
 * @module
 */
import type { Aliases, Args, Names, ParseOptions, Values } from "./parse_args_types.ts";

export type { Args, ParseOptions } from "./parse_args_types.ts";

type Value = string | number | boolean;

/** The options given in `args`, and in `_` what is no option. Numbers become numbers. */
export function parseArgs<
  B extends string | boolean | undefined = undefined,
  S extends string | undefined = undefined,
  C extends string | undefined = undefined,
  N extends string | undefined = undefined,
  D extends Record<string, unknown> | undefined = undefined,
  const A extends Aliases | undefined = undefined,
  DD extends boolean | undefined = undefined,
>(
  args: readonly string[],
  options?: ParseOptions<B, S, C, N, D, A, DD>,
): Args<Values<B, S, C, N, D, A>, DD> {
  const parser = new Parser((options ?? {}) as ParseOptions);
  const end = args.indexOf("--");
  parser.read(end < 0 ? args : args.slice(0, end));
  parser.fill(options?.default ?? {});
  const rest = end < 0 ? [] : args.slice(end + 1);
  if (options?.["--"]) parser.result["--"] = rest;
  else parser.result._.push(...rest);
  return parser.result as unknown as Args<Values<B, S, C, N, D, A>, DD>;
}

class Parser {
  readonly result: { _: (string | number)[]; [name: string]: unknown } = { _: [] };
  readonly #options: ParseOptions;
  readonly #aliases: Map<string, string[]>;
  readonly #boolean: Set<string>;
  readonly #string: Set<string>;
  readonly #collect: Set<string>;
  readonly #negatable: Set<string>;

  constructor(options: ParseOptions) {
    this.#options = options;
    this.#aliases = aliasMap(options.alias ?? {});
    this.#boolean = this.#names(options.boolean);
    this.#string = this.#names(options.string);
    this.#collect = this.#names(options.collect);
    this.#negatable = this.#names(options.negatable);
  }

  read(args: readonly string[]): void {
    for (let at = 0; at < args.length; at++) {
      const arg = args[at]!;
      const next = args[at + 1];
      if (/^--./s.test(arg)) {
        if (this.#readLong(arg, next)) at++;
      } else if (/^-./s.test(arg)) {
        if (this.#readShort(arg, next)) at++;
      } else {
        if (this.#options.unknown?.(arg) !== false) {
          this.result._.push(this.#string.has("_") ? arg : numeric(arg));
        }
        if (this.#options.stopEarly) {
          this.result._.push(...args.slice(at + 1));
          return;
        }
      }
    }
  }

  /** Sets defaults, booleans that were not given, and empty collections. */
  fill(defaults: Readonly<Record<string, unknown>>): void {
    for (const [name, value] of Object.entries(defaults)) {
      if (this.#has(name)) continue;
      for (const one of [name, ...this.#aliases.get(name) ?? []]) this.#put(one, value);
    }
    for (const name of this.#boolean) {
      if (!this.#has(name)) this.#put(name, this.#collect.has(name) ? [] : false);
    }
    for (const name of this.#string) {
      if (!this.#has(name) && this.#collect.has(name)) this.#put(name, []);
    }
  }

  /** Whether `next` was taken as the value. */
  #readLong(arg: string, next: string | undefined): boolean {
    const equals = arg.indexOf("=", 3);
    const negated = arg.startsWith("--no-") && arg.length > "--no-".length;
    if (equals > 0) {
      const name = arg.slice(negated ? "--no-".length : 2, equals);
      const text = arg.slice(equals + 1);
      this.#set(name, this.#boolean.has(name) ? text !== "false" : text, arg);
      return false;
    }
    const name = arg.slice(2);
    if (negated && this.#negatable.has(arg.slice("--no-".length))) {
      this.#set(arg.slice("--no-".length), false, arg, false);
      return false;
    }
    if (next) {
      const taken = !this.#isBoolean(name) && this.#options.boolean !== true &&
        !next.startsWith("-");
      if (taken || isBooleanText(next)) {
        this.#set(name, taken ? next : next !== "false", arg);
        return true;
      }
    }
    this.#set(name, this.#string.has(name) ? "" : true, arg);
    return false;
  }

  /** Whether `next` was taken as the value of the last letter. */
  #readShort(arg: string, next: string | undefined): boolean {
    for (let at = 1; at < arg.length - 1; at++) {
      const letter = arg[at]!;
      const rest = arg.slice(at + 1);
      if (rest === "-") {
        this.#set(letter, rest, arg);
        continue;
      }
      const value = attachedValue(letter, rest);
      if (value !== undefined) {
        this.#set(letter, value, arg);
        return false;
      }
      this.#set(letter, this.#string.has(letter) ? "" : true, arg);
    }
    const last = arg.at(-1)!;
    if (last === "-") return false;
    if (next) {
      const taken = !/^--?[^-]/.test(next) && !this.#isBoolean(last);
      if (taken || isBooleanText(next)) {
        this.#set(last, taken ? next : next !== "false", arg);
        return true;
      }
    }
    this.#set(last, this.#string.has(last) ? "" : true, arg);
    return false;
  }

  #set(name: string, value: Value, arg: string, collect = true): void {
    const known = [this.#boolean, this.#string, this.#collect, this.#aliases]
      .some((names) => names.has(name)) ||
      this.#options.boolean === true && /^--[^=]+$/.test(arg);
    if (!known && this.#options.unknown?.(arg, name, value) === false) return;
    const stored = typeof value === "string" && !this.#string.has(name) ? numeric(value) : value;
    const collected = collect && this.#collect.has(name);
    for (const one of [name, ...this.#aliases.get(name) ?? []]) this.#put(one, stored, collected);
  }

  #put(name: string, value: unknown, collect = false): void {
    const keys = name.split(".");
    const last = keys.pop()!;
    let target: Record<string, unknown> = this.result;
    for (const key of keys) {
      if (isUnsafe(target, key)) return;
      target = (target[key] ??= {}) as Record<string, unknown>;
    }
    if (isUnsafe(target, last)) return;
    const present = target[last];
    if (!collect) target[last] = value;
    else if (Array.isArray(present)) present.push(value);
    else target[last] = present ? [present, value] : [value];
  }

  #has(name: string): boolean {
    let target: unknown = this.result;
    for (const key of name.split(".")) {
      if (!Object.hasOwn(target as object, key)) return false;
      target = (target as Record<string, unknown>)[key];
    }
    return true;
  }

  #isBoolean(name: string): boolean {
    return [name, ...this.#aliases.get(name) ?? []].some((one) => this.#boolean.has(one));
  }

  #names(names: Names<string | boolean | undefined>): Set<string> {
    const list = typeof names === "object" ? names : [names];
    const own = list.filter((name): name is string => typeof name === "string" && name !== "");
    return new Set(own.flatMap((name) => [name, ...this.#aliases.get(name) ?? []]));
  }
}

/** The value in one argument with its letter: `-n5`, `-n=5`, `-a/b`. */
function attachedValue(letter: string, rest: string): string | undefined {
  if (rest === "=") return "";
  if (/[A-Za-z]/.test(letter)) {
    const assigned = /=(.+)/.exec(rest)?.[1];
    if (assigned !== undefined) return assigned;
    if (/-?\d+(\.\d*)?(e-?\d+)?$/.test(rest)) return rest;
  }
  // The last letter of an argument is never looked at as the start of a value.
  return rest.length > 1 && /\W/.test(rest[0]!) ? rest : undefined;
}

function aliasMap(alias: Aliases): Map<string, string[]> {
  const map = new Map<string, string[]>();
  for (const [name, value] of Object.entries(alias)) {
    if (value === undefined) throw new TypeError("Alias value must be defined");
    const group = [name, ...typeof value === "string" ? [value] : value];
    for (const one of group) map.set(one, group.filter((other) => other !== one));
  }
  return map;
}

function numeric(text: string): string | number {
  return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
}

function isBooleanText(text: string): boolean {
  return text === "true" || text === "false";
}

function isUnsafe(target: Record<string, unknown>, key: string): boolean {
  return key === "__proto__" || key === "constructor" && typeof target[key] === "function";
}
