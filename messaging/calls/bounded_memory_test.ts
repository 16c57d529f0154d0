import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { BoundedMemory } from "./bounded_memory.ts";

Deno.test("BoundedMemory forgets the oldest entries when there are too many, or they are too large", () => {
  const forgotten: string[] = [];
  const memory = new BoundedMemory<string, number>(
    { count: 3, bytes: 100 },
    (key) => forgotten.push(key),
  );
  for (const key of ["a", "b", "c", "d"]) memory.set(key, 1, 10);
  deepStrictEqual(forgotten, ["a"]);
  memory.set("b", 2, 10); // it is the newest now
  memory.set("e", 1, 85);
  deepStrictEqual(forgotten, ["a", "c", "d"]);
  strictEqual(memory.get("b"), 2);
  deepStrictEqual([memory.size, memory.bytes], [2, 95]);
  memory.set("f", 1, 101); // more than all may have together
  deepStrictEqual([memory.size, memory.bytes], [0, 0]);
  memory.delete("f");
  strictEqual(memory.bytes, 0);
});
