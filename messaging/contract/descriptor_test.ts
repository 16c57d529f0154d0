import { deepStrictEqual, match, notStrictEqual, strictEqual, throws } from "node:assert/strict";
import { z } from "zod";
import { contract } from "./contract.ts";
import { describeContract, digestOf, parseDescriptor } from "./descriptor.ts";

const greeter = contract("greeter", {
  greet: {
    input: z.object({ name: z.string().describe("whom"), loud: z.boolean().default(false) }),
    output: z.string(),
    errors: { unknown: z.object({ since: z.date().describe("when") }) },
  },
  stop: { input: z.void() },
  quiet: { input: z.string().optional(), output: z.void() },
  count: { input: z.tuple([z.int().min(1).max(9)]), stream: z.email() },
  progress: { event: z.record(z.string(), z.unknown()) },
});

Deno.test("describeContract() tells kinds and schemas, and nothing that is only for people", () => {
  deepStrictEqual(describeContract(greeter), {
    name: "greeter",
    version: "1.0",
    specs: {
      greet: {
        kind: "method",
        input: {
          type: "object",
          properties: { name: { type: "string" }, loud: { type: "boolean" } },
          required: ["name"],
        },
        output: { type: "string" },
        errors: {
          unknown: {
            type: "object",
            properties: { since: { "x-opaque": "date: when" } },
            required: ["since"],
          },
        },
      },
      stop: { kind: "method", input: { not: {}, "x-optional": true } },
      quiet: { kind: "method", input: { type: "string", "x-optional": true } },
      count: {
        kind: "stream",
        input: {
          type: "array",
          prefixItems: [{ type: "integer", minimum: 1, maximum: 9 }],
          items: false,
          minItems: 1,
          maxItems: 1,
        },
        output: { type: "string", format: "email" },
      },
      progress: {
        kind: "event",
        output: { type: "object", propertyNames: { type: "string" }, additionalProperties: {} },
      },
    },
  });
});

Deno.test("describeContract() does not throw for any kind of schema", () => {
  const kinds: Record<string, z.ZodType> = {
    bigint: z.bigint(),
    symbol: z.symbol(),
    map: z.map(z.string(), z.int()),
    set: z.set(z.int()),
    nan: z.nan(),
    transform: z.string().transform(Number),
    preprocess: z.preprocess((value) => value, z.int()),
    instance: z.instanceof(Error),
    undefined: z.literal([undefined, "a"]),
    named: z.object({ a: z.string().meta({ id: "twice" }), b: z.int().meta({ id: "twice" }) }),
    file: z.file(),
  };
  for (const [name, schema] of Object.entries(kinds)) {
    const input = z.object({ schema, list: z.array(schema) });
    const described = describeContract(contract("c", { [name]: { input } }));
    deepStrictEqual(JSON.parse(JSON.stringify(described)), described, name);
  }
});

Deno.test("digestOf() is the same however a contract is written, and another one for another", () => {
  const made = (fields: z.ZodRawShape, version = "1.0") =>
    digestOf(describeContract(contract("c", { m: { input: z.object(fields) } }, { version })));
  const digest = made({ a: z.string(), b: z.int() });
  match(digest, /^[0-9a-f]{64}$/);
  strictEqual(made({ a: z.string().describe("which"), b: z.int() }), digest);
  notStrictEqual(made({ a: z.string(), b: z.number() }), digest);
  notStrictEqual(made({ a: z.string(), b: z.int() }, "1.1"), digest);
  const swapped = contract("c", { b: { input: z.int() }, a: { input: z.string() } });
  const ordered = contract("c", { a: { input: z.string() }, b: { input: z.int() } });
  strictEqual(digestOf(describeContract(swapped)), digestOf(describeContract(ordered)));
});

Deno.test("parseDescriptor() takes what describeContract() has told, and names what is bad", () => {
  const described = describeContract(greeter);
  const received = parseDescriptor(JSON.parse(JSON.stringify(described)));
  deepStrictEqual(received, described);
  strictEqual(digestOf(received), digestOf(described));
  throws(
    () => parseDescriptor({ ...described, version: "new" }),
    /^TypeError: Cannot read the other side's contract: "version" given "new", allowed is a text/,
  );
  throws(() => parseDescriptor({ ...described, specs: { a: { kind: "color" } } }), /"specs.a/);
  throws(() => parseDescriptor("x"), TypeError);
});
