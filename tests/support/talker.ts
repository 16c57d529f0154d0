// A worker for the tests of messages: it answers, waits, fails, counts, tells, and asks its peers.
import { z } from "zod";
import { contract, methodError, Worker } from "../../mod.ts";

/** What it can be asked. */
export const talker = contract("talker", {
  greet: { input: z.object({ name: z.string() }), output: z.string() },
  who: { input: z.void(), output: z.object({ name: z.string(), pid: z.int() }), idempotent: true },
  wait: { input: z.object({ ms: z.number() }), output: z.string() },
  divide: {
    input: z.object({ a: z.number(), b: z.number() }),
    output: z.number(),
    errors: { byZero: z.object({ a: z.number() }) },
  },
  crash: { input: z.object({ code: z.int() }) },
  echo: { input: z.object({ text: z.string() }), output: z.object({ text: z.string() }) },
  /** How often it was asked that. */
  bump: { input: z.void(), output: z.int() },
  count: { input: z.object({ to: z.int() }), stream: z.int() },
  announce: { input: z.object({ text: z.string() }) },
  peers: { input: z.void(), output: z.array(z.string()) },
  heard: { event: z.object({ text: z.string() }) },
});

if (import.meta.main) {
  const worker = await Worker.create({ name: "talker", grace: 5_000 });
  const name = Deno.env.get("POD_NAME") ?? "talker";
  let bumps = 0;
  worker.onError((error) => console.error(`talker: ${error.message}`));
  const talking = worker.implement(talker, {
    greet: ({ name: whom }) => `Hello, ${whom}!`,
    who: () => ({ name, pid: Deno.pid }),
    wait: async ({ ms }, { signal, emit }) => {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(resolve, ms);
        signal.addEventListener("abort", () => {
          clearTimeout(timer);
          emit("heard", { text: "canceled" });
          reject(signal.reason);
        }, { once: true });
      });
      return name;
    },
    divide: ({ a, b }) => {
      if (b === 0) throw methodError(talker, "divide", "byZero", { a });
      if (Number.isNaN(a / b)) throw new Error("that is no number");
      return a / b;
    },
    echo: ({ text }) => ({ text }),
    bump: () => ++bumps,
    crash: ({ code }) => Deno.exit(code),
    count: async function* ({ to }) {
      for (let i = 1; i <= to; i++) yield await Promise.resolve(i);
    },
    announce: ({ text }, { emit }) => emit("heard", { text }),
    peers: async () => {
      const answers = await worker.peers(talker).askAll("who", undefined, { timeout: 5_000 });
      return answers.map((answer) => answer.ok ? answer.output.name : String(answer.error)).sort();
    },
  }, { concurrency: 2, queue: 2 });
  worker.onPeerEvent(({ type, name }) => talking.emit("heard", { text: `${name} ${type}` }));
  worker.serve(() => new Response("served\n"));
  worker.onWorkerEvent(({ type, hostname, port }) => {
    if (type === "started") console.log(`talker listens at ${hostname}:${port}`);
  });
  await worker.start();
}
