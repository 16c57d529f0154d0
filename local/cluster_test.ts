import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { plainClusterConfig, podExec, Transport } from "../kube/mod.ts";
import { LocalCluster, type LocalClusterOptions } from "./cluster.ts";

interface Named {
  metadata: { name: string };
  status?: { conditions?: { type: string; status: string }[] };
}

async function get<T>(cluster: LocalCluster, path: string): Promise<T> {
  return await (await fetch(`${cluster.url}/api/v1/${path}`)).json();
}

async function createPod(cluster: LocalCluster, name: string): Promise<void> {
  const response = await fetch(`${cluster.url}/api/v1/namespaces/default/pods`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      metadata: { name },
      spec: { containers: [{ name: "main", image: "sh" }] },
    }),
  });
  strictEqual(response.status, 201);
  await response.body?.cancel();
}

/** The log of a pod, to its end or to its first output, as soon as the pod runs. */
async function heard(cluster: LocalCluster, name: string): Promise<string> {
  const path = `${cluster.url}/api/v1/namespaces/default/pods`;
  const watch = await fetch(`${path}?watch=true&fieldSelector=metadata.name=${name}`);
  let seen = "";
  for await (const text of watch.body!.pipeThrough(new TextDecoderStream())) {
    seen += text;
    if (seen.includes('"phase":"Running"')) break;
  }
  const log = await fetch(`${path}/${name}/log?follow=true`);
  for await (const text of log.body!.pipeThrough(new TextDecoderStream())) return text;
  throw new Error(`pod "${name}" wrote nothing`);
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

Deno.test("LocalCluster.start() has as many ready nodes as it was told", async () => {
  for (const nodes of [0, 2, ["a", "b.c"]]) {
    await using cluster = await LocalCluster.start({ nodes, images: {} });
    const { items } = await get<{ items: Named[] }>(cluster, "nodes");
    deepStrictEqual(items.map(({ metadata }) => metadata.name), cluster.nodes);
    for (const { status } of items) {
      strictEqual(status?.conditions?.find(({ type }) => type === "Ready")?.status, "True");
    }
  }
});

Deno.test("LocalCluster.start() refuses nodes that cannot be", async () => {
  for (const nodes of [-1, 1.5, ["a", "a"], ["../a"], ["A"], [""]]) {
    await rejects(LocalCluster.start({ nodes, images: {} }), /^RangeError: Cannot start a cluster/);
  }
});

Deno.test("LocalCluster.close() ends the pods and leaves no file, however often it is called", async () => {
  const cluster = await LocalCluster.start({
    images: { sh: ["/bin/sh", "-c", "echo $$; exec sleep 1000"] },
  });
  await createPod(cluster, "a");
  const pid = Number(await heard(cluster, "a"));
  Deno.kill(pid, "SIGCONT");
  await createPod(cluster, "b"); // It may be starting yet when the cluster closes.
  await Promise.all([cluster.close(), cluster.close()]);
  await cluster.close();
  ok(!exists(cluster.dir));
  throws(() => Deno.kill(pid, "SIGCONT"));
  await rejects(fetch(cluster.url));
});

Deno.test("LocalCluster.start() leaves nothing when it fails or is given up", async () => {
  const parent = await Deno.makeTempDir();
  try {
    await using first = await LocalCluster.start({ dir: `${parent}/a`, images: {} });
    const { port } = new URL(first.url);
    const failing: [LocalClusterOptions, RegExp][] = [
      [{ images: {}, port: Number(port) }, /AddrInUse/],
      [{ images: {}, nodes: ["x", "node-1"], dir: `${parent}/a` }, /a node agent of this process/],
      [{ images: {}, signal: AbortSignal.abort(new Error("no more")) }, /no more/],
    ];
    for (const [options, message] of failing) await rejects(LocalCluster.start(options), message);
    ok((await Deno.readTextFile(first.kubeconfig)).includes(first.url));
    const stop = new AbortController();
    const starting = LocalCluster.start({ images: {}, nodes: 3, signal: stop.signal });
    await Promise.resolve();
    stop.abort(new Error("enough"));
    await rejects(starting, /enough/);
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
});

Deno.test("LocalCluster.start() runs thousands of simulated pods on a node", async () => {
  await using cluster = await LocalCluster.start({ runtime: "simulated", images: {} });
  const { status } = await get<{ status: { allocatable: Record<string, string> } }>(
    cluster,
    "nodes/node-1",
  );
  const { pods, cpu, memory } = status.allocatable;
  deepStrictEqual({ pods, cpu, memory }, {
    pods: "10k",
    cpu: "100k",
    memory: "1Pi",
  });
  await createPod(cluster, "a");
  strictEqual(await heard(cluster, "a"), "started\n");
  await using client = new Transport(plainClusterConfig(cluster.url));
  await rejects(podExec(client, { namespace: "default", pod: "a", command: ["ls"] }), {
    message: `Cannot exec in pod "a" in namespace "default": ` +
      `Cannot run "ls": the pod is simulated, nothing runs in it`,
  });
});

Deno.test("LocalCluster.start() names the permission that it lacks, and does with what it names", async () => {
  const module = new URL("./cluster.ts", import.meta.url).href;
  const code = `
    import { LocalCluster } from "${module}";
    await using cluster = await LocalCluster.start({ images: {} }).catch((error) => {
      console.log(error.message);
      Deno.exit();
    });
    console.log("started");`;
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(file, code);
  async function run(flags: string[]): Promise<string> {
    const config = `--config=${new URL("../deno.json", import.meta.url).pathname}`;
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--quiet", "--no-check", config, ...flags, file],
    }).output();
    return new TextDecoder().decode(stdout).trim();
  }
  try {
    const first = await run([]);
    ok(first.includes("run deno with --allow-net (all it needs: "), first);
    const flags = /needs: (.+)\)$/.exec(first)![1]!.split(" ");
    const withoutRun = await run(flags.filter((flag) => flag !== "--allow-run"));
    ok(withoutRun.includes("may not run pods; run deno with --allow-run"), withoutRun);
    strictEqual(await run(flags), "started");
  } finally {
    await Deno.remove(file);
  }
});
