import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { formatLog, newWriteId, NO_WRITES, outcomeOf, parseLog, withWrite } from "./write_log.ts";

Deno.test("outcomeOf() tells what became of a write as long as it is remembered", () => {
  let log = NO_WRITES;
  for (let i = 1; i <= 40; i++) log = withWrite(log, `id${i}`);
  strictEqual(log.ids.length, 32);
  strictEqual(outcomeOf(log, 40, "id40"), "stored");
  strictEqual(outcomeOf(log, 9, "id9"), "stored");
  strictEqual(outcomeOf(log, 9, "other"), "refused");
  strictEqual(outcomeOf(log, 8, "id8"), "unknown");
  strictEqual(outcomeOf(log, 41, "id41"), "refused");
  strictEqual(outcomeOf(NO_WRITES, 1, "id1"), "refused");
});

Deno.test("parseLog() reads what formatLog() writes, and nothing else", () => {
  const log = withWrite(withWrite(NO_WRITES, newWriteId()), newWriteId());
  deepStrictEqual(parseLog(formatLog(log)), log);
  deepStrictEqual(parseLog(formatLog(NO_WRITES)), NO_WRITES);
  for (const text of [undefined, "", "x", "1 a b", "-1", "1.5 a"]) {
    strictEqual(parseLog(text), undefined);
  }
});
