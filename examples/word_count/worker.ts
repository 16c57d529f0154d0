import { Worker } from "@troupe/troupe";
import { counter } from "./contract.ts";

const worker = await Worker.create({ name: "counter" });

worker.implement(counter, {
  count({ text }) {
    const counts = new Map<string, number>();
    for (const [word] of text.toLowerCase().matchAll(/\p{L}+/gu)) {
      counts.set(word, (counts.get(word) ?? 0) + 1);
    }
    return Object.fromEntries(counts);
  },
}, { concurrency: 1 });
await worker.start();
