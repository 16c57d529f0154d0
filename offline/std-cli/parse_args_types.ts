/** Types of parsed arguments, derived from the options they are parsed with. */

/** Names given as one string or as a list. */
export type Names<T> = T | readonly Extract<T, string>[];

/** Options of `parseArgs`. An option of one kind is named the same in all lists. */
export interface ParseOptions<
  B extends string | boolean | undefined = string | boolean | undefined,
  S extends string | undefined = string | undefined,
  C extends string | undefined = string | undefined,
  N extends string | undefined = string | undefined,
  D extends Record<string, unknown> | undefined = Record<string, unknown> | undefined,
  A extends Aliases | undefined = Aliases | undefined,
  DD extends boolean | undefined = boolean | undefined,
> {
  /** Keeps what follows `--` apart, as field `--`. @default {false} */
  "--"?: DD;
  /** Further names of an option. @default {{}} */
  alias?: A;
  /** Options without a value; `true`: all of two hyphens and no `=`. @default {false} */
  boolean?: Names<B>;
  /** Values of options that are not given. @default {{}} */
  default?: D;
  /** Takes all from the first argument that is no option as it stands. @default {false} */
  stopEarly?: boolean;
  /** Options whose values are never made numbers. @default {[]} */
  string?: Names<S>;
  /** Options whose values are collected in an array. @default {[]} */
  collect?: Names<C>;
  /** Options that `--no-` sets to false. @default {[]} */
  negatable?: Names<N>;
  /** Is told of what is not among the options; `false` drops it. */
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

export type Aliases = Partial<Record<string, string | readonly string[]>>;

type Flat<T> = T extends infer U ? { [K in keyof U]: U[K] } : never;
type Keys<T> = Extract<T, string>;

/** With a collected option an array and always there, else single and there or not. */
type Named<T, V, C, N> =
  & { [K in Exclude<Keys<T>, Keys<C>>]?: V | (K extends N ? false : never) }
  & { [K in Extract<Keys<T>, Keys<C>>]: V[] | (K extends N ? false : never) };

type Known<B, S, C, N> = Flat<
  & Named<S, string, C, N>
  & Required<Named<B, boolean, C, never>>
  & { [K in Exclude<Keys<C>, Keys<B | S>>]: unknown[] | (K extends N ? false : never) }
>;

type WithDefaults<T, D> = undefined extends D ? T
  :
    & Omit<T, keyof D>
    & { [K in keyof D]: K extends keyof T ? D[K] | NonNullable<T[K]> : unknown };

type NamesOf<K, A> = K extends keyof A ? string extends A[K] ? K
  : A[K] extends string ? K | A[K]
  : A[K] extends readonly (infer I extends string)[] ? string extends I ? K : K | I
  : K
  : K;

type WithAliases<T, A> = { [K in keyof T as NamesOf<K, A>]: T[K] };

/** The fields that options give, `unknown` for others; all `any` where nothing is named. */
export type Values<B, S, C, N, D, A> = [Keys<B | S | C>, Extract<B, true>] extends [never, never]
  // deno-lint-ignore no-explicit-any
  ? Record<string, any>
  : Record<string, unknown> & WithAliases<WithDefaults<Known<B, S, C, N>, D>, A>;

/** What `parseArgs` returns: `_` has the arguments that belong to no option. */
export type Args<
  // deno-lint-ignore no-explicit-any
  T extends Record<string, unknown> = Record<string, any>,
  DD extends boolean | undefined = undefined,
> = Flat<
  & T
  & { _: Array<string | number> }
  & (boolean extends DD ? { "--"?: string[] } : true extends DD ? { "--": string[] } : unknown)
>;
