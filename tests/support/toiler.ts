/**
 * A worker for the tests that kill workers at work: each thing that it begins and ends is a line in a file
 * of its process, which is there also if the process is killed in the next moment.
 */
import { z } from "zod";
import { contract, Worker } from "../../mod.ts";

/** What it can be asked: to take so many milliseconds. */
export const toiler = contract("toiler", {
  toil: { input: z.object({ index: z.int(), ms: z.number() }), output: z.int() },
});

/** Tasks that one of them does at a time. */
export const TOILER_CONCURRENCY = 4;

/**
 * Tasks that take `ms` on average, by a seed; the same for whoever asks. Many are short and a few are long,
 * so that some are still at work when a connection is there again.
 */
export function toils(
  options: { tasks: number; ms: number; random: () => number },
): { index: number; ms: number }[] {
  const { tasks, ms, random } = options;
  return Array.from({ length: tasks }, (_, index) => ({
    index,
    ms: Math.round(Math.min(-Math.log(1 - random()), 10) * ms),
  }));
}

if (import.meta.main) {
  const dir = Deno.env.get("TOIL_DIR");
  const pod = Deno.env.get("POD_NAME");
  using file = Deno.openSync(`${dir}/${pod}.${Deno.pid}`, { create: true, append: true });
  const encoder = new TextEncoder();
  const note = (what: "begin" | "end", index: number): void => {
    file.writeSync(encoder.encode(`${what} ${index} ${Date.now()}\n`));
  };
  const worker = await Worker.create({ name: "toiler", grace: 1_000 });
  worker.onError((error) => console.error(`toiler: ${error.message}`));
  worker.implement(toiler, {
    toil: async ({ index, ms }, { signal }) => {
      note("begin", index);
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(resolve, ms);
        signal.addEventListener("abort", () => {
          clearTimeout(timer);
          reject(signal.reason);
        }, { once: true });
      });
      note("end", index);
      return index;
    },
  }, { concurrency: TOILER_CONCURRENCY, queue: TOILER_CONCURRENCY });
  await worker.start();
}
