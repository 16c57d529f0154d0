import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { LogWriter, readLog } from "./log_file.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

async function withFile(test: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempFile();
  try {
    await test(path);
  } finally {
    await Deno.remove(path);
  }
}

function stream(text: string): ReadableStream<Uint8Array> {
  return ReadableStream.from([encoder.encode(text)]);
}

async function tail(path: string, tailLines?: number): Promise<string[]> {
  const texts: string[] = [];
  for await (const { text } of readLog(path, { tailLines })) texts.push(decoder.decode(text));
  return texts;
}

Deno.test("readLog() gives the last lines, also over many blocks", () =>
  withFile(async (path) => {
    const writer = new LogWriter(path);
    const long = "x".repeat(100);
    const all = Array.from({ length: 3000 }, (_, i) => `${i} ${long}`);
    await writer.copy(stream(all.join("\n") + "\n"), "stdout");
    writer.close();
    const of = (count: number) => all.slice(-count).map((line) => `${line}\n`);
    deepStrictEqual(await tail(path, 1), of(1));
    deepStrictEqual(await tail(path, 2500), of(2500));
    strictEqual((await tail(path, 5000)).length, 3000);
    strictEqual((await tail(path)).length, 3000);
    deepStrictEqual(await tail(path, 0), []);
  }));

Deno.test("readLog() follows each append until the writer closes", () =>
  withFile(async (path) => {
    const writer = new LogWriter(path);
    const follower = readLog(path, { writer });
    const first = follower.next();
    await writer.copy(stream("a\n"), "stdout");
    strictEqual(decoder.decode((await first).value!.text), "a\n");
    const second = follower.next();
    await writer.copy(stream("b"), "stderr");
    strictEqual(decoder.decode((await second).value!.text), "b");
    const end = follower.next();
    writer.close();
    strictEqual((await end).done, true);
  }));

Deno.test("readLog() ends when its signal aborts", () =>
  withFile(async (path) => {
    const writer = new LogWriter(path);
    const stop = new AbortController();
    const next = readLog(path, { writer, signal: stop.signal }).next();
    stop.abort();
    strictEqual((await next).done, true);
    writer.close();
  }));
