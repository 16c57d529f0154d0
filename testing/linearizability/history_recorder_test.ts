import { deepStrictEqual, throws } from "node:assert/strict";
import { HistoryRecorder, readHistory } from "./history_recorder.ts";

function recorded(): { lines: string[]; recorder: HistoryRecorder<string, number> } {
  const lines: string[] = [];
  let now = 0;
  const recorder = new HistoryRecorder<string, number>("a", (line) => lines.push(line), {
    now: () => ++now,
  });
  return { lines, recorder };
}

Deno.test("readHistory() tells what was recorded, and which outcomes are unknown", () => {
  const { lines, recorder } = recorded();
  const first = recorder.start("first");
  recorder.start("lost");
  recorder.start("failed").failed();
  first.returned(7);
  deepStrictEqual(readHistory<string, number>(lines.join("\n")), [
    { client: "a", call: 1, return: 4, input: "first", output: 7 },
    { client: "a", call: 2, return: Infinity, input: "lost", output: undefined },
  ]);
});

Deno.test("readHistory() leaves out a last line that is not whole", () => {
  const { lines, recorder } = recorded();
  recorder.start("whole");
  recorder.start("torn");
  const text = lines.join("\n");
  deepStrictEqual(
    readHistory(text.slice(0, -5)).map(({ input }) => input),
    ["whole"],
  );
  throws(() => readHistory(`${text.slice(0, 20)}\n${text}`), SyntaxError);
});

Deno.test("readHistory() refuses an answer to what was never asked", () => {
  throws(() => readHistory('{"line":"return","id":3,"at":1,"output":1}\n'), {
    message: "Cannot read a history: operation 3 ends, and never began",
  });
});
