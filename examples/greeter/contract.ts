import { contract } from "@troupe/troupe";
import { z } from "zod";

/** What a greeter can be asked, and what it tells. Both programs import it, and not each other. */
export const greeter = contract("greeter", {
  greet: {
    input: z.object({ name: z.string() }),
    output: z.string(),
    errors: { rude: z.object({ word: z.string() }) },
  },
  countdown: { input: z.object({ from: z.int() }), stream: z.int() },
  greeted: { event: z.object({ times: z.int() }) },
});
