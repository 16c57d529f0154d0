// Programs that are no part of troupe as workers: on a cluster, by the contract `commandContract`.
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { commandContract, isMethodError } from "../../mod.ts";
import { Coordinator } from "../../coordinator/mod.ts";
import { denoImage, type ImageSpec } from "../../local/mod.ts";
import { OWN_NODES, startTestCluster, type TestCluster } from "../support/cluster.ts";
import { until } from "../support/until.ts";

const TIMEOUT = 60_000;
const MAIN = new URL("../../worker/main.ts", import.meta.url);
const HTTP_PROGRAM = new URL("../../worker/command/testdata/http_program.ts", import.meta.url);

/** The image of a worker for a command: from source, or the executable if the tests were given it. */
function commandImage(...args: string[]): ImageSpec {
  const executables = Deno.env.get("TROUPE_TEST_EXECUTABLES");
  if (executables !== undefined) return { command: [`${executables}/command-worker`], args };
  const permissions = ["--allow-net", "--allow-env", "--allow-read", "--allow-run"];
  return denoImage(MAIN, { permissions, args });
}

/** A coordinator of its own, as it runs. */
async function started(
  stack: AsyncDisposableStack,
  { namespace, kubeconfig }: TestCluster,
): Promise<Coordinator> {
  const coordinator = stack.use(
    await Coordinator.create({ name: "commands", namespace, kubeconfig }),
  );
  const running = coordinator.start();
  stack.defer(() => running);
  return coordinator;
}

Deno.test({
  name: "a program that runs anew for each task: results, errors, events, its environment",
  ignore: OWN_NODES,
  async fn() {
    const script = `read -r l; case "$l" in
      '"env"') env | grep -c -e ^TROUPE_KEYS= -e ^TROUPE_TLS_KEY=; exit 0;;
      '"fail"') echo broken >&2; exit 3;;
      *) echo "$l";;
    esac`;
    await using stack = new AsyncDisposableStack();
    const images = { "each:1": commandImage("--concurrency", "4", "--", "sh", "-c", script) };
    const cluster = stack.use(await startTestCluster({ images }));
    const coordinator = await started(stack, cluster);
    const workers = await coordinator.run({
      name: "each",
      image: "each:1",
      replicas: 2,
      contract: commandContract,
    });
    const codes: number[] = [];
    workers.on("exited", ({ code, tasks }) => {
      strictEqual(tasks.length, 1);
      codes.push(code);
    });
    deepStrictEqual(await workers.ask("run", { a: [1] }, { timeout: TIMEOUT }), { a: [1] });
    strictEqual(await workers.ask("run", "env"), 0);
    await rejects(workers.ask("run", "fail"), (error) => {
      ok(isMethodError(error, commandContract, "run", "exit"));
      deepStrictEqual(error.data, { code: 3, signal: null, stderr: "broken" });
      return true;
    });
    await until("three ends", () => codes.length === 3);
    deepStrictEqual(codes, [0, 0, 3]);
    const inputs = Array.from({ length: 50 }, (_, i) => i);
    const outputs = [];
    for await (const result of workers.map("run", inputs, { ordered: true })) {
      outputs.push(result.ok ? result.output : result.error);
    }
    deepStrictEqual(outputs, inputs);
    await workers.delete();
    await coordinator.stop();
  },
});

Deno.test({
  name:
    "a program that takes lines: what dies with it goes to another one, and what kills is poison",
  ignore: OWN_NODES,
  async fn() {
    const script = `while read -r l; do
      case "$l" in
        13) exit 4;;
        7) mkdir "$FOLDER" 2>/dev/null && exit 4;; # the first time only
      esac
      echo "$l"
    done`;
    await using stack = new AsyncDisposableStack();
    const folder = await Deno.makeTempDir();
    stack.defer(() => Deno.remove(folder, { recursive: true }));
    const images = { "lines:1": commandImage("--lines", "--", "sh", "-c", script) };
    const cluster = stack.use(await startTestCluster({ images }));
    const coordinator = await started(stack, cluster);
    const workers = await coordinator.run({
      name: "lines",
      image: "lines:1",
      replicas: 2,
      contract: commandContract,
      envs: { FOLDER: `${folder}/once` },
    });
    const results = [];
    const inputs = Array.from({ length: 20 }, (_, i) => i);
    for await (const result of workers.map("run", inputs, { ordered: true })) results.push(result);
    const bad = results.filter((result) => !result.ok);
    deepStrictEqual(bad.map(({ index, attempts }) => [index, attempts]), [[13, 3]]);
    match(bad[0]!.error.name, /^PoisonError$/);
    const good = results.filter((result) => result.ok);
    deepStrictEqual(good.map(({ output }) => output), inputs.filter((input) => input !== 13));
    strictEqual(results[7]!.attempts, 2);
    await workers.delete();
    await coordinator.stop();
  },
});

Deno.test({
  name: "a program that fetches its tasks finishes them before it ends",
  ignore: OWN_NODES,
  async fn() {
    await using stack = new AsyncDisposableStack();
    const folder = await Deno.makeTempDir();
    stack.defer(() => Deno.remove(folder, { recursive: true }));
    const fifo = `${folder}/fifo`;
    await new Deno.Command("mkfifo", { args: [fifo] }).output();
    const program = [Deno.execPath(), "run", "--quiet", "--no-check", "-A", HTTP_PROGRAM.pathname];
    const images = { "http:1": commandImage("--http", "--", ...program) };
    const cluster = stack.use(await startTestCluster({ images }));
    const coordinator = await started(stack, cluster);
    const worker = await coordinator.run({
      name: "http",
      image: "http:1",
      contract: commandContract,
    });
    const answer = await worker.ask("run", { do: "echo", say: "hi" }, { timeout: TIMEOUT });
    strictEqual((answer as { said: string }).said, "hi");
    await rejects(worker.ask("run", { do: "fail" }), (error) => {
      ok(isMethodError(error, commandContract, "run", "failed"));
      deepStrictEqual(error.data, { message: "no luck", data: [1] });
      return true;
    });
    // the last task is under way when the worker is told to end
    const last = worker.ask("run", { do: "wait", fifo });
    const taken = Deno.open(fifo, { write: true }); // opens when the program has opened it too
    using file = await taken;
    const deleted = worker.delete();
    await until(
      "the worker to drain",
      () => worker.workers.every(({ state }) => state !== "ready"),
    );
    await file.write(new TextEncoder().encode("go\n"));
    strictEqual(await last, null);
    await deleted;
    await coordinator.stop();
  },
});
