// A worker in three versions, for the tests of rollouts. Which one it is its image says by a variable.
import { z } from "zod";
import { contract, Worker } from "../../mod.ts";

const greet = { input: z.object({ name: z.string() }), output: z.string() };

/** What the first version can be asked. */
export const first = contract("skewed", { greet }, { version: "1.0" });

/** The second one can shout too. */
export const second = contract("skewed", { greet, shout: greet }, { version: "1.1" });

/** The third one knows people by their numbers, and fits neither. */
const third = contract("skewed", {
  greet: { input: z.object({ name: z.int() }), output: z.string() },
}, { version: "2.0" });

if (import.meta.main) {
  const worker = await Worker.create({ name: "skewed", grace: 5_000 });
  worker.onError((error) => console.error(`skewed: ${error.message}`));
  switch (Deno.env.get("VERSION")) {
    case "1":
      worker.implement(first, { greet: ({ name }) => `1: Hello, ${name}!` });
      break;
    case "2":
      worker.implement(second, {
        greet: ({ name }) => `2: Hello, ${name}!`,
        shout: ({ name }) => `2: HELLO, ${name.toUpperCase()}!`,
      });
      break;
    default:
      worker.implement(third, { greet: ({ name }) => `3: Hello, number ${name}!` });
  }
  await worker.start();
}
