import type { z } from "zod";

/** Longest piece of a given value that is quoted in a message, in characters. */
const MAX_QUOTED = 60;

/**
 * Checks `input` against a schema and returns the parsed value.
 *
 * What is allowed in a field is the field's description (`schema.describe("…")`), so that the
 * schema is the only place where it is written. Of nested fields the innermost description counts. A
 * custom issue may say in its `params` itself what was `given`, that the value is `hidden` (its type
 * is told, as of what may be secret), or all that is `told` of the field.
 *
 * @throws {TypeError} one line: what cannot be done, and for each bad field its name, what was
 *   given and what is allowed
 */
export function checkOptions<S extends z.ZodObject>(
  schema: S,
  input: unknown,
  options: CheckOptions,
): z.output<S> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const told = complaints(schema, input, result.error).map(complaintText);
  throw new TypeError(`${options.purpose}: ${told.join("; ")}`);
}

/** Options of {@linkcode checkOptions}. */
export interface CheckOptions {
  /** Beginning of the message, such as `Cannot run workload`. */
  purpose: string;
}

/** What is wrong with one field. */
export interface Complaint {
  /** The field, from the outermost object inwards. */
  path: string[];
  /** What was given and what is allowed. */
  told: string;
}

/** For each bad field, what was given and what is allowed. */
export function complaints(schema: z.ZodType, input: unknown, error: z.ZodError): Complaint[] {
  const found = new Map<string, Complaint>();
  function add(path: readonly PropertyKey[], told: string): void {
    const key = path.map(String).join(".");
    if (!found.has(key)) found.set(key, { path: path.map(String), told });
  }
  for (const issue of error.issues) {
    if (issue.code === "unrecognized_keys") {
      const known = Object.keys(typesAlong(schema, issue.path).at(-1)?.def?.shape ?? {});
      const allowed = known.map((key) => `"${key}"`).join(", ");
      for (const key of issue.keys) {
        add([...issue.path, key], `is no known field, allowed are ${allowed}`);
      }
    } else if (issue.code === "custom" && typeof issue.params?.told === "string") {
      add(issue.path, issue.params.told);
    } else add(issue.path, `${given(input, issue)}, allowed is ${allowed(schema, issue)}`);
  }
  return [...found.values()];
}

/** A complaint as a message tells it. */
export function complaintText({ path, told }: Complaint): string {
  return path.length === 0 ? told : `"${path.join(".")}" ${told}`;
}

function allowed(schema: z.ZodType, issue: z.core.$ZodIssue): string {
  // a refinement's own words say more than the field's description
  if (issue.code === "custom") return issue.message;
  const descriptions = typesAlong(schema, issue.path).map((type) => type?.description);
  const described = descriptions.findLast((description) => description !== undefined);
  return described ?? inWords(issue);
}

/** What zod says is allowed, without the words around it: "Invalid input: expected string, received 3". */
function inWords(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_type") return TYPES[issue.expected] ?? issue.expected;
  return issue.message.replace(/^\w+ \w+: expected /, "");
}

/** Types as messages call them. */
const TYPES: Readonly<Record<string, string>> = {
  array: "a list",
  bigint: "a bigint",
  boolean: "true or false",
  date: "a date",
  int: "an integer",
  number: "a number",
  object: "an object",
  record: "an object",
  string: "a string",
};

/** What is looked at of a schema, whatever kind of schema it is. */
interface AnyType {
  description?: string;
  def?: {
    innerType?: AnyType;
    shape?: Record<string, AnyType>;
    element?: AnyType;
    valueType?: AnyType;
  };
}

/** The schema and those of the fields along a path, each without the `optional` around it. */
function typesAlong(schema: z.ZodType, path: readonly PropertyKey[]): (AnyType | undefined)[] {
  const types = [bare(schema as AnyType)];
  for (const key of path) {
    const { shape, element, valueType } = types.at(-1)?.def ?? {};
    types.push(bare(shape?.[String(key)] ?? element ?? valueType));
  }
  return types;
}

/** The innermost type; a description may stand at any level. */
function bare(type: AnyType | undefined): AnyType | undefined {
  const inner = type?.def?.innerType;
  if (inner === undefined) return type;
  const found = bare(inner);
  return { def: found?.def, description: type?.description ?? found?.description };
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const key of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

/** What was given; of what a schema hides, only the type. */
function given(input: unknown, issue: z.core.$ZodIssue): string {
  const params = issue.code === "custom" ? issue.params : undefined;
  const value = params !== undefined && "given" in params
    ? params.given
    : valueAt(input, issue.path);
  if (value === undefined) return "nothing was given";
  return `given ${params?.hidden ? typeName(value) : quote(value)}`;
}

function typeName(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** A value as a message quotes it: short, and on one line. */
export function quote(value: unknown): string {
  // JSON has no NaN, nor a date that is none
  const isNoDate = value instanceof Date && Number.isNaN(value.getTime());
  const plain = typeof value === "bigint" || typeof value === "number" || isNoDate;
  const text = plain ? String(value) : json(value) ?? typeof value;
  return text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text;
}

/** JSON, or nothing for what it cannot tell, such as a circle. */
function json(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
