import type { KeyValue, Primitives } from "@troupe/troupe/primitives";
import { z } from "zod";

/** How many invoices there are to be. */
export const LAST = 12;

/** An invoice, by its number. */
export const invoice = z.object({ number: z.int(), by: z.string() });

/** Where invoices stand, as `invoice/01`, and what else there is to remember. */
export function bookOf(primitives: Primitives): KeyValue<z.infer<typeof invoice>> {
  return primitives.keyValue("book", invoice);
}
