import { contract } from "@troupe/troupe";
import { z } from "zod";

/** What chatters say to each other, and what each of them tells the coordinator. */
export const chat = contract("chat", {
  say: { input: z.object({ text: z.string() }), output: z.string() },
  heard: { event: z.object({ from: z.string(), text: z.string() }) },
});
