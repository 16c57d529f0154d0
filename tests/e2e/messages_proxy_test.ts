// Messages through the API server's pod proxy while connections to it are cut and stall, with the embedded
// API server and with a real one.
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { Coordinator, type Workload } from "../../coordinator/mod.ts";
import { LostError } from "../../messaging/mod.ts";
import type { FaultProxy, FaultRule } from "../../testing/mod.ts";
import { REAL, startTestCluster } from "../support/cluster.ts";
import { startMachinePod, WHY_NONE } from "../support/machine_pod.ts";
import { allAnswer, startMessagesScene } from "../support/messages_scene.ts";
import { startProxied } from "../support/proxied.ts";
import { talker } from "../support/talker.ts";
import { until } from "../support/until.ts";

type Talkers = Workload<typeof talker["specs"]>;

/** What of an API server's requests is messages. */
const path = /\/proxy\/troupe\/messages/;
/** Longer than any outage here. */
const timeout = 120_000;
const LONG = "ä".repeat(1024 * 1024);

/** Lets these faults strike connections with messages, and ends those that are there. */
function strike(proxy: FaultProxy, rules: FaultRule[]): () => number {
  const before = proxy.record.length;
  proxy.use({ seed: 7, rules: rules.map((rule) => ({ ...rule, path })) });
  proxy.cut();
  const faults = rules.map(({ fault }) => fault as string);
  return () => proxy.record.slice(before).filter(({ action }) => faults.includes(action)).length;
}

async function talk(talkers: Talkers): Promise<void> {
  strictEqual(await talkers.ask("greet", { name: "world" }, { timeout }), "Hello, world!");
  strictEqual((await talkers.ask("echo", { text: LONG }, { timeout })).text, LONG);
  const items = await Array.fromAsync(talkers.stream("count", { to: 2_000 }, { timeout }));
  ok(items.length === 2_000 && items.every((item, i) => item === i + 1));
}

/** Asks what is counted, many times; resolves with how often it ran. */
async function bump(talkers: Talkers, worker: string, times: number): Promise<number> {
  const to = { worker };
  const all = await Promise.all(
    Array.from({ length: times }, () => talkers.ask("bump", undefined, { to, timeout })),
  );
  strictEqual(new Set(all).size, times); // none was answered by another one's answer
  return Math.max(...all);
}

async function talkUnderFaults(
  t: Deno.TestContext,
  options: { talkers: Talkers; proxy: FaultProxy; coordinator: Coordinator },
): Promise<void> {
  const { talkers, proxy, coordinator } = options;
  const [worker] = talkers.workers.map(({ worker }) => worker.name);
  await t.step("asks, a stream and long messages", () => talk(talkers));
  await t.step("go on when connections are cut, and nothing runs twice", async () => {
    await allAnswer(talkers, 1);
    // all once the upgrade is over: Deno never ends one in a server whose client is gone before
    const struck = strike(proxy, [
      { fault: "cut", limit: 3, afterBytes: [2_000, 400_000] },
      { fault: "cut", limit: 3, afterBytes: [300, 2_000] },
    ]);
    const [count] = await Promise.all([bump(talkers, worker!, 200), talk(talkers), talk(talkers)]);
    strictEqual(count, 200);
    ok(struck() > 0);
  });
  await t.step("go on when a connection stalls", async () => {
    await allAnswer(talkers, 1);
    const struck = strike(proxy, [{ fault: "stall", limit: 1, afterBytes: [20_000, 100_000] }]);
    await Promise.all([talk(talkers), talk(talkers)]);
    strictEqual(struck(), 1);
  });
  await t.step("go on over a new key", async () => {
    await allAnswer(talkers, 1);
    strike(proxy, []);
    await Promise.all([talk(talkers), coordinator.rotateKey()]);
    await allAnswer(talkers, 1);
    proxy.cut(); // the next handshake is with the new one
    await talk(talkers);
  });
}

for (const tls of [false, true]) {
  Deno.test({
    name: `messages go through an API server's pod proxy, ${tls ? "by" : "without"} TLS${WHY_NONE}`,
    ignore: WHY_NONE !== "",
  }, async (t) => {
    await using cluster = await startTestCluster({ images: {}, nodes: 0 });
    await using proxied = await startProxied(cluster);
    await using coordinator = await Coordinator.create({
      name: "boss",
      kubeconfig: proxied.kubeconfig,
      namespace: cluster.namespace,
      kinds: ["Deployment"],
      messaging: { via: "proxy", tls },
    });
    coordinator.onError(() => {}); // cut connections are told
    const running = coordinator.start();
    const talkers = coordinator.workload("talker", { contract: talker });
    await using pod = await startMachinePod(cluster, {
      program: new URL("../support/talker.ts", import.meta.url),
      coordinator: "boss",
      workload: "talker",
      tls,
    });
    await allAnswer(talkers, 1);
    await talkUnderFaults(t, { talkers, proxy: proxied.proxy, coordinator });
    await t.step("end when the worker is gone", async () => {
      const lost = rejects(talkers.ask("wait", { ms: 60_000 }, { timeout }), LostError);
      await until("it runs", () => talkers.workers.some(({ inFlight }) => inFlight > 0));
      await pod.process.stop("SIGKILL");
      await pod.remove();
      await lost;
      deepStrictEqual(talkers.workers, []);
    });
    await coordinator.stop();
    await running;
  });
}

Deno.test({
  name: "messages reach pods of a local cluster through its API server, also after a death",
  ignore: REAL, // a real API server reaches no pod on loopback
}, async () => {
  let proxy: FaultProxy | undefined;
  await using scene = await startMessagesScene({
    messaging: { via: "proxy" },
    proxied: async (cluster) => {
      const proxied = await startProxied(cluster);
      proxy = proxied.proxy;
      return proxied;
    },
  });
  const { talkers } = scene;
  await talk(talkers);
  ok(proxy!.record.filter((entry) => path.test(entry.path ?? "")).length >= 2);
  const [victim] = talkers.workers.map(({ worker }) => worker.name);
  const to = { worker: victim! };
  await rejects(talkers.ask("crash", { code: 3 }, { to, timeout }), LostError);
  await allAnswer(talkers, 2);
  strictEqual(await talkers.ask("bump", undefined, { to, timeout }), 1); // another process
});
