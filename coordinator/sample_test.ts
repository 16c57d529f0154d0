// The programs of testdata/sample_*.ts do what they say, as a user would start them.
import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { denoImage, LocalCluster } from "../local/mod.ts";
import { Coordinator, type PodEvent } from "./mod.ts";
import { Heard } from "./testdata/heard.ts";

const WORKER = denoImage(new URL("testdata/sample_worker.ts", import.meta.url));

Deno.test({
  name: "the sample programs launch a worker, greet it, and end on SIGTERM",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using cluster = await LocalCluster.start({ images: { "worker:latest": WORKER } });
    await using child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--no-prompt",
        "-A",
        new URL("testdata/sample_coordinator.ts", import.meta.url).pathname,
      ],
      env: { KUBECONFIG: cluster.kubeconfig, NO_COLOR: "1" },
      stdout: "piped",
    }).spawn();
    let printed = "";
    const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    while (!printed.includes("is ready\n") || !printed.includes("Hello")) {
      const { done, value } = await output.read();
      if (done) break;
      printed += value;
    }
    child.kill("SIGTERM");
    strictEqual((await child.status).code, 0, printed);
    await output.cancel();
    deepStrictEqual([...new Set(printed.trim().split(/\n+/))].sort(), [
      "Hello, world!",
      "deployment worker is ready",
    ]);
  },
});

Deno.test("Workload.ready() says that an image is not there, and that a worker crashes", async () => {
  const crash = [Deno.execPath(), "eval", "Deno.exit(7)"];
  await using cluster = await LocalCluster.start({
    images: { "crash:1": crash },
    restartBackoff: { initial: 60_000, max: 60_000, resetAfter: 60_000 },
  });
  const { kubeconfig } = cluster;
  await using coordinator = await Coordinator.create({ name: "boss", kubeconfig });
  const pods = new Heard<PodEvent>();
  coordinator.onPodEvent(pods.add);
  const started = coordinator.start();
  const missing = await coordinator.run({ name: "missing", image: "none:1" });
  const crashing = await coordinator.run({ name: "crashing", image: "crash:1", port: 80 });
  await pods.until((e) => e.reason?.includes("Image") ?? false);
  await rejects(missing.ready({ timeout: 0 }), {
    name: "TimeoutError",
    message:
      /0 of 1 ready; pod "missing-\S+" cannot pull image "none:1": .* \((ErrImagePull|ImagePullBackOff)\)/,
  });
  await pods.until((e) => e.reason === "CrashLoopBackOff");
  await rejects(crashing.ready({ timeout: 0 }), {
    message:
      /pod "crashing-\S+" crashes again and again: container "worker" ended with exit code 7, 1 restart$/,
  });
  await coordinator.stop();
  await started;
});
