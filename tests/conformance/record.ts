/**
 * Records what a real API server answers to the steps, for runs without one. No controllers may run
 * beside it.
 *
 *     TROUPE_TEST_KUBECONFIG=… deno run -A tests/conformance/record.ts
 */
import { compared } from "./compare.ts";
import { STEPS } from "./steps.ts";
import { runSteps, targetOf } from "./target.ts";

const kubeconfig = Deno.env.get("TROUPE_TEST_KUBECONFIG");
if (!kubeconfig) throw new Error("Cannot record: TROUPE_TEST_KUBECONFIG is not set");
const outcomes = await runSteps(await targetOf(kubeconfig), STEPS);
const lines = STEPS.map((step) => {
  const outcome = outcomes.get(step.name);
  return `  ${JSON.stringify(step.name)}: ${JSON.stringify(outcome && compared(step, outcome))}`;
});
const path = new URL("recorded.json", import.meta.url);
await Deno.writeTextFile(path, `{\n${lines.join(",\n")}\n}\n`);
console.log(`${lines.length} steps recorded`);
