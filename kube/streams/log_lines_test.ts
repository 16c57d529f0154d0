import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { LogLineReader, parseLogTime, type StampedLine, toDate } from "./log_lines.ts";

const TIME = "2030-01-02T03:04:05.000000001Z";
const encode = (text: string) => new TextEncoder().encode(text);

Deno.test("LogLineReader.push() reads the same lines however they are cut", () => {
  const bytes = encode(`${TIME} ü one\n${TIME} \n${TIME}\n\nno time\r\n${TIME} lä`);
  const time = { second: 1_893_553_445, nanos: "000000001" };
  const expected: StampedLine[] = [
    { text: "ü one", time },
    { text: "", time },
    { text: "", time },
    { text: "" },
    { text: "no time\r" },
    { text: "lä", time },
  ];
  for (let size = 1; size <= bytes.length; size++) {
    const reader = new LogLineReader();
    const lines: StampedLine[] = [];
    for (let i = 0; i < bytes.length; i += size) {
      lines.push(...reader.push(bytes.slice(i, i + size)));
    }
    deepStrictEqual([...lines, ...reader.flush()], expected);
  }
});

Deno.test("LogLineReader.push() splits a line that is too long, and no character", () => {
  const reader = new LogLineReader(40);
  const text = "ü".repeat(40);
  const lines = reader.push(encode(`${TIME} ${text}\n${TIME} next\n`));
  strictEqual(lines.slice(0, -1).map((line) => line.text).join(""), text);
  strictEqual(lines.length, 4);
  strictEqual(new Set(lines.map(({ time }) => time?.nanos)).size, 1);
  strictEqual(lines.at(-1)?.text, "next");
});

Deno.test("parseLogTime() reads what container runtimes write", () => {
  deepStrictEqual(parseLogTime("2030-01-02T03:04:05Z"), {
    second: 1_893_553_445,
    nanos: "000000000",
  });
  deepStrictEqual(
    parseLogTime("2030-01-02T05:04:05.12+02:00"),
    { second: 1_893_553_445, nanos: "120000000" },
  );
  for (const text of ["", "hello", "2030-01-02", "2030-13-02T03:04:05Z"]) {
    strictEqual(parseLogTime(text), undefined);
  }
  strictEqual(
    toDate({ second: 1_893_553_445, nanos: "123456789" }).toISOString(),
    "2030-01-02T03:04:05.123Z",
  );
});
