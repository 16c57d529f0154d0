// What fit() allows, zod must take: schemas and their neighbors by a seed, with values of the sender's.
import { ok, strictEqual } from "node:assert/strict";
import { z } from "zod";
import { seededRandom } from "../../testing/mod.ts";
import { contract } from "./contract.ts";
import { describeContract } from "./descriptor.ts";
import { fit } from "./fit.ts";

/** A schema as data, of which zod's can be made, values, and schemas that differ a little. */
type Shape =
  | { t: "string" | "number" | "integer" | "boolean" | "null" | "any" | "never" }
  | { t: "const"; values: (string | number | boolean)[] }
  | { t: "array"; of: Shape }
  | { t: "tuple"; items: Shape[]; rest?: Shape }
  | { t: "record"; of: Shape; keys?: string[] }
  | { t: "union"; of: Shape[] }
  | { t: "object"; mode: "strip" | "strict" | "loose"; fields: Record<string, Field> }
  | { t: "both"; of: [Shape & { t: "object" }, Shape & { t: "object" }] }
  /** The innermost recursive shape around it. */
  | { t: "self" }
  | { t: "rec"; of: Shape };

interface Field {
  shape: Shape;
  optional: boolean;
}

const NAMES = ["a", "b", "c", "d"];
const PLAIN = ["string", "number", "integer", "boolean", "null", "any"] as const;
const CONSTANTS = ["a", "b", 1, 2, 2.5, true, false];

class Maker {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  int(below: number): number {
    return Math.floor(this.#random() * below);
  }

  pick<T>(from: readonly T[]): T {
    return from[this.int(from.length)]!;
  }

  some<T>(from: readonly T[]): T[] {
    return from.filter(() => this.#random() < 0.5);
  }

  shape(depth: number, inRec = false): Shape {
    const kind = depth === 0 ? this.int(4) : this.int(11);
    const inner = () => this.shape(depth - 1, inRec);
    switch (kind) {
      case 0:
      case 1:
        return { t: this.pick(PLAIN) };
      case 2:
        return { t: "const", values: [...new Set([this.pick(CONSTANTS), this.pick(CONSTANTS)])] };
      case 3:
        return inRec ? { t: "self" } : { t: "string" };
      case 4:
        return { t: "array", of: inner() };
      case 5:
        return {
          t: "tuple",
          items: [inner(), ...this.some([0, 1]).map(inner)],
          ...(this.int(3) === 0 && { rest: inner() }),
        };
      case 6:
        return this.int(2) === 0
          ? { t: "record", of: inner() }
          : { t: "record", of: inner(), keys: ["a", ...this.some(["b", "c"])] };
      case 7:
        return { t: "union", of: [inner(), inner(), ...this.some([0]).map(inner)] };
      case 8:
        // recursion by way of an object's optional field or a list has finite values
        return { t: "rec", of: this.object(() => this.shape(depth - 1, true)) };
      default:
        return this.object(inner);
    }
  }

  object(inner: () => Shape): Shape & { t: "object" } {
    const fields = this.some(NAMES).map((name): [string, Field] => {
      return [name, { shape: inner(), optional: this.int(2) === 0 }];
    });
    const mode = this.pick(["strip", "strip", "strict", "loose"] as const);
    return { t: "object", mode, fields: Object.fromEntries(fields) };
  }

  /** A shape that differs in one place, or in none. */
  changed(shape: Shape, inRec = false): Shape {
    const roll = this.int(10);
    if (roll === 0) return this.shape(1, inRec);
    if (roll === 1) return { t: "union", of: [shape, this.shape(1, inRec)] };
    switch (shape.t) {
      case "integer":
        return { t: "number" };
      case "const":
        return { t: "const", values: [...new Set([...shape.values, this.pick(CONSTANTS)])] };
      case "array":
        return { t: "array", of: this.changed(shape.of, inRec) };
      case "rec":
        return shape.of.t === "object"
          ? { t: "rec", of: this.#changedObject(shape.of, roll, true) }
          : shape;
      case "record":
        return roll < 5 && shape.keys
          ? { ...shape, keys: this.some([...shape.keys, "c"]).concat("a") }
          : { ...shape, of: this.changed(shape.of, inRec) };
      case "tuple": {
        const items = shape.items.map((item) => this.int(2) ? item : this.changed(item, inRec));
        if (roll === 2) items.push(this.shape(1, inRec));
        if (roll === 3 && items.length > 1) items.pop();
        return roll === 4 ? { t: "array", of: { t: "union", of: items } } : { ...shape, items };
      }
      case "union":
        return {
          t: "union",
          of: shape.of.map((one) => this.int(2) ? one : this.changed(one, inRec)),
        };
      case "object":
        return this.#changedObject(shape, roll, inRec);
      default:
        return shape;
    }
  }

  #changedObject(shape: Shape & { t: "object" }, roll: number, inRec: boolean): Shape {
    const { mode, fields } = shape;
    const name = this.pick(NAMES);
    const { [name]: field, ...others } = fields;
    if (field === undefined) {
      const added = { shape: this.shape(1, inRec), optional: roll < 8 };
      return { t: "object", mode, fields: { ...fields, [name]: added } };
    }
    if (roll < 4) return { t: "object", mode, fields: others };
    if (roll < 5) return { t: "both", of: [{ t: "object", mode, fields: others }, shape] };
    if (roll < 6) return { t: "object", mode: "strict", fields };
    const next = { shape: this.changed(field.shape, inRec), optional: this.int(2) === 0 };
    return { t: "object", mode, fields: { ...fields, [name]: next } };
  }

  /** A value that the shape takes; undefined if there is none, or none that is small. */
  value(shape: Shape, self: Shape | undefined, depth: number): unknown {
    switch (shape.t) {
      case "string":
        return this.pick(["", "a", "text"]);
      case "number":
        return this.pick([0, 1, -2.5]);
      case "integer":
        return this.pick([0, 1, -7]);
      case "boolean":
        return this.pick([true, false]);
      case "null":
        return null;
      case "any":
        return this.pick([null, 1, "a", [1], { a: { b: [] } }]);
      case "never":
        return undefined;
      case "const":
        return this.pick(shape.values);
      case "self":
        return depth === 0 ? undefined : this.value(self!, self, depth - 1);
      case "rec":
        return this.value(shape.of, shape.of, depth);
      case "array":
        return [0, 1, 2].slice(this.int(3)).map(() => this.value(shape.of, self, depth))
          .filter((item) => item !== undefined);
      case "tuple": {
        const items = shape.items.map((item) => this.value(item, self, depth));
        const rest = shape.rest && this.int(2) ? this.value(shape.rest, self, depth) : undefined;
        if (items.includes(undefined)) return undefined;
        return rest === undefined ? items : [...items, rest];
      }
      case "record": {
        const keys = shape.keys ?? this.some([...NAMES, "z"]);
        const entries = keys.map((key) => [key, this.value(shape.of, self, depth)]);
        if (shape.keys && entries.some(([, item]) => item === undefined)) return undefined;
        return Object.fromEntries(entries.filter(([, item]) => item !== undefined));
      }
      case "union":
        return this.value(this.pick(shape.of), self, depth);
      case "both":
        return undefined;
      case "object": {
        const made: Record<string, unknown> = {};
        for (const [name, field] of Object.entries(shape.fields)) {
          if (field.optional && this.int(2) === 0) continue;
          const item = this.value(field.shape, self, depth);
          if (item !== undefined) made[name] = item;
          else if (!field.optional) return undefined;
        }
        return made;
      }
    }
  }
}

function zodOf(shape: Shape, self?: () => z.ZodType): z.ZodType {
  const inner = (one: Shape): z.ZodType => zodOf(one, self);
  switch (shape.t) {
    case "string":
      return z.string();
    case "number":
      return z.number();
    case "integer":
      return z.int();
    case "boolean":
      return z.boolean();
    case "null":
      return z.null();
    case "any":
      return z.unknown();
    case "never":
      return z.never();
    case "const":
      return z.literal(shape.values);
    case "array":
      return z.array(inner(shape.of));
    case "tuple": {
      const items = shape.items.map(inner) as [z.ZodType, ...z.ZodType[]];
      return shape.rest ? z.tuple(items, inner(shape.rest)) : z.tuple(items);
    }
    case "record":
      return z.record(shape.keys ? z.enum(shape.keys) : z.string(), inner(shape.of));
    case "union":
      return z.union(shape.of.map(inner));
    case "both":
      return z.intersection(inner(shape.of[0]), inner(shape.of[1]));
    case "self":
      return z.lazy(self!);
    case "rec": {
      const made: z.ZodType = z.lazy(() => whole);
      const whole = zodOf(shape.of, () => made);
      return whole;
    }
    case "object": {
      const fields = Object.entries(shape.fields).map(([name, { shape, optional }]) => {
        return [name, optional ? inner(shape).optional() : inner(shape)];
      });
      const object = z.object(Object.fromEntries(fields));
      return shape.mode === "strip"
        ? object
        : shape.mode === "strict"
        ? object.strict()
        : object.loose();
    }
  }
}

function described(schema: z.ZodType) {
  const made = describeContract(contract("c", { m: { input: schema } }));
  return JSON.parse(JSON.stringify(made)) as typeof made;
}

Deno.test("fit() allows only what the worker's schema takes", () => {
  const told = { allowed: 0, refused: 0, values: 0 };
  for (let seed = 1; seed <= 2_000; seed++) {
    const make = new Maker(seed);
    const sent = make.shape(3);
    const read = make.int(8) === 0 ? make.shape(3) : make.changed(sent);
    const [caller, worker] = [zodOf(sent), zodOf(read)];
    const text = () => `seed ${seed}: ${JSON.stringify(sent)} as ${JSON.stringify(read)}`;
    const own = described(caller);
    ok("methods" in fit(own, own), `${text()} does not fit itself`);
    const allowed = "methods" in fit(own, described(worker));
    told[allowed ? "allowed" : "refused"]++;
    for (let n = 0; n < 8; n++) {
      const value = make.value(sent, undefined, 3);
      if (value === undefined) continue;
      ok(caller.safeParse(value).success, `${text()} made ${JSON.stringify(value)}`);
      if (!allowed) continue;
      told.values++;
      strictEqual(worker.safeParse(value).success, true, `${text()} with ${JSON.stringify(value)}`);
    }
  }
  // or the seeds prove nothing
  ok(told.allowed > 500 && told.refused > 500 && told.values > 2_500, JSON.stringify(told));
});
