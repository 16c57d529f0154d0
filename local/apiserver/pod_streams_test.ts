import { strictEqual } from "node:assert/strict";
import { ApiServer } from "./server.ts";
import { call } from "./test_client.ts";

const PODS = "/api/v1/namespaces/default/pods";

for (const stream of ["attach", "portforward"]) {
  Deno.test(`${stream} of a pod is refused with a sentence`, async () => {
    await using server = await ApiServer.start();
    strictEqual((await call(server, `POST ${PODS}/p/${stream}`)).code, 404);
    const spec = { containers: [{ name: "c", image: "i" }] };
    await call(server, `POST ${PODS}`, { body: { metadata: { name: "p" }, spec } });
    strictEqual((await call(server, `POST ${PODS}/p/${stream}`)).code, 400);
    await call(server, `POST ${PODS}/p/binding`, {
      body: { metadata: { name: "p" }, target: { kind: "Node", name: "n" } },
    });
    const { code, body } = await call(server, `POST ${PODS}/p/${stream}`);
    strictEqual(code, 501);
    strictEqual(body.message, `Cannot ${stream} pod "p": not supported by this cluster`);
  });
}

Deno.test("attach is refused over the WebSocket that kubectl opens", async () => {
  await using server = await ApiServer.start();
  const spec = { nodeName: "n", containers: [{ name: "c", image: "i" }] };
  await call(server, `POST ${PODS}`, { body: { metadata: { name: "p" }, spec } });
  const url = `${server.url.replace("http", "ws")}${PODS}/p/attach`;
  const socket = new WebSocket(url, ["v5.channel.k8s.io"]);
  socket.binaryType = "arraybuffer";
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  socket.onclose = () => resolve();
  let told: Uint8Array = new Uint8Array();
  socket.onmessage = ({ data }) => told = new Uint8Array(data);
  await closed;
  strictEqual(told[0], 3);
  const status = JSON.parse(new TextDecoder().decode(told.subarray(1)));
  strictEqual(status.status, "Failure");
  strictEqual(status.message, 'Cannot attach pod "p": not supported by this cluster');
});
