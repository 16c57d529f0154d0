/**
 * What the columns of all kinds are made of.
 *
 * @module
 */

import type { JsonObject } from "../schema/mod.ts";
import { humanDuration } from "./human_duration.ts";

/** A cell: numbers stay numbers. */
export type Cell = string | number | boolean | null;

/** One column of a kind. */
export interface Column {
  name: string;
  /** @default "string" */
  type?: "string" | "integer" | "boolean" | "date";
  /** Shown only with `-o wide`. @default false */
  wide?: boolean;
  cell: (object: JsonObject, now: number) => Cell;
}

/** How long ago a time is, at `now` (milliseconds since 1970). */
export function since(time: unknown, now: number): string {
  const at = typeof time === "string" ? Date.parse(time) : NaN;
  return Number.isNaN(at) ? "<unknown>" : humanDuration(now - at);
}

/** The object's age. */
export const AGE: Column = {
  name: "Age",
  cell: (object, now) => since(object.metadata?.creationTimestamp, now),
};

/** A column for `-o wide`. */
export function wide(name: string, cell: Column["cell"]): Column {
  return { name, wide: true, cell };
}

/** Names and images of a pod template's containers, and a selector. */
export function templateColumns(
  template: (object: JsonObject) => JsonObject | undefined,
  selector?: (object: JsonObject) => JsonObject | undefined,
): Column[] {
  const list = (object: JsonObject, key: string) =>
    items(template(object)?.spec?.containers).map((c) => c[key]).join(",");
  return [
    wide("Containers", (object) => list(object, "name")),
    wide("Images", (object) => list(object, "image")),
    ...selector ? [wide("Selector", (object) => selectorText(selector(object)))] : [],
  ];
}

/** A label selector, as written on a command line. */
export function selectorText(selector: JsonObject | undefined): string {
  const labels = Object.entries(selector?.matchLabels ?? {}).map(([k, v]) => [k, `${k}=${v}`]);
  const others = items(selector?.matchExpressions).map(({ key, operator, values }) => {
    const list = `(${[...values ?? []].sort().join(",")})`;
    if (operator === "In") return [key, `${key} in ${list}`];
    if (operator === "NotIn") return [key, `${key} notin ${list}`];
    return [key, operator === "Exists" ? key : `!${key}`];
  });
  const texts = [...labels, ...others].sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0)
    .map(([, text]) => text);
  return texts.length > 0 ? texts.join(",") : "<none>";
}

/** Labels, sorted. */
export function labelsText(labels: JsonObject | undefined): string {
  return selectorText({ matchLabels: labels });
}

/** The first few of a list, and how many more there are. */
export function shortList(list: readonly string[], none: string, most = 3): string {
  if (list.length === 0) return none;
  const more = list.length > most ? ` + ${list.length - most} more...` : "";
  return list.slice(0, most).join(",") + more;
}

/** The objects of a list that may not be there. */
export function items(list: unknown): JsonObject[] {
  return Array.isArray(list) ? list : [];
}

/** How many fields an object has that may not be there. */
export function size(object: JsonObject | undefined): number {
  return Object.keys(object ?? {}).length;
}
