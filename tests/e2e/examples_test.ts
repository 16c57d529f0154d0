// The programs of examples/, each as a newcomer runs it: its coordinator is a process that finds the
// cluster by KUBECONFIG, and its workers are pods.
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { parse } from "yaml";
import { exampleCommand, exampleImages, exampleNames } from "../../scripts/example.ts";
import { writeCorpus } from "../../examples/word_count/corpus.ts";
import { OWN_NODES, startTestCluster } from "../support/cluster.ts";
import { startProgram } from "../support/greeter.ts";

/** What an example may take on a busy machine, in milliseconds. */
const TIMEOUT = 120_000;

/** Runs an example to its end; the lines that it has printed. */
async function runExample(name: string, args: readonly string[] = []): Promise<string[]> {
  await using cluster = await startTestCluster({ images: await exampleImages(name), nodes: 2 });
  const config = parse(await Deno.readTextFile(cluster.kubeconfig));
  for (const { context } of config.contexts) context.namespace = cluster.namespace;
  const kubeconfig = `${cluster.dir}/example.kubeconfig`;
  await Deno.writeTextFile(kubeconfig, JSON.stringify(config));
  await using program = startProgram([...exampleCommand(name, args)], { KUBECONFIG: kubeconfig });
  const { code } = await program.ended({ timeout: TIMEOUT });
  strictEqual(code, 0, program.output());
  return program.output().trimEnd().split("\n");
}

/** A line with what is in the names of pods left out. */
function withoutNames(line: string): string {
  return line.replaceAll(/\b(greeter|chatter|invoicer)-[a-z0-9]+-[a-z0-9]+\b/g, "$1");
}

Deno.test("each example has a test", () => {
  deepStrictEqual(exampleNames(), ["chat", "command", "greeter", "invoices", "word_count"]);
});

Deno.test({
  name: "examples/greeter asks one, asks all, reads a stream, and catches an error of the contract",
  ignore: OWN_NODES,
  async fn() {
    const lines = (await runExample("greeter")).map(withoutNames);
    const greeted = lines.filter((line) => line.startsWith("greeter has greeted"));
    deepStrictEqual(lines.filter((line) => !greeted.includes(line)), [
      "Hello, world!",
      ...Array(3).fill("greeter: Hello, everybody!"),
      "3 …",
      "2 …",
      "1 …",
      'refused: "fool" is rude',
    ]);
    deepStrictEqual(greeted.toSorted(), [
      ...Array(1).fill("greeter has greeted 2 times"),
      ...Array(3).fill("greeter has greeted once"),
    ]);
  },
});

Deno.test({
  name: "examples/invoices numbers without gaps, also when a worker dies at the desk",
  ignore: OWN_NODES,
  async fn() {
    const lines = await runExample("invoices");
    const numbers = Array.from({ length: 12 }, (_, i) => i + 1);
    deepStrictEqual(lines.map(withoutNames), [
      ...numbers.map((number) => `invoice ${number} by invoicer`),
      "invoicer died at the desk before invoice 7",
    ]);
  },
});

/** The ten most frequent words of a folder, counted here. */
async function topTen(folder: string): Promise<string[]> {
  const totals: Record<string, number> = {};
  for await (const { name } of Deno.readDir(folder)) {
    for (const word of (await Deno.readTextFile(`${folder}/${name}`)).match(/[a-z]+/g) ?? []) {
      totals[word] = (totals[word] ?? 0) + 1;
    }
  }
  const sorted = Object.entries(totals).sort(([a, m], [b, n]) => n - m || a.localeCompare(b));
  return sorted.slice(0, 10).map(([word, count]) => `${count} ${word}`);
}

Deno.test({
  name: "examples/word_count counts a folder of texts as one process does",
  ignore: OWN_NODES,
  async fn() {
    const folder = await writeCorpus({ seed: 7, texts: 100, words: 500 });
    try {
      const lines = await runExample("word_count", [folder]);
      deepStrictEqual(lines.slice(0, -1).map((line) => line.trim()), await topTen(folder));
      match(lines.at(-1)!, /^100 texts, \d+ words, counted by [1-4] workers$/);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test({
  name: "examples/chat lets each worker greet each other one",
  ignore: OWN_NODES,
  async fn() {
    const said = (await runExample("chat")).flatMap((line) => {
      const [, from, to, greeted] = /^(\S+) to (\S+): Hello, (\S+)!$/.exec(line) ?? [];
      strictEqual(greeted, to);
      return from === undefined ? [] : `${from} ${to}`;
    });
    const names = [...new Set(said.flatMap((pair) => pair.split(" ")))];
    strictEqual(names.length, 3);
    const pairs = names.flatMap((a) => names.filter((b) => a !== b).map((b) => `${a} ${b}`));
    deepStrictEqual([...new Set(said)].toSorted(), pairs.toSorted());
  },
});

Deno.test({
  name: "examples/command gives tasks to programs in other languages",
  ignore: OWN_NODES,
  async fn() {
    const lines = await runExample("command");
    const exited = "collatz has ended with exit code 65";
    deepStrictEqual(lines.filter((line) => line !== exited && !/^no python3/.test(line)), [
      "factors: [2,2,2,3,3,5]",
      "factors: [7,11,13]",
      "factors: [99991]",
      "steps: 0",
      "steps: 111",
      'failed: no number from 1 up: "many"',
    ]);
  },
});
