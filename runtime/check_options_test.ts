import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { z } from "zod";
import { checkOptions, complaints, complaintText, quote } from "./check_options.ts";
import { instance } from "./schemas.ts";
import { variant } from "./variant.ts";

const schema = z.strictObject({
  size: z.int().min(1).describe("an integer from 1").default(3),
  names: z.array(z.string()).optional().describe("a list of strings"),
  even: z.int().refine((n) => n % 2 === 0, "an even integer").optional(),
});
const options = { purpose: "Cannot bake" };

Deno.test("checkOptions() returns the value with its defaults when it is right", () => {
  deepStrictEqual(checkOptions(schema, {}, options), { size: 3 });
});

Deno.test("checkOptions() names field, given and allowed of everything that is wrong", () => {
  throws(() => checkOptions(schema, { size: 0, names: ["a", 2], even: 3, sise: 1 }, options), {
    name: "TypeError",
    message: 'Cannot bake: "size" given 0, allowed is an integer from 1; ' +
      '"names.1" given 2, allowed is a list of strings; ' +
      '"even" given 3, allowed is an even integer; ' +
      '"sise" is no known field, allowed are "size", "names", "even"',
  });
});

Deno.test("checkOptions() says what it wants when given nothing", () => {
  throws(() => checkOptions(schema, undefined, options), {
    message: "Cannot bake: nothing was given, allowed is an object",
  });
});

Deno.test("complaints() say in words what a schema without descriptions allows", () => {
  const told = (schema: z.ZodType, input: unknown) =>
    complaints(schema, input, schema.safeParse(input).error!).map(complaintText).join("; ");
  strictEqual(told(z.number(), { a: 1 }), 'given {"a":1}, allowed is a number');
  strictEqual(told(z.int(), "x"), 'given "x", allowed is a number');
  strictEqual(told(z.int(), 1.5), "given 1.5, allowed is an integer");
  strictEqual(
    told(z.object({ a: z.array(z.string()) }), { a: "x" }),
    '"a" given "x", allowed is a list',
  );
  strictEqual(told(z.enum(["a", "b"]), "c"), 'given "c", allowed is one of "a"|"b"');
  strictEqual(
    told(z.string().max(1), "long"),
    'given "long", allowed is string to have <=1 characters',
  );
});

Deno.test("checkOptions() says what an object inside may be", () => {
  const outer = z.strictObject({
    budget: z.strictObject({ burst: z.int() }).describe("{ burst }"),
    thing: instance<Date>("a Date"),
  });
  throws(() => checkOptions(outer, { budget: { burst: 1, x: 1 }, thing: 1 }, options), {
    message: 'Cannot bake: "budget.x" is no known field, allowed are "burst"; ' +
      '"thing" given 1, allowed is a Date',
  });
});

Deno.test("checkOptions() names nested fields with the innermost description", () => {
  const nested = z.strictObject({
    disk: z.strictObject({
      size: z.int().describe("a size"),
      paths: z.array(z.strictObject({ to: z.string().describe("a path") })).optional(),
      mode: z.int(),
    }).describe("{ size, paths, mode }").optional(),
  });
  const disk = { paths: [{ to: 1 }], mode: "x" };
  throws(() => checkOptions(nested, { disk }, options), {
    message: 'Cannot bake: "disk.size" nothing was given, allowed is a size; ' +
      '"disk.paths.0.to" given 1, allowed is a path; ' +
      '"disk.mode" given "x", allowed is { size, paths, mode }',
  });
});

Deno.test("checkOptions() tells only the type of what is hidden", () => {
  const secret = z.unknown().superRefine((_, context) => {
    context.addIssue({ code: "custom", message: "a key", params: { hidden: true } });
  });
  throws(() => checkOptions(z.strictObject({ secret }), { secret: 7 }, options), {
    message: 'Cannot bake: "secret" given a number, allowed is a key',
  });
});

Deno.test("variant() tells what is wrong in the words of the schema that was chosen", () => {
  const point = z.strictObject({ at: z.strictObject({ x: z.int().describe("an integer") }) });
  const either = variant<boolean | z.output<typeof point>>((input) =>
    typeof input === "boolean" ? z.boolean() : point
  );
  const outer = z.strictObject({ where: either.optional() });
  deepStrictEqual(checkOptions(outer, {}, options), {});
  deepStrictEqual(checkOptions(outer, { where: false }, options), { where: false });
  const right = { where: { at: { x: 1 } } };
  deepStrictEqual(checkOptions(outer, right, options), right);
  throws(() => checkOptions(outer, { where: { at: { x: "1", y: 2 } } }, options), {
    message: 'Cannot bake: "where.at.x" given "1", allowed is an integer; ' +
      '"where.at.y" is no known field, allowed are "x"',
  });
});

Deno.test("quote() is short and on one line", () => {
  strictEqual(quote("a\nb"), '"a\\nb"');
  strictEqual(quote(10n), "10");
  strictEqual(quote(new Date("never")), "Invalid Date");
  strictEqual(quote(() => {}), "function");
  const circle: unknown[] = [1n];
  circle.push(circle);
  strictEqual(quote(circle), "object");
  strictEqual(quote("x".repeat(100)).length, 61);
});
