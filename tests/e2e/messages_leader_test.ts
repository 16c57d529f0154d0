// What becomes of messages when another coordinator comes to lead.
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { Coordinator, NotLeadingError } from "../../coordinator/mod.ts";
import { denoImage } from "../../local/mod.ts";
import { OWN_NODES, startTestCluster } from "../support/cluster.ts";
import { talker } from "../support/talker.ts";
import { until } from "../support/until.ts";

const TIMEOUT = 60_000;
const IMAGES = { "talker:1": denoImage(new URL("../support/talker.ts", import.meta.url)) };

Deno.test({
  name: "workers go on through a change of leaders: the next one asks them, the former one cannot",
  ignore: OWN_NODES,
}, async () => {
  await using cluster = await startTestCluster({ images: IMAGES });
  const { kubeconfig, namespace } = cluster;
  async function start() {
    const coordinator = await Coordinator.create({
      name: "boss",
      kubeconfig,
      namespace,
      kinds: ["Deployment"],
      election: { leaseDuration: 2_000 },
    });
    coordinator.onError(() => {}); // a connection that breaks as its leader goes
    const running = coordinator.start();
    const talkers = await coordinator.run({
      name: "talker",
      image: "talker:1",
      replicas: 2,
      contract: talker,
    });
    return { coordinator, talkers, running };
  }
  const first = await start();
  await first.talkers.ready({ timeout: TIMEOUT });
  const heard: string[] = [];
  const second = await start();
  second.talkers.on("heard", ({ text }) => void heard.push(text));
  const before = await first.talkers.askAll("who", undefined);
  strictEqual(before.length, 2);
  await rejects(second.talkers.ask("who", undefined), NotLeadingError);

  // what waits and what runs when the term ends is rejected, whoever it was given to
  const running = first.talkers.ask("wait", { ms: 30_000 }).catch((error) => error);
  await until("it runs", () => first.talkers.workers.some(({ inFlight }) => inFlight > 0));
  await first.coordinator.stop();
  ok(await running instanceof Error);
  await first.running;

  await until("the second one leads", () => second.coordinator.health.leading, {
    timeout: TIMEOUT,
  });
  const after = await until("both answer", async () => {
    const answers = await second.talkers.askAll("who", undefined);
    return answers.length === 2 && answers.every(({ ok }) => ok) && answers;
  }, { timeout: TIMEOUT });
  const pids = (answers: typeof before) =>
    answers.map((answer) => answer.ok ? answer.output.pid : answer.error).sort();
  deepStrictEqual(pids(after), pids(before)); // no worker was restarted
  await until("the handler was told to stop", () => heard.includes("canceled"), {
    timeout: TIMEOUT,
  });
  await rejects(first.talkers.ask("who", undefined));
  await second.coordinator.stop();
  await second.running;
});
