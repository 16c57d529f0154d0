import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { groupKey, groupOrder } from "./group.ts";
import type { Supervised } from "./policy.ts";
import { policyOf } from "./testdata/group.ts";

function member(name: string, after?: string[]): Supervised {
  return { name, namespace: "team", policy: policyOf({ app: "shop", after }) };
}

Deno.test("groupOrder() keeps the order of declaration, but for what is said to come after", () => {
  const order = groupOrder([member("a", ["c"]), member("b"), member("c", ["later"]), member("d")]);
  deepStrictEqual(order.map(({ name }) => name), ["b", "c", "a", "d"]);
});

Deno.test("groupOrder() throws when workloads come after each other", () => {
  throws(() => groupOrder([member("x"), member("a", ["b"]), member("b", ["a"])]), {
    name: "TypeError",
    message: 'Cannot order app "shop": "a", "b" come after each other',
  });
});

Deno.test("groupKey() takes an app and a workload of the same name for different groups", () => {
  const alone = { name: "shop", namespace: "team", policy: policyOf() };
  strictEqual(groupKey(alone) === groupKey(member("a")), false);
  strictEqual(groupKey(member("b")), groupKey(member("a")));
});
