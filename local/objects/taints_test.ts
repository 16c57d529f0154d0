import { strictEqual } from "node:assert/strict";
import { isTolerated } from "./taints.ts";

Deno.test("isTolerated() compares key, value, effect and operator", () => {
  const taint = { key: "gpu", value: "a100", effect: "NoSchedule" };
  strictEqual(isTolerated(taint), false);
  strictEqual(isTolerated(taint, [{ key: "gpu", value: "a100" }]), true);
  strictEqual(isTolerated(taint, [{ key: "gpu", operator: "Equal", value: "other" }]), false);
  strictEqual(isTolerated(taint, [{ key: "gpu", operator: "Exists" }]), true);
  strictEqual(isTolerated(taint, [{ operator: "Exists" }]), true);
  strictEqual(isTolerated(taint, [{ key: "gpu", operator: "Exists", effect: "NoExecute" }]), false);
  strictEqual(isTolerated(taint, [{ key: "gpu", operator: "Odd" }]), false);
});
