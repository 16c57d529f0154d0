import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { StatusManager } from "./status_manager.ts";
import { Scene } from "./node_scene_test.ts";
import { podRef } from "./pod_setup.ts";

function written(scene: Scene): number {
  return scene.client.stats.byOutcome["patch pods/status 200"] ?? 0;
}

async function start() {
  const scene = await Scene.start();
  const pod = await scene.pod("a", { containers: [{ name: "main", image: "x" }] });
  const status = new StatusManager(scene.client, { onError: (error) => scene.errors.push(error) });
  const observe = async () => status.observe(await scene.api.namespace("default").getPod("a"));
  return { scene, pod, ref: podRef(pod), status, observe };
}

Deno.test("StatusManager writes a burst of states in two writes, and an equal one not at all", async () => {
  const { scene, ref, status } = await start();
  await using _scene = scene;
  for (let i = 0; i < 100; i++) status.set(ref, { phase: "Pending", message: `${i}` });
  await status.idle();
  status.set(ref, { phase: "Pending", message: "99" });
  await status.idle();
  strictEqual(written(scene), 1);
  status.set(ref, { phase: "Running", message: "first" });
  await Promise.resolve();
  for (let i = 0; i < 100; i++) status.set(ref, { phase: "Running", message: `${i}` });
  await status.idle();
  strictEqual(written(scene) <= 3, true);
  strictEqual((await scene.api.namespace("default").getPod("a")).status?.message, "99");
  await status.close();
  deepStrictEqual(scene.errors, []);
});

Deno.test("StatusManager writes again what someone else changed", async () => {
  const { scene, ref, status, observe } = await start();
  await using _scene = scene;
  status.set(ref, { phase: "Running" });
  await status.idle();
  await observe();
  await status.idle();
  strictEqual(written(scene), 1);
  await scene.api.namespace("default")
    .patchPodStatus("a", "strategic-merge", { status: { phase: "Unknown" } });
  await observe();
  await status.idle();
  strictEqual((await scene.api.namespace("default").getPod("a")).status?.phase, "Running");
  await status.close();
});

Deno.test("StatusManager does not touch another pod of the same name", async () => {
  const { scene, ref, status } = await start();
  await using _scene = scene;
  await scene.api.namespace("default").deletePod("a", { gracePeriodSeconds: 0 });
  await scene.pod("a", { containers: [{ name: "main", image: "x" }] });
  status.set(ref, { phase: "Failed" });
  status.remove(ref.uid);
  await status.idle();
  strictEqual((await scene.api.namespace("default").getPod("a")).status?.phase, "Pending");
  await status.close();
  deepStrictEqual(scene.errors, []);
});
