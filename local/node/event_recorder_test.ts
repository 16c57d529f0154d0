import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { EventRecorder } from "./event_recorder.ts";
import { Scene } from "./node_scene_test.ts";
import { systemClock } from "./clock.ts";

Deno.test("EventRecorder counts the same event on one object, in ever fewer writes", async () => {
  await using scene = await Scene.start();
  const recorder = new EventRecorder(scene.client, {
    component: "kubelet",
    host: "n1",
    clock: systemClock,
  });
  const object = { apiVersion: "v1", kind: "Pod", namespace: "default", name: "a", uid: "1" };
  const event = { type: "Warning", reason: "Unhealthy", message: "no" } as const;
  for (let i = 0; i < 100; i++) recorder.record(object, event);
  recorder.record({ ...object, name: "b", uid: "2" }, event);
  await recorder.idle();
  const { items } = await scene.api.namespace("default").getEventList();
  deepStrictEqual(
    items.map(({ involvedObject, count }) => [involvedObject.name, count]).sort(),
    [["a", 64], ["b", 1]],
  );
  const { byOutcome } = scene.client.stats;
  strictEqual(byOutcome["create events 201"], 2);
  strictEqual(byOutcome["patch events 200"], 6);
  await recorder.close();
});
