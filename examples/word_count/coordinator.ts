import { Coordinator } from "@troupe/troupe";
import { counter } from "./contract.ts";
import { writeCorpus } from "./corpus.ts";

/** The texts of a folder, read one by one: `map` pulls the next one when there is room for it. */
async function* textsOf(folder: string): AsyncGenerator<{ text: string }> {
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (isFile) yield { text: await Deno.readTextFile(`${folder}/${name}`) };
  }
}

const folder = Deno.args[0] ?? await writeCorpus({ seed: 1, texts: 200, words: 2_000 });

await using coordinator = await Coordinator.create({ name: "word-count" });
const counters = await coordinator.run({
  name: "counter",
  image: "counter:1",
  replicas: 4,
  contract: counter,
});
const stopped = coordinator.start();

const totals = new Map<string, number>();
const workers = new Set<string>();
let texts = 0;
for await (const result of counters.map("count", textsOf(folder))) {
  if (!result.ok) throw result.error;
  for (const [word, count] of Object.entries(result.output)) {
    totals.set(word, (totals.get(word) ?? 0) + count);
  }
  workers.add(result.worker.name);
  texts++;
}

const top = [...totals].sort(([a, m], [b, n]) => n - m || a.localeCompare(b)).slice(0, 10);
for (const [word, count] of top) console.log(`${String(count).padStart(7)} ${word}`);
console.log(`${texts} texts, ${totals.size} words, counted by ${workers.size} workers`);

await counters.delete();
await coordinator.stop();
await stopped;
if (Deno.args[0] === undefined) await Deno.remove(folder, { recursive: true });
