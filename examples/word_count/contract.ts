import { contract } from "@troupe/troupe";
import { z } from "zod";

/** Counts the words of one text. It may run twice, so a lost worker's texts go to another one. */
export const counter = contract("counter", {
  count: {
    input: z.object({ text: z.string() }),
    output: z.record(z.string(), z.int()),
    idempotent: true,
  },
});
