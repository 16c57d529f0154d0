import type { z } from "zod";

/** Longest piece of a given value that is quoted in a message, in characters. */
const MAX_QUOTED = 60;

/**
 * Checks `input` against a schema and returns the parsed value.
 *
 * What is allowed in a field is the field's description (`schema.describe("…")`), so that the
 * schema is the only place where it is written. A custom issue whose `params` have a `given` says
 * itself what was given.
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
  throw new TypeError(`${options.purpose}: ${complaints(schema, input, result.error).join("; ")}`);
}

/** Options of {@linkcode checkOptions}. */
export interface CheckOptions {
  /** Beginning of the message, such as `Cannot run workload`. */
  purpose: string;
}

/** For each bad field, its name, what was given and what is allowed. */
function complaints(schema: z.ZodObject, input: unknown, error: z.ZodError): string[] {
  const found = new Map<string, string>();
  for (const issue of error.issues) {
    if (issue.code === "unrecognized_keys" && issue.path.length === 0) {
      const known = Object.keys(schema.shape).map((key) => `"${key}"`).join(", ");
      for (const key of issue.keys) {
        found.set(key, `"${key}" is no known field, allowed are ${known}`);
      }
      continue;
    }
    const [field] = issue.path;
    if (field === undefined) {
      found.set("", `${given(input)}, allowed is an object`);
      continue;
    }
    const path = issue.path.map(String).join(".");
    if (found.has(path)) continue;
    const description = descriptionOf(schema.shape[String(field)]);
    // a refinement's own words say more than the field's description
    const allowed = issue.code === "custom" ? issue.message : description ?? issue.message;
    const told = issue.code === "custom" ? issue.params : undefined;
    const value = told !== undefined && "given" in told ? told.given : valueAt(input, issue.path);
    found.set(path, `"${path}" ${given(value)}, allowed is ${allowed}`);
  }
  return [...found.values()];
}

/** A field's description, also when `optional()` or `default()` was put around it. */
function descriptionOf(type: unknown): string | undefined {
  const { description, def } = (type ?? {}) as {
    description?: string;
    def?: { innerType?: unknown };
  };
  return description ?? (def?.innerType === undefined ? undefined : descriptionOf(def.innerType));
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const key of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

function given(value: unknown): string {
  return value === undefined ? "nothing was given" : `given ${quote(value)}`;
}

/** A value as a message quotes it: short, and on one line. */
export function quote(value: unknown): string {
  const plain = typeof value === "bigint" || typeof value === "number"; // JSON has no NaN
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
