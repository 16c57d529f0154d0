// Versions of a worker that are alive at once, on the embedded cluster and on a real control plane.
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { Coordinator } from "../../coordinator/mod.ts";
import { denoImage } from "../../local/mod.ts";
import { IncompatibleError } from "../../messaging/mod.ts";
import { OWN_NODES, startTestCluster } from "../support/cluster.ts";
import { second } from "../support/skewed.ts";
import { until } from "../support/until.ts";

const TIMEOUT = 60_000;
const PROGRAM = new URL("../support/skewed.ts", import.meta.url);
const IMAGES = Object.fromEntries(["1", "2", "3"].map((VERSION) => {
  return [`skewed:${VERSION}`, denoImage(PROGRAM, { env: { VERSION } })];
}));

Deno.test({
  name: "a rollout from one version of a contract to another one",
  ignore: OWN_NODES,
}, async (t) => {
  await using cluster = await startTestCluster({ images: IMAGES });
  const { kubeconfig, namespace } = cluster;
  const options = { name: "boss", kubeconfig, namespace, kinds: ["Deployment" as const] };
  await using coordinator = await Coordinator.create(options);
  const errors: Error[] = [];
  coordinator.onError((error) => errors.push(error));
  const run = {
    name: "skewed",
    replicas: 3,
    strategy: { maxSurge: 1, maxUnavailable: 0 },
    contract: second,
    grace: 10_000,
  } as const;
  const skewed = await coordinator.run({ ...run, image: "skewed:1" });
  await skewed.ready({ timeout: TIMEOUT });
  const input = { name: "you" };
  const greetings = async () => {
    const answers = await skewed.askAll("greet", input);
    return new Set(answers.map((answer) => answer.ok ? answer.output[0]! : String(answer.error)));
  };

  await t.step("what only the coordinator has is not asked of a worker", async () => {
    strictEqual(await skewed.ask("greet", input), "1: Hello, you!");
    const [{ worker }] = skewed.workers as [typeof skewed.workers[0]];
    await rejects(skewed.ask("shout", input, { to: { worker: worker.name } }), {
      name: "IncompatibleError",
      message: /its contract has no such method$/,
    });
    await rejects(skewed.ask("shout", input, { timeout: 200 }), { name: "TimedOutError" });
  });

  await t.step("while both are alive it is asked of the new ones", async () => {
    const waiting = skewed.ask("shout", input, { timeout: TIMEOUT }); // until there is one
    const updated = skewed.update({ image: "skewed:2" }, { timeout: TIMEOUT });
    let over = false;
    void updated.finally(() => over = true).catch(() => {});
    strictEqual(await waiting, "2: HELLO, YOU!");
    let both = 0;
    while (!over) {
      const [shouted, greeted] = await Promise.all([
        Promise.all([1, 2, 3, 4].map(() => skewed.ask("shout", input, { balance: "roundRobin" }))),
        greetings(),
      ]);
      deepStrictEqual([...new Set(shouted)], ["2: HELLO, YOU!"]);
      if (greeted.has("1") && greeted.has("2")) both++;
    }
    await updated;
    ok(both > 0);
    await skewed.ready({ timeout: TIMEOUT });
    await until("the old ones are gone", async () => [...await greetings()].join() === "2");
    deepStrictEqual(errors, []);
  });

  await t.step(
    "one that does not fit is refused, and told with what is to be updated",
    async () => {
      await coordinator.run({ ...run, replicas: 1, image: "skewed:3" });
      const error = await until(
        "it is told",
        () => errors.find(({ cause }) => cause instanceof IncompatibleError),
        {
          timeout: TIMEOUT,
        },
      );
      match(error.message, /^Cannot talk to worker "skewed-\S+": Cannot use contract "skewed": /);
      match(error.message, /method "greet", input field "name"/);
      match(
        error.message,
        /; update the caller: the caller has version 1\.1 of it, and the worker 2\.0$/,
      );
      await rejects(skewed.ready({ timeout: 2_000 }));
      await skewed.update({ image: "skewed:2" }, { timeout: TIMEOUT });
      await skewed.ready({ timeout: TIMEOUT });
      strictEqual(await skewed.ask("greet", input), "2: Hello, you!");
    },
  );
});
