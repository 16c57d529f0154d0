import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import { Spinner } from "@std/cli/unstable-spinner";
import { FakeTime } from "@std/testing/time";

Deno.test("Spinner draws frames until it is stopped", () => {
  using time = new FakeTime();
  const { output, written } = recorder();
  const spinner = new Spinner({ message: "one", spinner: ["-", "+"], interval: 10, output });
  spinner.start();
  spinner.start();
  time.tick(10);
  spinner.message = "two";
  time.tick(10);
  spinner.stop();
  spinner.stop();
  time.tick(100);
  const frames = written.map((text) => stripVTControlCharacters(text).trim());
  deepStrictEqual(frames, ["- one", "+ one", "- two", ""]);
  deepStrictEqual(written.at(-1), "\r\x1b[K");
});

Deno.test("Spinner has a color by name", () => {
  strictEqual(new Spinner({ color: "cyan" }).color, "\x1b[36m");
  const spinner = new Spinner();
  strictEqual(spinner.color, undefined);
  spinner.color = "gray";
  strictEqual(spinner.color, "\x1b[90m");
});

function recorder(): { output: typeof Deno.stdout; written: string[] } {
  const written: string[] = [];
  const output = {
    writable: { locked: false },
    writeSync(bytes: Uint8Array): number {
      written.push(new TextDecoder().decode(bytes));
      return bytes.length;
    },
  };
  return { output: output as unknown as typeof Deno.stdout, written };
}
