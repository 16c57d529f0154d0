import { strictEqual } from "node:assert/strict";
import { NOT_READY_TAINT, type Toleration, UNREACHABLE_TAINT } from "../objects/mod.ts";
import { pod } from "../objects/testdata/builders.ts";
import { evictionDelay } from "./taint_eviction.ts";

const LOST = { key: UNREACHABLE_TAINT, effect: "NoExecute" };
const OTHER = { key: "maintenance", effect: "NoExecute" };

function tolerating(...tolerations: Toleration[]) {
  return pod("p", { node: "n", spec: { tolerations } });
}

Deno.test("evictionDelay() follows the shortest toleration", () => {
  const short = { key: UNREACHABLE_TAINT, operator: "Exists", tolerationSeconds: 20 };
  const long = { key: UNREACHABLE_TAINT, operator: "Exists", tolerationSeconds: 60 };
  strictEqual(evictionDelay(tolerating(long, short), [LOST]), 20_000);
  strictEqual(evictionDelay(tolerating({ ...short, tolerationSeconds: -1 }), [LOST]), 0);
});

Deno.test("evictionDelay() is nothing without taints or for those who tolerate for ever", () => {
  strictEqual(evictionDelay(tolerating(), []), undefined);
  strictEqual(evictionDelay(tolerating({ operator: "Exists" }), [LOST, OTHER]), undefined);
});

Deno.test("evictionDelay() is 0 for a taint that is not tolerated", () => {
  strictEqual(evictionDelay(tolerating(), [OTHER], { podEvictionTimeout: 5000 }), 0);
  strictEqual(evictionDelay(tolerating(), [LOST]), 0);
});

Deno.test("evictionDelay() puts its own time in the place of the 300 s of admission", () => {
  const options = { podEvictionTimeout: 5000 };
  const admitted = [NOT_READY_TAINT, UNREACHABLE_TAINT]
    .map((key) => ({ key, operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 }));
  strictEqual(evictionDelay(tolerating(...admitted), [LOST], options), 5000);
  strictEqual(evictionDelay(tolerating(...admitted), [LOST]), 300_000);
  strictEqual(evictionDelay(tolerating(), [LOST], options), 5000);
  const own = { key: UNREACHABLE_TAINT, operator: "Exists", tolerationSeconds: 30 };
  strictEqual(evictionDelay(tolerating(own), [LOST], options), 30_000);
});
