import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import type { RequestOptions } from "@cloudydeno/kubernetes-client";
import { type WorkloadLogLine, workloadLogs } from "./logs.ts";
import { deployment, pod, running, Scene } from "./testdata/scene.ts";

const encoder = new TextEncoder();

/** A log that a test writes. */
class Log {
  readonly #stream = new TransformStream<Uint8Array, Uint8Array>();
  readonly #writer = this.#stream.writable.getWriter();
  read = 0;

  open({ abortSignal }: RequestOptions): ReadableStream<Uint8Array> {
    this.read++;
    abortSignal?.addEventListener("abort", () => void this.#writer.close().catch(() => {}));
    return this.#stream.readable;
  }

  async write(second: number, text: string): Promise<void> {
    const time = new Date(second * 1000).toISOString();
    await this.#writer.write(encoder.encode(`${time} ${text}\n`)).catch(() => {});
  }

  async end(): Promise<void> {
    await this.#writer.close();
  }
}

/** Running pods of those names, whose logs are those. */
function sceneOf(logs: Record<string, Log | Error>): Scene {
  const scene = new Scene(deployment());
  scene.pods = Object.keys(logs).map((name) => runningPod(name));
  scene.answer = (options) => {
    const name = options.path.split("/").at(-2)!;
    const log = logs[name]!;
    return log instanceof Error ? Promise.reject(log) : Promise.resolve(log.open(options));
  };
  return scene;
}

function runningPod(name: string): ReturnType<typeof pod> {
  return pod(name, { container: running(), status: { phase: "Running" } });
}

function told({ pod, text, error }: WorkloadLogLine): string {
  return `${pod}: ${error ? "!" : ""}${text}`;
}

Deno.test("workloadLogs() merges what all pods have, and ends", async () => {
  const logs = { a: new Log(), b: new Log() };
  const scene = sceneOf(logs);
  const lines = workloadLogs(scene.scope, {});
  void logs.b.write(1, "one");
  const first = (await lines.next()).value!;
  strictEqual(told(first), "b: one");
  deepStrictEqual([first.container, first.time], ["worker", new Date(1000)]);
  void logs.a.write(2, "two");
  strictEqual(told((await lines.next()).value!), "a: two");
  void logs.a.end();
  void logs.b.end();
  strictEqual((await lines.next()).done, true);
  strictEqual(scene.listeners, 0);
});

Deno.test("workloadLogs() tells a log that it cannot read, and goes on with the others", async () => {
  const b = new Log();
  const lines = workloadLogs(sceneOf({ a: new Error("no such node"), b }).scope, {});
  strictEqual(told((await lines.next()).value!), "a: !no such node");
  void b.write(1, "one");
  strictEqual(told((await lines.next()).value!), "b: one");
  void b.end();
  strictEqual((await lines.next()).done, true);
});

Deno.test("workloadLogs() follows pods that come later, until the workload is gone", async () => {
  const logs: Record<string, Log> = { a: new Log() };
  const scene = sceneOf(logs);
  const lines = workloadLogs(scene.scope, { follow: true });
  void logs.a!.write(1, "one");
  strictEqual(told((await lines.next()).value!), "a: one");
  logs.b = new Log();
  const next = lines.next();
  scene.show(runningPod("a"), runningPod("b"));
  void logs.b.write(2, "two");
  strictEqual(told((await next).value!), "b: two");
  const end = lines.next();
  scene.show();
  scene.showHead(undefined);
  void logs.a!.end();
  void logs.b.end();
  strictEqual((await end).done, true);
  deepStrictEqual([logs.a!.read, logs.b.read, scene.listeners], [1, 1, 0]);
});

Deno.test("workloadLogs() releases everything when its consumer leaves, or its signal aborts", async () => {
  const logs = { a: new Log() };
  const scene = sceneOf(logs);
  void logs.a.write(1, "one");
  for await (const line of workloadLogs(scene.scope, { follow: true })) {
    strictEqual(told(line), "a: one");
    break;
  }
  strictEqual(scene.listeners, 0);
  const controller = new AbortController();
  const { signal } = controller;
  const again = sceneOf({ a: new Log() });
  const lines = workloadLogs(again.scope, { follow: true, signal });
  const next = lines.next();
  await new Promise((resolve) => setTimeout(resolve, 0));
  controller.abort(new Error("enough"));
  await rejects(next, { message: "enough" });
  strictEqual(again.listeners, 0);
});

Deno.test("workloadLogs() refuses what makes no sense, and tells that there is nothing", async () => {
  const scene = new Scene(undefined);
  await rejects(workloadLogs(scene.scope, { follow: true, previous: true }).next(), {
    name: "TypeError",
    message: 'Cannot read the logs of "w": "follow" excludes "previous"',
  });
  await rejects(workloadLogs(scene.scope, {}).next(), {
    message: 'Cannot read the logs of "w": it does not exist',
  });
});
