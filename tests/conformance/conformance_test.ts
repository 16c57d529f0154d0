/**
 * The same requests to our API server and to a real one. With TROUPE_TEST_KUBECONFIG the real one
 * is asked now; without, its recorded answers count. So do they when controllers run beside the real
 * one: they would change its objects between two steps.
 */
import { deepStrictEqual } from "node:assert/strict";
import { ApiServer } from "../../local/apiserver/mod.ts";
import { compared } from "./compare.ts";
import recorded from "./recorded.json" with { type: "json" };
import { STEPS } from "./steps.ts";
import { hasControllers, plainTarget, runSteps, targetOf } from "./target.ts";

Deno.test("ApiServer answers as a real API server does", async (t) => {
  const kubeconfig = Deno.env.get("TROUPE_TEST_KUBECONFIG");
  const live = kubeconfig ? await askReal(kubeconfig) : undefined;
  const expected = live ?? recorded as Record<string, unknown>;
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

async function askReal(kubeconfig: string): Promise<Record<string, unknown> | undefined> {
  const target = await targetOf(kubeconfig);
  if (await hasControllers(target)) return undefined;
  const outcomes = await runSteps(target, STEPS);
  return Object.fromEntries(STEPS.map((step) => {
    const outcome = outcomes.get(step.name);
    return [step.name, JSON.parse(JSON.stringify(outcome && compared(step, outcome)))];
  }));
}
