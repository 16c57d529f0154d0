import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { z } from "zod";
import { contract, type Schema } from "./contract.ts";
import { describeContract } from "./descriptor.ts";
import { type Fit, fit } from "./fit.ts";
import type { JsonSchema } from "./json_schema.ts";
import { whyNot } from "./subtype.ts";

/** What is sent, what is read, and why the one does not fit the other; nothing, if it does. */
type Pair = [what: string, sent: Schema, read: Schema, why?: RegExp];

const street = z.object({ street: z.string() });
const list: z.ZodType = z.object({ value: z.int(), next: z.lazy(() => list).optional() });
const wideList: z.ZodType = z.object({
  value: z.union([z.number(), z.string()]),
  next: z.lazy(() => wideList).nullish(),
  color: z.string().optional(),
});
const otherList: z.ZodType = z.object({
  value: z.int(),
  next: z.object({ value: z.string(), next: z.lazy(() => otherList).optional() }).optional(),
});
const even: z.ZodType = z.object({ a: z.int(), next: z.lazy(() => odd).nullable() });
const odd: z.ZodType = z.object({ a: z.int(), next: z.lazy(() => even).nullable() });
const self: z.ZodType = z.object({ a: z.number(), next: z.lazy(() => self).nullable() });
const named = z.string().meta({ id: "name", title: "A name" });
const circle = z.object({ t: z.literal("circle"), r: z.number() });
const square = z.object({ t: z.literal("square"), a: z.number() });
const date = z.custom<Date>(() => true).describe("a date");

const PAIRS: Pair[] = [
  // primitives
  ["the same text", z.string(), z.string()],
  ["a text as a number", z.string(), z.number(), /^: S sends a string, and R takes a number$/],
  ["an integer as a number", z.int(), z.number()],
  ["a number as an integer", z.number(), z.int(), /S sends a number, and R takes an integer/],
  ["a boolean", z.boolean(), z.boolean()],
  ["a boolean as a text", z.boolean(), z.string(), /sends false, and R takes a string/],
  ["null as null", z.null(), z.null()],
  ["null as an object", z.null(), z.object({}), /sends null, and R takes an object/],
  ["other bounds, which the reader checks", z.number().max(9), z.number().min(3).max(5)],
  ["other formats, which the reader checks", z.string(), z.email()],
  ["other patterns, which the reader checks", z.string().regex(/a/), z.string().regex(/b/)],
  ["a refinement, which the reader checks", z.string(), z.string().refine((s) => s !== "")],
  ["anything as anything", z.unknown(), z.any()],
  ["a text as anything", z.string(), z.unknown()],
  [
    "anything as a text",
    z.array(z.unknown()),
    z.array(z.string()),
    /S sends anything, and R takes a string/,
  ],
  ["nothing as a text", z.never(), z.string()],
  ["a text as nothing", z.string(), z.never(), /R takes nothing/],
  // constants
  ["a constant as its type", z.literal("a"), z.string()],
  ["an integer constant as an integer", z.literal(3), z.int()],
  ["a fraction as an integer", z.literal(2.5), z.int(), /sends 2.5, and R takes an integer/],
  ["a type as a constant", z.string(), z.literal("a"), /takes "a"/],
  ["an enum as a wider one", z.enum(["a", "b"]), z.enum(["b", "c", "a"])],
  ["an enum as a narrower one", z.enum(["a", "b"]), z.enum(["a"]), /sends "b", and R takes "a"/],
  [
    "an enum as a union of constants",
    z.enum(["a", "b"]),
    z.union([z.literal("b"), z.literal("a")]),
  ],
  ["a boolean as both constants", z.boolean(), z.literal([true, false])],
  ["a boolean as one constant", z.boolean(), z.literal(true), /sends false, and R takes true/],
  // unions
  ["an alternative", z.string(), z.union([z.number(), z.string()])],
  ["a union as a wider one", z.string().nullable(), z.union([z.null(), z.int(), z.string()])],
  ["a union as a narrower one", z.string().nullable(), z.string(), /sends null, and R takes a str/],
  [
    "a union as its alternatives in another order",
    z.union([z.int(), z.string()]),
    z.union([
      z.string(),
      z.union([z.int()]),
    ]),
  ],
  ["many alternatives", z.null(), z.union([z.enum(["a", "b", "c", "d"]), z.int()]), /or others$/],
  ["an object of a union of objects", circle, z.discriminatedUnion("t", [circle, square])],
  ["a union of objects", z.discriminatedUnion("t", [circle, square]), z.union([square, circle])],
  [
    "a union of objects with a narrower one",
    z.discriminatedUnion("t", [circle, square]),
    z.discriminatedUnion("t", [circle, square.extend({ a: z.string() })]),
    /^a: S sends a number, and R takes a string/,
  ],
  // objects
  ["the same fields", street, street],
  ["a field that is not read", street.extend({ zip: z.string() }), street],
  ["an optional field that is not sent", street, street.extend({ zip: z.string().optional() })],
  ["a default that is not sent", street, street.extend({ zip: z.string().default("") })],
  [
    "a required field that is not sent",
    z.object({ a: street }),
    z.object({ a: street.extend({ zip: z.string() }) }),
    /^a.zip: R requires it, and S does not send it$/,
  ],
  [
    "a required field that is optional",
    street.partial(),
    street,
    /^street: R requires it, and S may leave it out$/,
  ],
  ["a required field as an optional one", street, street.partial()],
  [
    "an optional field of another type",
    z.object({ a: z.int().optional() }),
    z.object({ a: z.string().optional() }),
    /^a: S sends an integer, and R takes a string$/,
  ],
  ["an object as a text", street, z.string(), /S sends an object, and R takes a string/],
  ["named fields only", z.strictObject({ a: z.int() }), z.strictObject({ a: z.int() })],
  ["what is not named is not counted", z.object({ a: z.int() }), z.strictObject({ a: z.int() })],
  [
    "a field that is refused",
    z.object({ a: z.int(), b: z.int().optional() }),
    z.strictObject({ a: z.int() }),
    /^b: S sends it, and R takes no such field$/,
  ],
  ["a field of no value", z.object({ b: z.never().optional() }), z.strictObject({})],
  ["other fields, let through", z.looseObject({ a: z.int() }), z.looseObject({ a: z.int() })],
  ["other fields, not read", z.looseObject({}), z.object({ b: z.string().optional() })],
  ["other fields, refused", z.looseObject({}), z.strictObject({}), /^\*: S sends it/],
  ["other fields of a type", z.object({}).catchall(z.int()), z.object({}).catchall(z.number())],
  [
    "other fields of another type",
    z.object({}).catchall(z.number()),
    z.object({}).catchall(z.string()),
    /^\*: S sends a number/,
  ],
  ["fields as a record", z.object({ a: z.int(), b: z.int() }), z.record(z.string(), z.number())],
  [
    "fields as a record of another type",
    z.object({ a: z.int(), b: z.string() }),
    z.record(z.string(), z.int()),
    /^b: S sends a string, and R takes an integer$/,
  ],
  ["an intersection", z.object({ a: z.int() }).and(street), street.extend({ a: z.number() })],
  ["as an intersection", street.extend({ a: z.int() }), z.object({ a: z.int() }).and(street)],
  [
    "too little for an intersection",
    street,
    z.object({ a: z.int() }).and(street),
    /^a: R requires/,
  ],
  // records
  ["a record as a wider one", z.record(z.string(), z.int()), z.record(z.string(), z.number())],
  [
    "a record as a narrower one",
    z.record(z.string(), z.number()),
    z.record(z.string(), z.int()),
    /^\*: S sends a number/,
  ],
  [
    "a record as an object with a field of another type",
    z.record(z.string(), z.int()),
    z.object({ a: z.string().optional() }),
    /^a: S sends an integer/,
  ],
  ["a record as an object", z.record(z.string(), z.int()), street, /^street: R requires it/],
  ["a record of an enum", z.record(z.enum(["a"]), z.int()), z.object({ a: z.number() })],
  ["as a record of an enum", z.object({ a: z.int() }), z.record(z.enum(["a"]), z.int())],
  [
    "a record of an enum as one of more keys",
    z.record(z.enum(["a"]), z.int()),
    z.record(z.enum(["a", "b"]), z.int()),
    /^b: R requires it/,
  ],
  [
    "a record of an enum as one of fewer keys",
    z.record(z.enum(["a", "b"]), z.int()),
    z.partialRecord(z.enum(["a"]), z.int()),
    /^b: S sends it, and R takes no such field/,
  ],
  // lists and tuples
  ["a list as a wider one", z.array(z.int()), z.array(z.number())],
  ["a list as a narrower one", z.array(z.number()), z.array(z.int()), /^\[\]: S sends a number/],
  ["a list of objects", z.array(street), z.array(street.extend({ zip: z.int() })), /^\[\].zip: R/],
  ["a list as an object", z.array(z.int()), z.object({}), /sends an array, and R takes an object/],
  ["other lengths, which the reader checks", z.array(z.int()), z.array(z.int()).min(1)],
  ["a tuple", z.tuple([z.int(), z.string()]), z.tuple([z.number(), z.string()])],
  ["a tuple as a list", z.tuple([z.int(), z.int()]), z.array(z.int())],
  [
    "a tuple as a list of another type",
    z.tuple([z.int(), z.string()]),
    z.array(z.int()),
    /^\[1\]: S sends a string/,
  ],
  [
    "a list as a tuple",
    z.array(z.int()),
    z.tuple([z.int()]),
    /0 or more items, and R takes 1 items/,
  ],
  [
    "a longer tuple",
    z.tuple([z.int(), z.int()]),
    z.tuple([z.int()]),
    /sends 2 items, and R takes 1/,
  ],
  ["a shorter tuple", z.tuple([z.int()]), z.tuple([z.int(), z.int().optional()])],
  ["a too short tuple", z.tuple([z.int()]), z.tuple([z.int(), z.int()]), /takes 2 items/],
  ["a tuple with more", z.tuple([z.int()], z.string()), z.tuple([z.int()], z.string())],
  ["a tuple with less", z.tuple([z.int(), z.string()]), z.tuple([z.int()], z.string())],
  ["a list as a tuple with more", z.array(z.int()), z.tuple([z.number().optional()], z.number())],
  [
    "a tuple with more of another type",
    z.tuple([z.int()], z.string()),
    z.tuple([z.int()], z.int()),
    /^\[\]: S sends a string/,
  ],
  // recursion
  ["a recursive schema", list, list],
  ["a recursive schema as a wider one", list, wideList],
  [
    "a recursive schema as a narrower one",
    wideList,
    list,
    /^value: S sends a number, and R takes an int/,
  ],
  ["a recursive schema that differs deep inside", list, otherList, /^next.value: S sends an int/],
  ["two schemas in turn as one", even, self],
  ["one as two schemas in turn", self, even, /^a: S sends a number, and R takes an integer$/],
  ["JSON", z.json(), z.json()],
  ["an object as JSON", z.object({ a: z.array(z.string().nullable()) }), z.json()],
  ["the same schema twice", z.object({ a: named, b: z.array(named) }), z.object({ a: z.string() })],
  // what JSON Schema cannot tell
  ["the same custom schema", date, date],
  ["an equal custom schema", date, z.custom(() => true).describe("a date")],
  ["another custom schema", date, z.custom(() => true).describe("a day"), /custom: a day/],
  ["a custom schema as a text", date, z.string(), /what its schema \(custom: a date\) takes/],
  ["a custom schema as anything", z.object({ date }), z.object({ date: z.any() })],
  ["a text as a custom schema", z.string(), date, /sends a string, and R takes what its schema/],
  ["a bigint", z.object({ n: z.bigint() }), z.object({ n: z.bigint() })],
  ["what a transform takes", z.string(), z.string().transform(Number)],
  ["what a codec takes", z.string(), z.stringbool()],
  // no value
  ["no value", z.string().optional(), z.string().nullish()],
  ["maybe no value", z.string().optional(), z.string(), /^: R requires it, and S may leave it out/],
  ["a default", z.string().default("x"), z.string().optional()],
  ["undefined", z.undefined(), z.string().optional()],
  ["a union with undefined", z.union([z.string(), z.undefined()]), z.string().optional()],
];

/** The schemas as they are after they have crossed the wire. */
function received(schema: Schema): JsonSchema {
  const sent = describeContract(contract("c", { m: { event: schema } })).specs.m!.output!;
  return JSON.parse(JSON.stringify(sent));
}

Deno.test("whyNot() says whether what is sent fits what is read, and where not", async (t) => {
  for (const [what, sent, read, why] of PAIRS) {
    await t.step(what, () => {
      const difference = whyNot(received(sent), received(read));
      const told = difference &&
        `${difference.path}: ${difference.tell("S", "R")}`.replace(/^: /, ": ");
      if (why === undefined) strictEqual(told, undefined);
      else match(told ?? "it fits", why);
    });
  }
});

Deno.test("whyNot() finds that every schema fits itself", async (t) => {
  for (const [what, sent, read] of PAIRS) {
    await t.step(what, () => {
      for (const schema of [sent, read]) {
        strictEqual(whyNot(received(schema), received(schema)), undefined);
      }
    });
  }
});

Deno.test("whyNot() ends, and claims nothing, for schemas that make no sense", async (t) => {
  const nonsense: JsonSchema[] = [
    { $ref: "#" },
    { anyOf: [{ $ref: "#" }] },
    { allOf: [{ $ref: "#" }, { $ref: "#" }] },
    { $ref: "#/$defs/none" },
    { type: "object", properties: { a: 3 }, required: "a" },
    { type: "color" },
    { not: { type: "string" } },
    { if: {}, then: {} },
    { type: ["string", 7] },
    { enum: "a" },
  ];
  for (const schema of nonsense) {
    await t.step(JSON.stringify(schema), () => {
      whyNot(schema, schema);
      const isEmpty = JSON.stringify(schema).startsWith('{"anyOf"');
      if (!isEmpty) strictEqual(typeof whyNot(schema, { type: "null" })?.tell("S", "R"), "string");
      whyNot({ type: "string" }, schema);
    });
  }
});

function verdict(
  caller: Parameters<typeof contract>[1],
  worker: Parameters<typeof contract>[1],
  versions: [string, string] = ["1.0", "1.1"],
): Fit {
  const [mine, other] = versions;
  return fit(
    describeContract(contract("greeter", caller, { version: mine })),
    describeContract(contract("greeter", worker, { version: other })),
  );
}

const greet = { input: z.object({ name: z.string() }), output: z.object({ text: z.string() }) };
const count = { input: z.object({ to: z.int() }), stream: z.int() };
const progress = { event: z.object({ done: z.number() }) };

Deno.test("fit() names what both sides have", () => {
  deepStrictEqual(verdict({ greet, count, progress }, { greet, count, progress }), {
    methods: ["greet", "count"],
    events: ["progress"],
  });
  deepStrictEqual(verdict({ greet, progress }, { greet, count }), {
    methods: ["greet"],
    events: [],
  });
  deepStrictEqual(verdict({}, { greet }), { methods: [], events: [] });
});

Deno.test("fit() lets fields be added", () => {
  const added = {
    input: z.object({ name: z.string(), title: z.string().optional() }),
    output: z.object({ text: z.string(), language: z.string() }),
  };
  deepStrictEqual(verdict({ greet }, { greet: added }), { methods: ["greet"], events: [] });
});

Deno.test("fit() says which field does not fit, and which side must be updated", () => {
  const strict = { ...greet, input: z.object({ name: z.string(), title: z.string() }) };
  deepStrictEqual(verdict({ greet }, { greet: strict }), {
    refused: 'Cannot use contract "greeter": method "greet", input field "title": the worker ' +
      "requires it, and the caller does not send it; update the caller: the caller has version 1.0 " +
      "of it, and the worker 1.1",
  });
  const poor = { ...greet, output: z.object({}) };
  deepStrictEqual(verdict({ greet }, { greet: poor }, ["1.10", "1.9"]), {
    refused: 'Cannot use contract "greeter": method "greet", output field "text": the caller ' +
      "requires it, and the worker does not send it; update the worker: the caller has version 1.10 " +
      "of it, and the worker 1.9",
  });
  deepStrictEqual(
    verdict({ progress }, { progress: { event: z.object({ done: z.string() }) } }, ["1.0", "1.0"]),
    {
      refused: 'Cannot use contract "greeter": event "progress", data field "done": the worker ' +
        "sends a string, and the caller takes a number; both have version 1.0 of it, so one of them " +
        "was changed without a new version",
    },
  );
});

Deno.test("fit() refuses other kinds and other contracts", () => {
  const refusedBy = (fit: Fit) => "refused" in fit ? fit.refused : "it fits";
  match(
    refusedBy(verdict({ greet }, { greet: count })),
    /method "greet" is of another kind.*a stream/,
  );
  match(
    refusedBy(verdict({ count }, { count: { ...count, stream: z.string() } })),
    /stream "count", item: the worker sends a string, and the caller takes an integer/,
  );
  const [a, b] = ["a", "b"].map((name) => describeContract(contract(name, {})));
  match(refusedBy(fit(a!, b!)), /^Cannot use contract "a": the worker has contract "b"$/);
});

Deno.test("fit() compares what methods answer, also with nothing", () => {
  const { input } = greet;
  const fits = { methods: ["greet"], events: [] };
  deepStrictEqual(verdict({ greet: { input } }, { greet }), fits);
  deepStrictEqual(verdict({ greet: { input } }, { greet: { input, output: z.void() } }), fits);
  deepStrictEqual(
    verdict({ greet: { input, output: z.int().optional() } }, { greet: { input } }),
    fits,
  );
  const refused = verdict({ greet }, { greet: { input } });
  match(
    "refused" in refused ? refused.refused : "",
    /output: the caller requires it, and the worker may/,
  );
});

Deno.test("fit() compares the errors that both know", () => {
  const withErrors = (errors: Record<string, Schema>) => ({ greet: { ...greet, errors } });
  const fits = { methods: ["greet"], events: [] };
  deepStrictEqual(
    verdict(withErrors({ a: z.int() }), withErrors({ a: z.int(), b: z.int() })),
    fits,
  );
  deepStrictEqual(verdict(withErrors({ a: z.int(), b: z.int() }), { greet }), fits);
  const refused = verdict(withErrors({ a: z.int() }), withErrors({ a: z.string() }));
  match(
    "refused" in refused ? refused.refused : "",
    /method "greet", error "a": the worker sends a str/,
  );
});
