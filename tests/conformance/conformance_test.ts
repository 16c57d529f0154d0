/**
 * The same requests to our API server and to a real one. With TROUPE_TEST_KUBECONFIG the real one
 * is asked now; without, its recorded answers count.
 */
import { deepStrictEqual } from "node:assert/strict";
import { ApiServer } from "../../local/apiserver/mod.ts";
import { compared } from "./compare.ts";
import recorded from "./recorded.json" with { type: "json" };
import { STEPS } from "./steps.ts";
import { plainTarget, runSteps, targetOf } from "./target.ts";

Deno.test("ApiServer answers as a real API server does", async (t) => {
  const kubeconfig = Deno.env.get("TROUPE_TEST_KUBECONFIG");
  const expected = kubeconfig ? await askReal(kubeconfig) : recorded as Record<string, unknown>;
  await using server = await ApiServer.start();
  const outcomes = await runSteps(plainTarget(server.url), STEPS);
  for (const step of STEPS) {
    await t.step(step.name, () => {
      const outcome = outcomes.get(step.name);
      const ours = JSON.parse(JSON.stringify(outcome && compared(step, outcome)));
      deepStrictEqual(ours, expected[step.name]);
    });
  }
});

async function askReal(kubeconfig: string): Promise<Record<string, unknown>> {
  const outcomes = await runSteps(await targetOf(kubeconfig), STEPS);
  return Object.fromEntries(STEPS.map((step) => {
    const outcome = outcomes.get(step.name);
    return [step.name, JSON.parse(JSON.stringify(outcome && compared(step, outcome)))];
  }));
}
