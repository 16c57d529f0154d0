import { strictEqual, throws } from "node:assert/strict";
import { z } from "zod";
import { type ValueSchema, zodSchema } from "./value_schema.ts";

Deno.test("zodSchema() takes schemas of zod, with the types of what goes in and comes out", () => {
  const schema = z.object({ at: z.string().transform(Number), note: z.string().default("") });
  const typed: z.ZodType<{ at: number; note: string }, { at: string; note?: string }> = zodSchema(
    schema,
    { cannot: "Cannot test" },
  );
  strictEqual(typed, schema);
});

Deno.test("zodSchema() refuses what is no schema", () => {
  for (const wrong of [undefined, {}, z, { safeParse: () => ({}) }]) {
    throws(() => zodSchema(wrong as unknown as ValueSchema<string>, { cannot: "Cannot test" }), {
      name: "TypeError",
      message: 'Cannot test: "schema" is no schema of zod 4',
    });
  }
});
