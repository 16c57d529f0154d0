// Commands in pods and logs of pods, through the API server to the node.
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { CoreV1Api, type Pod } from "@cloudydeno/kubernetes-apis/core/v1";
import {
  ApiError,
  loadClusterConfig,
  podExec,
  podExecStream,
  podLogs,
  Transport,
} from "../../kube/mod.ts";
import { OWN_NODES, startTestCluster, type TestCluster } from "../support/cluster.ts";
import { startProxied } from "../support/proxied.ts";
import { until } from "../support/until.ts";

const TIMEOUT = 60_000;
const IMAGES = { "shell:latest": ["/bin/sh"] };

/** On nodes with a container runtime there is no such image, and a slim one may have no shell. */
const IMAGE = Deno.env.get("TROUPE_TEST_SHELL_IMAGE") ?? "shell:latest";
const ignore = OWN_NODES && !Deno.env.has("TROUPE_TEST_SHELL_IMAGE");

const MIB = 1024 * 1024;

/** Makes a pod that runs a shell script. */
async function runPod(
  cluster: TestCluster,
  script: string,
  spec: Partial<NonNullable<Pod["spec"]>> = {},
): Promise<{ namespace: string; pod: string }> {
  const { namespace } = cluster;
  const pod = `shell-${crypto.randomUUID().slice(0, 8)}`;
  const core = new CoreV1Api(cluster.admin).namespace(namespace);
  await until("the namespace's service account", () =>
    core.createPod({
      metadata: { name: pod },
      spec: {
        restartPolicy: "Never",
        terminationGracePeriodSeconds: 0,
        containers: [{ name: "main", image: IMAGE, command: ["/bin/sh", "-c", script] }],
        ...spec,
      },
    }).catch((error) => {
      if (!/service account/.test(error.message)) throw error;
      return false as const;
    }));
  return { namespace, pod };
}

async function runningPod(cluster: TestCluster, script = "sleep 1000") {
  const target = await runPod(cluster, script);
  const core = new CoreV1Api(cluster.admin).namespace(target.namespace);
  await until("the pod to run", async () => {
    const { status } = await core.getPod(target.pod);
    return status?.containerStatuses?.[0]?.state?.running !== undefined;
  }, { timeout: TIMEOUT });
  return target;
}

async function textOf(lines: AsyncIterable<{ text: string }>): Promise<string[]> {
  return await Array.fromAsync(lines, ({ text }) => text);
}

Deno.test({ name: "podExec() runs commands in a pod", ignore }, async (t) => {
  await using cluster = await startTestCluster({ images: IMAGES });
  const target = await runningPod(cluster);
  const sh = (script: string, options: { stdin?: string; timeout?: number } = {}) =>
    podExec(cluster.admin, { ...target, command: ["/bin/sh", "-c", script], ...options });

  await t.step("with both outputs and the exit code", async () => {
    deepStrictEqual(await sh("echo out; echo err >&2; exit 3"), {
      exitCode: 3,
      stdout: "out\n",
      stderr: "err\n",
    });
    deepStrictEqual(await sh("kill -9 $$"), { exitCode: 137, stdout: "", stderr: "" });
    strictEqual((await sh("exit 0")).exitCode, 0);
  });
  await t.step("with stdin to its end", async () => {
    deepStrictEqual((await sh("cat | tr a-z A-Z", { stdin: "ünder\nway" })).stdout, "üNDER\nWAY");
    strictEqual((await sh("cat")).stdout, "");
    // a command that does not read it all
    strictEqual((await sh("head -c 3", { stdin: "x".repeat(2 * MIB) })).stdout, "xxx");
  });
  await t.step("and names what cannot be run", async () => {
    const failure = await podExec(cluster.admin, { ...target, command: ["/no/such"] })
      .catch((error) => error);
    ok(failure instanceof ApiError);
    match(failure.message, /^Cannot exec in pod "shell-.*" in namespace "troupe-e2e-.*\/no\/such/);
    await rejects(podExec(cluster.admin, { ...target, pod: "none", command: ["ls"] }), {
      name: "ApiError",
      httpCode: 404,
    });
    await rejects(
      podExec(cluster.admin, { ...target, container: "none", command: ["ls"] }),
      { name: "ApiError", httpCode: 400 },
    );
  });
  await t.step("until its time is over, when the node kills it", async () => {
    await rejects(sh("echo $$ > $TMPDIR/pid; sleep 1000", { timeout: 500 }), {
      name: "ConnectionError",
      timedOut: true,
    });
    if (OWN_NODES) return; // a kubelet lets it run
    await until("the command to be killed", async () => {
      return (await sh("kill -0 $(cat $TMPDIR/pid)")).exitCode !== 0;
    });
  });
  await t.step("as an interactive stream", async () => {
    await using streams = await podExecStream(cluster.admin, {
      ...target,
      command: ["cat"],
      stdin: true,
    });
    const writer = streams.stdin.getWriter();
    const reader = streams.stdout.getReader();
    for (const word of ["one", "two"]) {
      await writer.write(new TextEncoder().encode(word));
      strictEqual(new TextDecoder().decode((await reader.read()).value), word);
    }
    await writer.close();
    ok((await reader.read()).done);
    deepStrictEqual(await streams.status, { exitCode: 0 });
  });
});

Deno.test(
  { name: "podExecStream() hands on 20 MiB to a slow reader in bounded memory", ignore },
  async () => {
    await using cluster = await startTestCluster({ images: IMAGES });
    const target = await runningPod(cluster);
    const total = 20 * MIB;
    const command = ["/bin/sh", "-c", `head -c ${total} /dev/zero; echo done >&2`];
    const { stdout, stderr, status } = await podExecStream(cluster.admin, { ...target, command });
    const errors = new Response(stderr).text();
    let received = 0;
    let pauses = 0;
    for await (const bytes of stdout) {
      received += bytes.length;
      if (++pauses % 40 === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    strictEqual(received, total);
    strictEqual(await errors, "done\n");
    deepStrictEqual(await status, { exitCode: 0 });
  },
);

Deno.test({ name: "podLogs() reads, follows and ends", ignore }, async (t) => {
  await using cluster = await startTestCluster({ images: IMAGES });
  await t.step("a log that is followed before the container is started", async () => {
    const target = await runPod(cluster, "echo one; echo; echo two >&2; printf three");
    const lines = await textOf(podLogs(cluster.admin, { ...target, follow: true }));
    deepStrictEqual(lines.sort(), ["", "one", "three", "two"]);
    // and once more when all is over
    strictEqual((await textOf(podLogs(cluster.admin, { ...target, follow: true }))).length, 4);
    const tail = await Array.fromAsync(
      podLogs(cluster.admin, { ...target, tailLines: 1, timestamps: true }),
    );
    strictEqual(tail.length, 1);
    ok(Math.abs(tail[0]!.time!.getTime() - Date.now()) < TIMEOUT);
    const since = new Date(Date.now() + 3_600_000);
    deepStrictEqual(await textOf(podLogs(cluster.admin, { ...target, since })), []);
  });
  await t.step("a log over restarts, and the previous one", async () => {
    if (OWN_NODES) return; // a restarted container has a new file system
    const target = await runPod(
      cluster,
      `n=$(cat $HOME/n 2>/dev/null || echo 0); echo $((n + 1)) > $HOME/n; echo start $n
       until [ -e $HOME/go-$n ]; do sleep 0.05; done; echo end $n; [ $n = 2 ]`,
      { restartPolicy: "OnFailure" },
    );
    const lines: string[] = [];
    for await (const { text } of podLogs(cluster.admin, { ...target, follow: true })) {
      lines.push(text);
      const [what, n] = text.split(" ");
      if (what !== "start") continue;
      const command = ["/bin/sh", "-c", `touch $HOME/go-${n}`];
      strictEqual((await podExec(cluster.admin, { ...target, command })).exitCode, 0);
    }
    deepStrictEqual(lines, [0, 1, 2].flatMap((n) => [`start ${n}`, `end ${n}`]));
    deepStrictEqual(await textOf(podLogs(cluster.admin, target)), ["start 2", "end 2"]);
    deepStrictEqual(
      await textOf(podLogs(cluster.admin, { ...target, previous: true })),
      ["start 1", "end 1"],
    );
  });
  await t.step("until the reader leaves, or aborts", async () => {
    const target = await runningPod(cluster, "echo first; exec sleep 1000");
    for await (const { text } of podLogs(cluster.admin, { ...target, follow: true })) {
      strictEqual(text, "first");
      break;
    }
    const controller = new AbortController();
    const reason = new Error("enough");
    await rejects(async () => {
      const options = { ...target, follow: true, signal: controller.signal };
      for await (const _ of podLogs(cluster.admin, options)) controller.abort(reason);
    }, reason);
  });
  await t.step("and names what is not there", async () => {
    await rejects(
      textOf(podLogs(cluster.admin, { namespace: cluster.namespace, pod: "none", follow: true })),
      { name: "ApiError", httpCode: 404 },
    );
  });
});

Deno.test({
  name: "podLogs() neither loses nor repeats a line while its connection is cut again and again",
  ignore,
}, async () => {
  await using cluster = await startTestCluster({ images: IMAGES });
  const follow = /\/log\?.*follow=true/;
  await using proxied = await startProxied(cluster, {
    plan: { seed: 5, rules: [{ fault: "cut", path: follow, limit: 6, afterBytes: [0, 150_000] }] },
  });
  const config = await loadClusterConfig({ kubeconfig: proxied.kubeconfig });
  await using client = new Transport(config, { budget: { perSecond: 500, burst: 500 } });
  const count = 3_000;
  const script = `i=0; while [ $i -lt ${count} ]; do echo line $i; i=$((i+1)); ` +
    `[ $((i % 500)) = 0 ] && sleep 0.2; done; true`;
  const target = await runPod(cluster, script);
  const lines = await textOf(podLogs(client, { ...target, follow: true }));
  deepStrictEqual(lines, Array.from({ length: count }, (_, i) => `line ${i}`));
  const cuts = proxied.proxy.record.filter(({ action }) => action === "cut").length;
  ok(cuts >= 4, `${cuts} cuts`);
});
