import { z } from "zod";
import { PRIMITIVE_KINDS, type PrimitiveRef } from "../../../../manifests/mod.ts";
import { DNS_NAME } from "../../../../runtime/mod.ts";

/** Longest name of an object. */
const MAX_OBJECT_NAME = 253;

function isPrimitive(value: unknown): value is PrimitiveRef {
  if (typeof value !== "string") return false;
  const kind = PRIMITIVE_KINDS.find((kind) => value.startsWith(`${kind}/`));
  if (kind === undefined) return false;
  const name = value.slice(kind.length + 1);
  return DNS_NAME.test(name) && `troupe-${kind}-${name}`.length <= MAX_OBJECT_NAME;
}

const ALLOWED = '"<kind>/<name>", whose name is a DNS name, and whose kind is one of ' +
  PRIMITIVE_KINDS.join(", ");

/** The primitives that a workload uses. */
export const primitives: z.ZodType<PrimitiveRef[]> = z.array(
  z.custom<PrimitiveRef>(isPrimitive, ALLOWED),
).min(1).describe(`a list of at least one ${ALLOWED}`);
