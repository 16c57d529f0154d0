import { z } from "zod";
import { checkOptions, quote } from "../../runtime/mod.ts";

/**
 * A schema of zod 4: as much of its type as contracts need, so that the types of this package do not
 * depend on zod's.
 */
export interface Schema {
  /** What zod keeps about it: what it takes, and what comes out, as types. */
  readonly _zod: { readonly input: unknown; readonly output: unknown };
  /** Checks a value and returns it as parsed, or the error as a result. */
  safeParse(value: unknown): { success: boolean; data?: unknown; error?: Error };
}

/** A method: it is asked, and answers once. */
export interface MethodSpec {
  /** What it is asked. */
  readonly input: Schema;
  /**
   * What it answers.
   * @default nothing: a caller only learns that it has been done
   */
  readonly output?: Schema;
  /** What its own errors carry, by their code. */
  readonly errors?: Readonly<Record<string, Schema>>;
  /**
   * Whether it may run twice, on another worker, when the first one was lost with it.
   * @default false
   */
  readonly idempotent?: boolean;
}

/** A method that answers with a sequence. */
export interface StreamSpec {
  /** What it is asked. */
  readonly input: Schema;
  /** Each item of the answer. */
  readonly stream: Schema;
  /** What its own errors carry, by their code. */
  readonly errors?: Readonly<Record<string, Schema>>;
}

/** Something that a worker tells of itself. */
export interface EventSpec {
  /** What is told. */
  readonly event: Schema;
}

/** Whatever a contract may name. */
export type Spec = MethodSpec | StreamSpec | EventSpec;

/** What a contract consists of: methods, streams and events, by name. */
export type Specs = Readonly<Record<string, Spec>>;

/**
 * What can be asked of a worker, as a value that both sides import: none of them imports the other.
 * Everything that crosses the wire is JSON.
 */
export interface Contract<S extends Specs = Specs> {
  /** The contract's name. */
  readonly name: string;
  /** `major.minor`; says in messages which side is the older one. */
  readonly version: string;
  /** Methods, streams and events. */
  readonly specs: S;
}

/** Options of {@linkcode contract}. */
export interface ContractOptions {
  /**
   * `major.minor`, by which people tell which side is older when two do not fit. Whether they fit is
   * decided by the schemas.
   * @default "1.0"
   */
  version?: string;
}

/** A contract without anything, of a workload that was run without one. */
export type NoContract = Contract<Record<never, never>>;

/** Names of what is asked and answers once. */
export type MethodName<S extends Specs> =
  & { [K in keyof S]: S[K] extends StreamSpec ? never : S[K] extends MethodSpec ? K : never }[
    keyof S
  ]
  & string;

/** Names of what answers with a sequence. */
export type StreamName<S extends Specs> =
  & { [K in keyof S]: S[K] extends StreamSpec ? K : never }[keyof S]
  & string;

/** Names of what a worker tells. */
export type EventName<S extends Specs> =
  & { [K in keyof S]: S[K] extends EventSpec ? K : never }[keyof S]
  & string;

/** What a caller gives: as it is before the worker's schema has parsed it. */
export type InputOf<S extends Specs, M extends keyof S> = S[M] extends { input: infer I }
  ? I extends Schema ? I["_zod"]["input"] : never
  : never;

/** What a handler gets: as the schema has parsed it. */
export type ParsedInputOf<S extends Specs, M extends keyof S> = S[M] extends { input: infer I }
  ? I extends Schema ? I["_zod"]["output"] : never
  : never;

/** What a handler returns. */
export type ReturnOf<S extends Specs, M extends keyof S> = S[M] extends { output: infer O }
  ? O extends Schema ? O["_zod"]["input"] : never
  : void;

/** What a caller gets: as the schema has parsed it. */
export type OutputOf<S extends Specs, M extends keyof S> = S[M] extends { output: infer O }
  ? O extends Schema ? O["_zod"]["output"] : never
  : void;

/** What the handler of a stream yields. */
export type YieldOf<S extends Specs, M extends keyof S> = S[M] extends { stream: infer O }
  ? O extends Schema ? O["_zod"]["input"] : never
  : never;

/** What the caller of a stream gets. */
export type ItemOf<S extends Specs, M extends keyof S> = S[M] extends { stream: infer O }
  ? O extends Schema ? O["_zod"]["output"] : never
  : never;

/** What a worker gives to tell an event. */
export type ToldOf<S extends Specs, E extends keyof S> = S[E] extends { event: infer D }
  ? D extends Schema ? D["_zod"]["input"] : never
  : never;

/** What a listener hears. */
export type HeardOf<S extends Specs, E extends keyof S> = S[E] extends { event: infer D }
  ? D extends Schema ? D["_zod"]["output"] : never
  : never;

/** Codes of a method's own errors. */
export type ErrorCodeOf<S extends Specs, M extends keyof S> = S[M] extends { errors: infer E }
  ? keyof E & string
  : never;

/** What an error carries, at its caller. */
export type ErrorDataOf<S extends Specs, M extends keyof S, C extends string> = S[M] extends
  { errors: infer E }
  ? C extends keyof E ? E[C] extends Schema ? E[C]["_zod"]["output"] : never : never
  : never;

/** Names of contracts, methods, events and codes: short, and fit for URLs and metrics. */
const NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,62}$/;
const name = z.string().regex(NAME).describe(
  "a letter, then at most 62 letters, digits, or any of _ . -",
);
const schema = z.custom<Schema>(
  (given) => typeof given === "object" && given !== null && "_zod" in given,
).describe("a zod schema");
const errors = z.record(name, schema).optional();

const SPECS =
  "{ input, output, errors, idempotent }, { input, stream, errors } or { event }, of zod schemas";
const known = z.union([
  z.strictObject({ input: schema, stream: schema, errors }),
  z.strictObject({
    input: schema,
    output: schema.optional(),
    errors,
    idempotent: z.boolean().optional(),
  }),
  z.strictObject({ event: schema }),
]);
const spec = z.unknown().superRefine((given, context) => {
  if (known.safeParse(given).success) return;
  const told = typeof given === "object" && given !== null
    ? `has ${fieldsOf(given)}`
    : given === undefined
    ? "nothing was given"
    : `given ${quote(given)}`;
  // not the value: a schema's inside tells nobody anything
  context.addIssue({ code: "custom", params: { told: `${told}, allowed is ${SPECS}` } });
});

const whole = z.strictObject({
  name,
  version: z.string().regex(/^\d{1,6}\.\d{1,6}$/).default("1.0").describe(
    'a text "major.minor" of two numbers',
  ),
  specs: z.record(name, spec),
});

/** The fields of a spec, with what is no schema. */
function fieldsOf(given: object): string {
  const fields = Object.entries(given).map(([field, value]) => {
    const isRight = field === "errors" || field === "idempotent" || schema.safeParse(value).success;
    return isRight ? field : `${field}: ${quote(value) ?? "undefined"}`;
  });
  return fields.length === 0 ? "no fields" : `{ ${fields.join(", ")} }`;
}

/** Whether that is a contract, as `contract()` makes it. */
export function isContract(given: unknown): given is Contract {
  if (typeof given !== "object" || given === null) return false;
  const { name, version, specs } = given as Partial<Contract>;
  return typeof name === "string" && typeof version === "string" && typeof specs === "object";
}

/**
 * A contract between a worker and who asks it.
 *
 * @throws {TypeError} naming each bad field, what was given and what is allowed
 *
 * @example
 * ```ts
 * import { contract } from "@troupe/troupe";
 * import { z } from "zod";
 *
 * export const greeter = contract("greeter", {
 *   greet: { input: z.object({ name: z.string() }), output: z.string() },
 *   count: { input: z.object({ to: z.int() }), stream: z.int() },
 *   progress: { event: z.object({ done: z.number() }) },
 * });
 * ```
 */
export function contract<const S extends Specs>(
  name: string,
  specs: S,
  options: ContractOptions = {},
): Contract<S> {
  const purpose = `Cannot make contract ${quote(name)}`;
  const { version } = checkOptions(whole, { name, specs, ...options }, { purpose });
  return Object.freeze({ name, version, specs });
}
