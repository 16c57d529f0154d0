// Coordinator and workers talk, on the embedded cluster and on a real control plane. A cluster with nodes
// of its own has no image of this worker.
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { CoreV1Api } from "@cloudydeno/kubernetes-apis/core/v1";
import { Coordinator, type CoordinatorOptions } from "../../coordinator/mod.ts";
import { denoImage } from "../../local/mod.ts";
import { isMethodError, LostError, OverloadedError, TimedOutError } from "../../messaging/mod.ts";
import { OWN_NODES, startTestCluster } from "../support/cluster.ts";
import { talker } from "../support/talker.ts";
import { until } from "../support/until.ts";

const TIMEOUT = 60_000;
const IMAGES = { "talker:1": denoImage(new URL("../support/talker.ts", import.meta.url)) };

async function startScene(options: Partial<CoordinatorOptions> = {}) {
  await using stack = new AsyncDisposableStack();
  const cluster = stack.use(
    await startTestCluster({
      images: IMAGES,
      restartBackoff: { initial: 50, max: 200, resetAfter: 1e6 },
    }),
  );
  const { kubeconfig, namespace } = cluster;
  const coordinator = stack.use(
    await Coordinator.create({
      name: "boss",
      kubeconfig,
      namespace,
      kinds: ["Deployment"],
      ...options,
    }),
  );
  const errors: string[] = [];
  coordinator.onError((error) => errors.push(error.message));
  const talkers = await coordinator.run({
    name: "talker",
    image: "talker:1",
    replicas: 3,
    contract: talker,
    grace: 10_000,
  });
  await talkers.ready({ timeout: TIMEOUT });
  const moved = stack.move();
  return {
    cluster,
    coordinator,
    talkers,
    errors,
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  };
}

Deno.test({
  name: "workers are asked, told, listened to, and ask each other",
  ignore: OWN_NODES,
}, async (t) => {
  await using scene = await startScene();
  const { talkers, errors, cluster } = scene;
  const core = new CoreV1Api(cluster.admin).namespace(cluster.namespace);
  const heard: string[] = [];
  talkers.on("heard", ({ text }) => void heard.push(text));
  const names = (await talkers.pods()).map(({ name }) => name);
  await until(
    "all answer",
    () => talkers.workers.filter(({ state }) => state === "ready").length === 3,
  );

  await t.step("ask() resolves with what one of them answers", async () => {
    strictEqual(await talkers.ask("greet", { name: "world" }), "Hello, world!");
    const many = await Promise.all(
      Array.from({ length: 200 }, () => talkers.ask("who", undefined, { balance: "roundRobin" })),
    );
    deepStrictEqual([...new Set(many.map(({ name }) => name))].sort(), names);
    for (const name of names) {
      strictEqual((await talkers.ask("who", undefined, { to: { worker: name } })).name, name);
    }
    const keyed = await Promise.all(
      ["a", "a", "a"].map((key) => talkers.ask("who", undefined, { to: { key } })),
    );
    strictEqual(new Set(keyed.map(({ name }) => name)).size, 1);
  });

  await t.step("ask() rejects with what the contract names, and with other errors", async () => {
    strictEqual(await talkers.ask("divide", { a: 6, b: 3 }), 2);
    const error = await talkers.ask("divide", { a: 6, b: 0 }).catch((error) => error);
    ok(isMethodError(error, talker, "divide", "byZero"));
    strictEqual(error.data.a, 6);
    await rejects(
      talkers.ask("greet", { name: 1 as unknown as string }),
      { name: "IncompatibleError", message: /"name"/ },
    );
    await rejects(talkers.ask("wait", { ms: 10_000 }, { timeout: 100 }), TimedOutError);
    await until("the handler was told", () => heard.includes("canceled"));
    const signal = AbortSignal.timeout(50);
    await rejects(talkers.ask("wait", { ms: 10_000 }, { signal }), { name: "TimeoutError" });
  });

  await t.step("ask() waits for room, or is refused, when all are busy", async () => {
    const busy = Array.from({ length: 12 }, () => talkers.ask("wait", { ms: 500 })); // 3 × (2 + 2)
    await rejects(talkers.ask("greet", { name: "x" }, { overload: "reject" }), OverloadedError);
    strictEqual(await talkers.ask("greet", { name: "x" }), "Hello, x!");
    await Promise.all(busy);
  });

  await t.step("stream(), tell(), broadcast() and askAll() reach them", async () => {
    const items = await Array.fromAsync(talkers.stream("count", { to: 1_000 }));
    deepStrictEqual(items, Array.from({ length: 1_000 }, (_, i) => i + 1));
    for await (const item of talkers.stream("count", { to: 1e9 })) if (item === 100) break;
    ok(talkers.tell("announce", { text: "one" }));
    await until("one was heard", () => heard.includes("one"));
    strictEqual(await talkers.broadcast("announce", { text: "all" }), 3);
    await until("all were heard", () => heard.filter((text) => text === "all").length === 3);
    const answers = await talkers.askAll("who", undefined);
    deepStrictEqual(
      answers.map(({ worker, ok }) => [worker.name, ok]).sort(),
      names.map((n) => [n, true]),
    );
  });

  await t.step("workers ask each other, and hear who joined", async () => {
    const [first, ...others] = names;
    await until(
      "peers",
      async () =>
        (await talkers.ask("peers", undefined, { to: { worker: first! } })).join() ===
          others.join(),
    );
    for (const name of others) ok(heard.includes(`${name} joined`));
  });

  await t.step(
    "a worker that dies loses what it had; what is idempotent goes to another one",
    async () => {
      const [victim] = names;
      const to = { worker: victim! };
      const lost = rejects(talkers.ask("crash", { code: 3 }, { to }), LostError);
      await lost;
      strictEqual(typeof (await talkers.ask("who", undefined)).pid, "number");
      await until("it is back", async () => {
        const answer = await talkers.ask("who", undefined, { to, timeout: 1_000 }).catch(() =>
          undefined
        );
        return answer !== undefined;
      }, { timeout: TIMEOUT });
    },
  );

  await t.step("map() calls for each input", async () => {
    const outputs: string[] = [];
    const inputs = Array.from({ length: 100 }, (_, i) => ({ name: `n${i}` }));
    for await (const result of talkers.map("greet", inputs, { ordered: true })) {
      ok(result.ok);
      outputs.push(result.output);
    }
    deepStrictEqual(outputs, inputs.map(({ name }) => `Hello, ${name}!`));
    strictEqual(await talkers.submit("greet", { name: "task" }).result, "Hello, task!");
  });

  await t.step("a pod that is deleted drains, and another one takes its place", async () => {
    const before = (await talkers.pods()).map(({ name }) => name);
    const waiting = talkers.ask("wait", { ms: 1_500 }, { to: { worker: before[0]! } });
    await until("it has begun", () => talkers.workers.some(({ inFlight }) => inFlight > 0));
    await core.deletePod(before[0]!);
    strictEqual(await waiting, before[0]); // within its grace
    await until(
      "three are ready again",
      () =>
        talkers.workers.filter(({ worker, state }) =>
          state === "ready" && worker.name !== before[0]
        ).length === 3,
      { timeout: TIMEOUT },
    );
  });

  await t.step("a new key interrupts nothing, and is the one that new workers get", async () => {
    const waiting = talkers.ask("wait", { ms: 500 });
    await scene.coordinator.rotateKey();
    await waiting;
    const [victim] = (await talkers.pods()).map(({ name }) => name);
    await core.deletePod(victim!, { gracePeriodSeconds: 0 });
    await until(
      "three are ready again",
      () =>
        talkers.workers.filter(({ worker, state }) => state === "ready" && worker.name !== victim)
          .length === 3,
      { timeout: TIMEOUT },
    );
    strictEqual(await talkers.ask("greet", { name: "key" }), "Hello, key!");
  });
  deepStrictEqual(errors, []);
});
