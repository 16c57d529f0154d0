import { z } from "zod";
import { complaints } from "./check_options.ts";

/**
 * A schema that is chosen by what was given, such as one of `true` and an object. Unlike a union,
 * it tells what is wrong in the words of the schema that was meant.
 */
export function variant<T>(choose: (input: unknown) => z.ZodType<T>): z.ZodType<T> {
  return z.unknown().transform((input, context): T => {
    const schema = choose(input);
    const result = schema.safeParse(input);
    if (result.success) return result.data;
    for (const { path, told } of complaints(schema, input, result.error)) {
      context.addIssue({ code: "custom", path, message: told, params: { told } });
    }
    return z.NEVER;
  });
}
