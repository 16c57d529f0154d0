import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import {
  decodeLine,
  encodeLine,
  formatLog,
  LineCutter,
  type LogLine,
  LogTimes,
} from "./log_lines.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function cut(cutter: LineCutter, text: string): string[] {
  return cutter.push(encoder.encode(text))
    .map(({ text, partial }) => decoder.decode(text) + (partial ? "…" : ""));
}

function lines(...texts: string[]): LogLine[] {
  return texts.map((text, i) => ({
    time: `2030-01-01T00:00:0${i}.5Z`,
    text: encoder.encode(text),
  }));
}

async function print(source: LogLine[], options = {}): Promise<string> {
  async function* each() {
    yield* await Promise.resolve(source);
  }
  return await new Response(formatLog(each(), options)).text();
}

Deno.test("LineCutter cuts at line feeds, wherever the chunks end", () => {
  const cutter = new LineCutter();
  deepStrictEqual(cut(cutter, "a\nb"), ["a"]);
  deepStrictEqual(cut(cutter, "c\n\nd"), ["bc", ""]);
  deepStrictEqual(cutter.flush().map(({ text }) => decoder.decode(text)), ["d"]);
  deepStrictEqual(cutter.flush(), []);
});

Deno.test("LineCutter gives a long line in pieces", () => {
  const cutter = new LineCutter(4);
  deepStrictEqual(cut(cutter, "abcdefghij"), ["abcd…", "efgh…"]);
  deepStrictEqual(cut(cutter, "k\n"), ["ijk"]);
});

Deno.test("decodeLine() reads what encodeLine() wrote", () => {
  const options = { time: "2030-01-01T00:00:00Z", stream: "stderr" } as const;
  const read = (partial: boolean) => {
    const { time, text } = decodeLine(
      encodeLine(encoder.encode("a b"), { ...options, partial }).slice(0, -1),
    )!;
    return [time, decoder.decode(text)];
  };
  deepStrictEqual(read(false), ["2030-01-01T00:00:00Z", "a b\n"]);
  deepStrictEqual(read(true), ["2030-01-01T00:00:00Z", "a b"]);
  strictEqual(decodeLine(encoder.encode("garbage")), undefined);
});

Deno.test("LogTimes never repeats and never goes back", () => {
  const times = new LogTimes();
  const given = [5, 5, 3, 6].map((ms) => times.next(ms));
  ok(given.every((time, i) => i === 0 || time > given[i - 1]!));
  strictEqual(given[1], "1970-01-01T00:00:00.005000001Z");
});

Deno.test("formatLog() puts the time before each whole line only", async () => {
  strictEqual(
    await print(lines("a", "b\n", "c\n"), { timestamps: true }),
    "2030-01-01T00:00:00.5Z ab\n2030-01-01T00:00:02.5Z c\n",
  );
});

Deno.test("formatLog() leaves out what is older than since", async () => {
  const since = new Date("2030-01-01T00:00:01Z");
  strictEqual(await print(lines("a\n", "b\n", "c\n"), { since }), "b\nc\n");
});

Deno.test("formatLog() ends at the byte limit", async () => {
  strictEqual(await print(lines("abc\n", "def\n"), { limitBytes: 6 }), "abc\nde");
});
