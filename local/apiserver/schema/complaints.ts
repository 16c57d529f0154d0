/**
 * Collects what is wrong with an object while its fields are walked.
 *
 * @module
 */

import {
  duplicate,
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
} from "./field_error.ts";
import type { Rule } from "./name_rules.ts";
import type { JsonObject } from "./schema.ts";

/** The complaints about one object. */
export class Complaints {
  /** What was found so far. */
  readonly list: FieldError[] = [];

  /** Adds complaints as they are. */
  add(...errors: FieldError[]): void {
    this.list.push(...errors);
  }

  /** The value is not allowed. */
  invalid(field: string, value: unknown, detail: string): void {
    this.add(invalid(field, value, detail));
  }

  /** The field must be there. */
  required(field: string, detail = ""): void {
    this.add(required(field, detail));
  }

  /** The field must not be set or changed. */
  forbidden(field: string, detail: string): void {
    this.add(forbidden(field, detail));
  }

  /** Whether `value` is set; complains if not. */
  has(field: string, value: unknown): boolean {
    if (value !== undefined && value !== null && value !== "") return true;
    this.required(field);
    return false;
  }

  /** Complains if a rule is broken. */
  rule(field: string, value: unknown, rule: Rule): void {
    for (const detail of rule(String(value))) this.invalid(field, value, detail);
  }

  /** Like {@linkcode Complaints.rule} for a field that may be left out. */
  optional(field: string, value: unknown, rule: Rule): void {
    if (value !== undefined && value !== null && value !== "") this.rule(field, value, rule);
  }

  /** Complains about a value that is none of `known`; one that is not set is fine. */
  oneOf(field: string, value: unknown, known: readonly string[]): void {
    if (value === undefined || value === null || value === "") return;
    if (!known.includes(value as string)) this.add(notSupported(field, value, known));
  }

  /** Complains about a negative number. */
  notNegative(field: string, value: unknown): void {
    if (typeof value === "number" && value < 0) {
      this.invalid(field, value, "must be greater than or equal to 0");
    }
  }

  /** Complains about each value that was there before. */
  unique(values: { field: string; value: unknown }[]): void {
    const seen = new Set<unknown>();
    for (const { field, value } of values) {
      if (value === undefined || value === "") continue;
      if (seen.has(value)) this.add(duplicate(field, value));
      seen.add(value);
    }
  }

  /** Complains if the value differs from the old one. */
  immutable(field: string, value: unknown, old: unknown): void {
    if (!same(value, old)) this.invalid(field, value, "field is immutable");
  }
}

/** Whether two JSON values are equal; what is not there equals what is empty. */
export function same(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b);
}

function canonical(value: unknown): string {
  return JSON.stringify(
    value ?? null,
    (_, item) =>
      item && typeof item === "object" && !Array.isArray(item)
        ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => a < b ? -1 : 1))
        : item,
  );
}

/** The objects of a list that may not be there, with their paths. */
export function entries(list: unknown, field: string): { item: JsonObject; at: string }[] {
  if (!Array.isArray(list)) return [];
  return list.map((item, i) => ({ item: item ?? {}, at: `${field}[${i}]` }));
}
