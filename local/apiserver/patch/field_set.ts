/**
 * Sets of fields, as `metadata.managedFields[].fieldsV1` tells them.
 *
 * A path element is kept in its written form: `f:name` (a field), `k:{"name":"x"}` (an item of a
 * keyed list), `v:"x"` (an item of a set), `i:0` (an index).
 *
 * @module
 */

import type { JsonObject } from "../schema/schema.ts";
import { isObject } from "../schema/json_object.ts";

/** A set of paths. Sets are never changed after they are made; operations make new ones. */
export class FieldSet {
  /** Elements that are in the set themselves. */
  readonly members: ReadonlySet<string>;
  /** What is in the set below an element. No child is empty. */
  readonly children: ReadonlyMap<string, FieldSet>;

  constructor(
    members: ReadonlySet<string> = new Set(),
    children: ReadonlyMap<string, FieldSet> = new Map(),
  ) {
    this.members = members;
    this.children = new Map([...children].filter(([, child]) => !child.isEmpty));
  }

  /** Whether there is no path in it. */
  get isEmpty(): boolean {
    return this.members.size === 0 && this.children.size === 0;
  }

  /** Whether the path is in it. */
  has(path: readonly string[]): boolean {
    const [first, ...rest] = path;
    if (first === undefined) return false;
    return rest.length === 0
      ? this.members.has(first)
      : this.children.get(first)?.has(rest) ?? false;
  }

  /** What is below an element. */
  below(element: string): FieldSet {
    return this.children.get(element) ?? EMPTY;
  }

  /** Paths of either. */
  union(other: FieldSet): FieldSet {
    const children = new Map(this.children);
    for (const [key, child] of other.children) {
      children.set(key, children.get(key)?.union(child) ?? child);
    }
    return new FieldSet(new Set([...this.members, ...other.members]), children);
  }

  /** Paths of this one that are not in the other. */
  difference(other: FieldSet): FieldSet {
    const children = new Map<string, FieldSet>();
    for (const [key, child] of this.children) {
      children.set(key, child.difference(other.below(key)));
    }
    return new FieldSet(new Set([...this.members].filter((m) => !other.members.has(m))), children);
  }

  /** Like {@linkcode FieldSet.difference}; what lies below a path of the other one goes too. */
  recursiveDifference(other: FieldSet): FieldSet {
    const children = new Map<string, FieldSet>();
    for (const [key, child] of this.children) {
      if (!other.members.has(key)) children.set(key, child.recursiveDifference(other.below(key)));
    }
    return new FieldSet(new Set([...this.members].filter((m) => !other.members.has(m))), children);
  }

  /** Paths of both. */
  intersection(other: FieldSet): FieldSet {
    const children = new Map<string, FieldSet>();
    for (const [key, child] of this.children) {
      children.set(key, child.intersection(other.below(key)));
    }
    return new FieldSet(new Set([...this.members].filter((m) => other.members.has(m))), children);
  }

  /** Whether both have the same paths. */
  equals(other: FieldSet): boolean {
    return this.difference(other).isEmpty && other.difference(this).isEmpty;
  }

  /** All paths, sorted. */
  *paths(): Generator<string[]> {
    for (const key of [...new Set([...this.members, ...this.children.keys()])].sort()) {
      if (this.members.has(key)) yield [key];
      for (const rest of this.below(key).paths()) yield [key, ...rest];
    }
  }

  /** The FieldsV1 form. */
  toFields(): JsonObject {
    const out: JsonObject = {};
    for (const key of [...new Set([...this.members, ...this.children.keys()])].sort()) {
      const child = this.below(key).toFields();
      out[key] = this.members.has(key) && Object.keys(child).length > 0
        ? { ".": {}, ...child }
        : child;
    }
    return out;
  }

  /** Reads the FieldsV1 form. */
  static fromFields(fields: unknown): FieldSet {
    const members = new Set<string>();
    const children = new Map<string, FieldSet>();
    if (!isObject(fields)) return EMPTY;
    for (const [key, value] of Object.entries(fields)) {
      if (key === ".") continue;
      const below = isObject(value) ? value : {};
      if (Object.keys(below).length === 0 || "." in below) members.add(key);
      children.set(key, FieldSet.fromFields(below));
    }
    return new FieldSet(members, children);
  }

  /** The set of the given paths. */
  static of(...paths: (readonly string[])[]): FieldSet {
    const builder = new FieldSetBuilder();
    for (const path of paths) builder.add(path);
    return builder.build();
  }
}

const EMPTY = new FieldSet();

/** Collects paths into a {@linkcode FieldSet}. */
export class FieldSetBuilder {
  #members = new Set<string>();
  #children = new Map<string, FieldSetBuilder>();

  /** Adds a path. */
  add(path: readonly string[]): void {
    // deno-lint-ignore no-this-alias
    let node: FieldSetBuilder = this;
    path.forEach((element, i) => {
      if (i === path.length - 1) return void node.#members.add(element);
      let child = node.#children.get(element);
      if (!child) node.#children.set(element, child = new FieldSetBuilder());
      node = child;
    });
  }

  /** The set of what was added. */
  build(): FieldSet {
    return new FieldSet(
      new Set(this.#members),
      new Map([...this.#children].map(([key, child]) => [key, child.build()])),
    );
  }
}

/** The element of a field or of a map's key. */
export function fieldElement(name: string): string {
  return `f:${name}`;
}

/** A path as messages show it, for example `.spec.containers[name="web"].image`. */
export function pathText(path: readonly string[]): string {
  return path.map((element) => {
    const [kind, rest] = [element.slice(0, 2), element.slice(2)];
    if (kind === "f:") return `.${rest}`;
    if (kind === "i:") return `[${rest}]`;
    if (kind === "v:") return `[=${rest}]`;
    const keys = Object.entries(JSON.parse(rest) as JsonObject);
    return `[${keys.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(",")}]`;
  }).join("");
}
