// Workers come and go with what there is to do. A cluster with nodes of its own has no image of them.
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Coordinator } from "../../coordinator/mod.ts";
import { serverVersion } from "../../kube/mod.ts";
import { denoImage } from "../../local/mod.ts";
import { OWN_NODES, startTestCluster } from "../support/cluster.ts";
import { talker } from "../support/talker.ts";
import { until } from "../support/until.ts";

const PATIENCE = { timeout: 120_000 };
const IMAGES = { "talker:1": denoImage(new URL("../support/talker.ts", import.meta.url)) };

Deno.test(
  { name: "workers come for work, and go when it is done", ignore: OWN_NODES },
  async (t) => {
    await using cluster = await startTestCluster({ images: IMAGES });
    const { kubeconfig, namespace } = cluster;
    await using coordinator = await Coordinator.create({
      name: "boss",
      kubeconfig,
      namespace,
      kinds: ["Deployment"],
    });
    const errors: string[] = [];
    coordinator.onError(({ message }) => {
      // a worker that is long in starting, or in ending, on a busy machine
      if (!message.startsWith("Cannot talk to worker")) errors.push(message);
    });
    const talkers = await coordinator.run({
      name: "talker",
      image: "talker:1",
      contract: talker,
      grace: 10_000,
      workers: { max: 4, perWorker: 2, idleFor: 1_000 },
    });
    const pods = async () => (await talkers.pods()).filter(({ terminating }) => !terminating);
    const ready = () => talkers.workers.filter(({ state }) => state === "ready").length;

    await t.step("map() has several where there were none, and they go again", async () => {
      deepStrictEqual(await talkers.pods(), []);
      const inputs = Array.from({ length: 60 }, () => ({ ms: 300 }));
      const names = new Set<string>();
      let most = 0;
      let results = 0;
      for await (const result of talkers.map("wait", inputs)) {
        ok(result.ok, result.ok ? "" : String(result.error));
        names.add(result.output);
        most = Math.max(most, (await pods()).length);
        results++;
      }
      strictEqual(results, 60);
      ok(names.size > 1, `${names.size} did it`);
      ok(most <= 4, `there were ${most}`);
      await until("none is left", async () => (await talkers.pods()).length === 0, PATIENCE);
    });

    await t.step("ask() has the first one started", async () => {
      strictEqual(await talkers.ask("greet", { name: "world" }, PATIENCE), "Hello, world!");
      await until("none is left", async () => (await talkers.pods()).length === 0, PATIENCE);
    });

    await t.step("busy ones are not taken while idle ones are there", async () => {
      const tasks = Array.from({ length: 8 }, () => talkers.submit("wait", { ms: 1_000 }));
      await until("four are ready", () => ready() === 4, PATIENCE);
      const [youngest] = (await pods()).sort((a, b) => born(b) - born(a));
      const { name } = youngest!;
      const asked = talkers.ask("wait", { ms: 5_000 }, { to: { worker: name } });
      await Promise.all(tasks.map(({ result }) => result));
      const [left] = await until("one is left", async () => {
        const all = await pods();
        return all.length <= 1 && all;
      }, PATIENCE);
      const { minor } = await serverVersion(cluster.admin);
      if (minor >= 22) strictEqual(left?.name, name); // older ones take any
      strictEqual(await asked, name); // also if it was taken: within its grace
      await until("none is left", async () => (await talkers.pods()).length === 0, PATIENCE);
    });

    await t.step("what is deleted is not scaled any more", async () => {
      await talkers.delete(PATIENCE);
      deepStrictEqual(await talkers.pods(), []);
    });
    deepStrictEqual(errors, []);
  },
);

function born({ source }: { source: { metadata?: { creationTimestamp?: Date | null } | null } }) {
  return source.metadata?.creationTimestamp?.getTime() ?? 0;
}
