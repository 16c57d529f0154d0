import { match, strictEqual } from "node:assert/strict";
import { ApiServer } from "./server.ts";
import { call } from "./test_client.ts";

const PODS = "/api/v1/namespaces/default/pods";
const POD = { metadata: { name: "p" }, spec: { containers: [{ name: "c", image: "i" }] } };

Deno.test("log says which node is missing when the pod's node is gone", async () => {
  await using server = await ApiServer.start();
  await call(server, `POST ${PODS}`, { body: POD });
  await call(server, `POST ${PODS}/p/binding`, {
    body: { metadata: { name: "p" }, target: { kind: "Node", name: "n" } },
  });
  const { code, body } = await call(server, `GET ${PODS}/p/log`);
  strictEqual(code, 404);
  match(body.message, /nodes "n" not found/);
});
