import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { dirname } from "node:path";
import denoConfig from "../deno.json" with { type: "json" };
import { type ClusterConfig, plainClusterConfig } from "../kube/mod.ts";
import { ApiServer } from "../local/apiserver/mod.ts";
import { Primitives } from "../primitives/mod.ts";
import { Worker } from "./mod.ts";

/** Calls with variables set, or unset, and as they were afterwards. */
async function withEnv(
  env: Record<string, string | undefined>,
  call: () => Promise<void>,
): Promise<void> {
  const before = Object.keys(env).map((name) => [name, Deno.env.get(name)] as const);
  const set = ([name, value]: readonly [string, string | undefined]) =>
    value === undefined ? Deno.env.delete(name) : Deno.env.set(name, value);
  Object.entries(env).forEach(set);
  try {
    await call();
  } finally {
    before.forEach(set);
  }
}

/** Shorter than what others wait for a holder that is dead: who gets a lock within it was given it. */
const LIMIT = { timeout: 5_000 };

/** Calls with a server and a kubeconfig that names it. */
async function onServer(
  call: (server: { kubeconfig: string; config: ClusterConfig }) => Promise<void>,
): Promise<void> {
  await using server = await ApiServer.start();
  const dir = await Deno.makeTempDir();
  try {
    const kubeconfig = `${dir}/kubeconfig`;
    await Deno.writeTextFile(
      kubeconfig,
      JSON.stringify({
        apiVersion: "v1",
        kind: "Config",
        clusters: [{ name: "c", cluster: { server: server.url } }],
        users: [{ name: "u", user: {} }],
        contexts: [{ name: "x", context: { cluster: "c", user: "u", namespace: "shop" } }],
        "current-context": "x",
      }),
    );
    await call({ kubeconfig, config: plainClusterConfig(server.url) });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** A folder in which there is no kubeconfig. */
const NOWHERE = { KUBECONFIG: undefined, HOME: "/nonexistent", KUBERNETES_SERVICE_HOST: undefined };

Deno.test("Worker.primitives() says how a worker of a coordinator gets a token when it has none", async () => {
  await withEnv({ ...NOWHERE, TROUPE_COORDINATOR: "boss" }, async () => {
    await using worker = await Worker.create({ name: "w", port: 0 });
    await rejects(worker.primitives(), {
      name: "ConfigError",
      message:
        /^Cannot use primitives in worker "w": Cannot find a cluster: looked at .*; a worker gets a token of the API server by run\({ …, primitives: \["mutex\/orders", …\] }\), which/,
    });
  });
});

Deno.test("Worker.primitives() says where a cluster was looked for when it was started by hand", async () => {
  await withEnv({ ...NOWHERE, TROUPE_COORDINATOR: undefined }, async () => {
    await using worker = await Worker.create({ name: "w", port: 0 });
    await rejects(worker.primitives(), { message: /^Cannot find a cluster: looked at / });
  });
});

Deno.test("Worker.primitives() are the same for all, in its namespace, and over when it stops", async () => {
  await onServer(async ({ kubeconfig }) => {
    await withEnv({ KUBECONFIG: kubeconfig, POD_NAMESPACE: undefined }, async () => {
      const byHand = await Worker.create({ name: "w", port: 0 });
      const [a, b] = await Promise.all([byHand.primitives(), byHand.primitives()]);
      strictEqual(a, b);
      strictEqual(a.namespace, "shop");
      await byHand.stop();
      await rejects(byHand.primitives(), {
        message: 'Cannot use primitives: worker "w" is stopped',
      });
    });
    await withEnv({ KUBECONFIG: kubeconfig, POD_NAMESPACE: "team" }, async () => {
      await using inPod = await Worker.create({ name: "w", port: 0 });
      strictEqual((await inPod.primitives()).namespace, "team");
    });
  });
});

Deno.test("Worker.primitives() work with the permissions of primitivesWorker, beside the kubeconfig", async () => {
  await onServer(async ({ kubeconfig }) => {
    const { env, read } = denoConfig.permissions.primitivesWorker;
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--no-prompt",
        "--no-check",
        "--allow-net",
        `--allow-env=${env}`,
        `--allow-read=${[...read, dirname(kubeconfig)]}`,
        new URL("./testdata/primitives_worker.ts", import.meta.url).pathname,
      ],
      env: { KUBECONFIG: kubeconfig, POD_NAMESPACE: "default" },
    }).output();
    const [out, error] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    deepStrictEqual([out, error], ["mutex/default/orders\n", ""]);
  });
});

Deno.test("Worker.stop() gives back what it holds when its handlers have settled", async () => {
  await onServer(async ({ kubeconfig, config }) => {
    await withEnv({ KUBECONFIG: kubeconfig, POD_NAMESPACE: "default" }, async () => {
      const worker = await Worker.create({ name: "w", port: 0, hostname: "127.0.0.1" });
      const held = await (await worker.primitives()).mutex("m").acquire(LIMIT);
      const seen: unknown[] = [];
      worker.onWorkerEvent(async ({ type }) => {
        if (type === "started") return void worker.stop();
        if (type !== "stopped") return;
        await Promise.resolve();
        seen.push(held.remainingMs() > 0);
      });
      await worker.start();
      deepStrictEqual([...seen, held.remainingMs()], [true, 0]);
      await using others = await Primitives.create({ config });
      await others.mutex("m").acquire(LIMIT);
    });
  });
});

Deno.test("Worker.stop() gives back what a worker holds that was never started", async () => {
  await onServer(async ({ kubeconfig, config }) => {
    await withEnv({ KUBECONFIG: kubeconfig, POD_NAMESPACE: "default" }, async () => {
      const worker = await Worker.create({ name: "w", port: 0 });
      await (await worker.primitives()).mutex("m").acquire(LIMIT);
      await worker.stop();
      await using others = await Primitives.create({ config });
      await others.mutex("m").acquire(LIMIT);
    });
  });
});
