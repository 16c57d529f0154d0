import { z } from "zod";
import { checkOptions, DNS_NAME } from "../runtime/mod.ts";

/** What Kubernetes allows for the name of an object. */
const MAX_OBJECT_NAME = 253;

/**
 * Checks the name of a primitive, which stands behind `troupe-<kind>-` in the names of objects.
 *
 * @param most how many characters the longest of those names adds
 * @throws {TypeError} saying what was given and what is allowed
 */
export function checkName(
  kind: string,
  name: string,
  most: number = `troupe-${kind}-`.length,
): string {
  const max = MAX_OBJECT_NAME - most;
  const schema = z.strictObject({
    name: z.string().max(max).regex(DNS_NAME).describe(
      `a DNS name: lower-case letters, digits, "-" and ".", at most ${max} characters`,
    ),
  });
  const article = /^[aeio]/.test(kind) ? "an" : "a";
  return checkOptions(schema, { name }, { purpose: `Cannot make ${article} ${kind}` }).name;
}
