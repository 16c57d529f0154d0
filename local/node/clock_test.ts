import { deepStrictEqual } from "node:assert/strict";
import { stub } from "@std/testing/mock";
import { SystemClock } from "./clock.ts";

Deno.test("SystemClock loses no timer when the runtime runs one that was cleared", () => {
  const timers = new Map<number, () => void>();
  let id = 0;
  using _set = stub(
    globalThis,
    "setTimeout",
    ((callback: () => void) => {
      timers.set(++id, callback);
      return id;
    }) as unknown as typeof setTimeout,
  );
  using _clear = stub(globalThis, "clearTimeout", (id) => void timers.delete(id as number));
  const clock = new SystemClock();
  const cancelLate = clock.after(60_000, () => {});
  const cleared = timers.get(1)!;
  const cancelEarly = clock.after(30_000, () => {});
  cleared();
  deepStrictEqual([...timers.keys()], [2]);
  cancelEarly();
  cancelLate();
  deepStrictEqual([...timers.keys()], []);
});
