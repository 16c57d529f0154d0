import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { LineSplitter, LineTooLongError } from "./line_splitter.ts";

const utf8 = new TextEncoder();

function split(chunks: Uint8Array[], limit = 1_000): { lines: string[]; pending: number } {
  const splitter = new LineSplitter(limit);
  const lines: string[] = [];
  for (const chunk of chunks) {
    splitter.push(chunk, (line) => lines.push(new TextDecoder().decode(line)));
  }
  return { lines, pending: splitter.pending };
}

Deno.test("LineSplitter cuts lines wherever the chunks end", () => {
  const text = utf8.encode('{"a":"ä€😀"}\n\n{"b":1}\n{"c');
  for (let size = 1; size <= text.length; size++) {
    const chunks = [];
    for (let at = 0; at < text.length; at += size) chunks.push(text.slice(at, at + size));
    deepStrictEqual(split(chunks), { lines: ['{"a":"ä€😀"}', '{"b":1}'], pending: 3 });
  }
});

Deno.test("LineSplitter has nothing pending when the last line has ended", () => {
  strictEqual(split([utf8.encode("a\nb\n")]).pending, 0);
});

Deno.test("LineSplitter throws when a line passes the limit, whole or in parts", () => {
  deepStrictEqual(split([utf8.encode("12345\n")], 5).lines, ["12345"]);
  throws(() => split([utf8.encode("123456\n")], 5), LineTooLongError);
  throws(() => split([utf8.encode("123"), utf8.encode("456")], 5), /longer than 5 bytes/);
});

Deno.test("LineSplitter joins a line of many small chunks without copying it again for each", () => {
  const chunk = utf8.encode("x".repeat(100));
  const splitter = new LineSplitter(10_000_000);
  for (let i = 0; i < 50_000; i++) splitter.push(chunk, () => {});
  let length = 0;
  splitter.push(utf8.encode("\n"), (line) => length = line.length);
  strictEqual(length, 5_000_000);
});
