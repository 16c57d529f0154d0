import { strictEqual } from "node:assert/strict";
import { selects, selectsAll, selectsNode } from "./selectors.ts";

Deno.test("selects() selects nothing without a selector and everything with an empty one", () => {
  strictEqual(selects(undefined, { a: "1" }), false);
  strictEqual(selects({}, { a: "1" }), true);
  strictEqual(selects({}, undefined), true);
  strictEqual(selectsAll({}), true);
  strictEqual(selectsAll({ matchLabels: { a: "1" } }), false);
});

Deno.test("selects() wants all labels and expressions to match", () => {
  const labels = { app: "web", tier: "front" };
  const cases: [Parameters<typeof selects>[0], boolean][] = [
    [{ matchLabels: { app: "web" } }, true],
    [{ matchLabels: { app: "web", tier: "back" } }, false],
    [{ matchExpressions: [{ key: "app", operator: "In", values: ["web", "api"] }] }, true],
    [{ matchExpressions: [{ key: "app", operator: "NotIn", values: ["web"] }] }, false],
    [{ matchExpressions: [{ key: "gone", operator: "NotIn", values: ["web"] }] }, true],
    [{ matchExpressions: [{ key: "app", operator: "Exists" }] }, true],
    [{ matchExpressions: [{ key: "app", operator: "DoesNotExist" }] }, false],
    [{ matchExpressions: [{ key: "app", operator: "Odd" }] }, false],
  ];
  for (const [selector, expected] of cases) {
    strictEqual(selects(selector, labels), expected, JSON.stringify(selector));
  }
});

Deno.test("selectsNode() takes any term, compares numbers and names", () => {
  const node = { name: "n1", labels: { cores: "8" } };
  const gt = (value: string) => ({ key: "cores", operator: "Gt", values: [value] });
  strictEqual(selectsNode([{ matchExpressions: [gt("4")] }], node), true);
  strictEqual(selectsNode([{ matchExpressions: [gt("8")] }], node), false);
  strictEqual(selectsNode([{ matchExpressions: [gt("many")] }], node), false);
  strictEqual(selectsNode([{}], node), false);
  const named = { matchFields: [{ key: "metadata.name", operator: "In", values: ["n1"] }] };
  strictEqual(selectsNode([{ matchExpressions: [gt("9")] }, named], node), true);
});
