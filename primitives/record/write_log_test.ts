import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  formatLog,
  KEPT_WRITERS,
  NO_WRITES,
  outcomeOf,
  parseLog,
  withWrite,
  type WriteLog,
} from "./write_log.ts";

/** After so many writes of others, each of another one. */
function others(log: WriteLog, count: number): WriteLog {
  for (let i = 0; i < count; i++) log = withWrite(log, { writer: `other-${i}`, number: 1 });
  return log;
}

Deno.test("outcomeOf() tells what became of a writer's last write, however often others write", () => {
  let log = withWrite(NO_WRITES, { writer: "me", number: 7 });
  for (let number = 1; number < 1_000; number++) log = withWrite(log, { writer: "you", number });
  strictEqual(outcomeOf(log, { writer: "me", number: 7 }), "stored");
  strictEqual(outcomeOf(log, { writer: "me", number: 8 }), "refused");
  strictEqual(outcomeOf(NO_WRITES, { writer: "me", number: 1 }), "refused");
  strictEqual(outcomeOf(log, { writer: "them", number: 1 }), "refused");
});

Deno.test("outcomeOf() does not know of who was forgotten for many other writers", () => {
  const log = withWrite(NO_WRITES, { writer: "me", number: 1 });
  const me = { writer: "me", number: 1 };
  strictEqual(outcomeOf(others(log, KEPT_WRITERS - 1), me), "stored");
  strictEqual(outcomeOf(others(log, KEPT_WRITERS), me), "unknown");
  strictEqual(others(log, 2 * KEPT_WRITERS).last.size, KEPT_WRITERS);
});

Deno.test("parseLog() reads what formatLog() writes, and nothing else", () => {
  const log = others(withWrite(NO_WRITES, { writer: "me", number: 3 }), 2);
  deepStrictEqual(parseLog(formatLog(log)), log);
  deepStrictEqual(parseLog(formatLog(NO_WRITES)), NO_WRITES);
  for (const text of [undefined, "x", "a:b", "a:1 ", "a:-1"]) {
    strictEqual(parseLog(text), undefined);
  }
});
