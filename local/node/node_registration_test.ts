import type { RequestOptions, RestClient } from "@cloudydeno/kubernetes-client";
import { ok } from "node:assert/strict";
import { NODES } from "../../kube/mod.ts";
import { systemClock } from "./clock.ts";
import { NodeRegistration } from "./node_registration.ts";
import { Scene } from "./node_scene_test.ts";

Deno.test("NodeRegistration makes the Node again when it is deleted as soon as it is there", async () => {
  await using scene = await Scene.start();
  let deleted: string | undefined;
  let listed = false;
  let early = false;
  // Between the answer to the creation and whatever the registration does next.
  async function performRequest(request: RequestOptions): Promise<unknown> {
    const creates = request.method === "POST" && request.path === "/api/v1/nodes";
    if (creates && !listed) early = true;
    const answer = await scene.client.performRequest(request as never);
    if (request.method === "GET" && request.path === "/api/v1/nodes") listed = true;
    if (creates && !deleted) {
      deleted = (await scene.api.getNode("n1")).metadata!.uid!;
      await scene.api.deleteNode("n1");
    }
    return answer;
  }
  const client = { performRequest } as unknown as RestClient;
  const identity = {
    name: "n1",
    hostIP: "127.0.0.1",
    endpointPort: 1,
    endpointCertificate: "",
    capacity: { cpu: 1, memory: 1, pods: 1 },
    labels: {},
  };
  await using registration = new NodeRegistration(client, identity, {
    clock: systemClock,
    onClose: "not-ready",
    onError: () => {},
  });
  const again = await scene.change(
    NODES,
    ({ type, object }) => type !== "deleted" && deleted && object.metadata?.uid !== deleted,
  );
  ok(again.object.metadata?.uid);
  await registration.registered;
  ok(!early, "it was made before a deletion would be heard of");
});
