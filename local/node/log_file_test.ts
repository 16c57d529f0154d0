import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { LogWriter, olderPath } from "./log_file.ts";
import { readLog } from "./read_log.ts";

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

Deno.test("LogWriter begins a new file when one is full, and readLog() reads both as one", () =>
  withFile(async (path) => {
    const writer = new LogWriter(path, 400);
    const follower = readLog(path, { writer });
    const followed: string[] = [];
    for (let i = 0; i < 40; i++) {
      await writer.copy(stream(`${i}\n`), "stdout");
      followed.push(decoder.decode((await follower.next()).value!.text));
    }
    writer.close();
    strictEqual((await follower.next()).done, true);
    const all = Array.from({ length: 40 }, (_, i) => `${i}\n`);
    deepStrictEqual(followed, all);
    ok(writer.turns > 2);
    ok(Deno.statSync(path).size < 500 && Deno.statSync(olderPath(path)).size < 500);
    const kept = await tail(path);
    ok(kept.length > 8 && kept.length < 24);
    deepStrictEqual(kept, all.slice(-kept.length));
    for (const count of [1, 7, 10, 12, 14]) {
      deepStrictEqual(await tail(path, count), all.slice(-Math.min(count, kept.length)));
    }
    await Deno.remove(olderPath(path));
  }));

Deno.test("readLog() goes on with what is left when the writer was files ahead", () =>
  withFile(async (path) => {
    const writer = new LogWriter(path, 400);
    const follower = readLog(path, { writer });
    await writer.copy(stream("first\n"), "stdout");
    strictEqual(decoder.decode((await follower.next()).value!.text), "first\n");
    for (let i = 0; i < 100; i++) await writer.copy(stream(`${i}\n`), "stdout");
    writer.close();
    const rest: string[] = [];
    for await (const { text } of follower) rest.push(decoder.decode(text));
    strictEqual(rest.at(-1), "99\n");
    strictEqual(new Set(rest).size, rest.length);
    await Deno.remove(olderPath(path));
  }));
