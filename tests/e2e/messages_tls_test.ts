// Messages by TLS, on the embedded cluster and on a real control plane.
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { CoreV1Api } from "@cloudydeno/kubernetes-apis/core/v1";
import { Coordinator } from "../../coordinator/mod.ts";
import { dialMessages, workersName } from "../../messaging/mod.ts";
import { OWN_NODES } from "../support/cluster.ts";
import { startMessagesScene } from "../support/messages_scene.ts";
import { talker } from "../support/talker.ts";
import { until } from "../support/until.ts";

const TLS_PORT = 8443;

Deno.test({ name: "messages go by TLS where that is asked for", ignore: OWN_NODES }, async (t) => {
  await using scene = await startMessagesScene({ messaging: { tls: true } });
  const { cluster, talkers, errors, coordinator } = scene;
  const core = new CoreV1Api(cluster.admin).namespace(cluster.namespace);
  const pods = await talkers.pods();
  const [pod] = pods;
  const address = pod!.podIP!;
  const signal = AbortSignal.timeout(60_000);

  await t.step("workers are asked, and ask each other", async () => {
    deepStrictEqual(
      (await talkers.askAll("who", undefined)).map(({ ok }) => ok),
      [true, true],
    );
    strictEqual((await Array.fromAsync(talkers.stream("count", { to: 1_000 }))).length, 1_000);
    const [first, second] = pods.map(({ name }) => name);
    await until(
      "peers",
      async () =>
        (await talkers.ask("peers", undefined, { to: { worker: first! } })).join() === second,
    );
  });

  await t.step("the port is one of the pod's, and has a certificate of the authority", async () => {
    const declared = pod!.source.spec!.containers[0]!.ports!;
    deepStrictEqual(
      declared.map(({ name, containerPort }) => [name, containerPort]),
      [["main", 8080], ["troupe-tls", TLS_PORT]],
    );
    const secret = await core.getSecret("troupe-boss-tls");
    const caCerts = [atob(secret.data!["ca.crt"]!)];
    const where = { address, port: TLS_PORT };
    const tls = { caCerts, serverName: workersName("boss") };
    (await dialMessages(where, { signal, tls })).abort();
    const other = { caCerts, serverName: workersName("other") };
    await rejects(dialMessages(where, { signal, tls: other }), { name: "SocketError" });
    const unknown = { caCerts: [], serverName: workersName("boss") };
    await rejects(dialMessages(where, { signal, tls: unknown }), { name: "SocketError" });
    await rejects(dialMessages(where, { signal }), { name: "SocketError" });
  });

  await t.step("nothing but health and what it serves is without TLS", async () => {
    await rejects(dialMessages({ address, port: 8080 }, { signal }), (error: Error) => {
      match(error.message, /HTTP 403: messages come by TLS here, at port 8443/);
      return true;
    });
    const { status, body } = await fetch(`http://${address}:8080/troupe/readyz`);
    await body?.cancel();
    strictEqual(status, 200);
  });

  await t.step("a new worker has them too", async () => {
    await core.deletePod(pod!.name);
    await until(
      "another one answers",
      () =>
        talkers.workers.filter(({ worker, state }) =>
          state === "ready" && worker.name !== pod!.name
        )
          .length === 2,
      { timeout: 60_000 },
    );
    strictEqual(await talkers.ask("greet", { name: "x" }), "Hello, x!");
  });

  await t.step("workers without it are not talked to until they are replaced", async () => {
    await coordinator.stop();
    await using plain = await Coordinator.create({
      name: "boss",
      kubeconfig: cluster.kubeconfig,
      namespace: cluster.namespace,
      kinds: ["Deployment"],
    });
    const refused: string[] = [];
    plain.onError(({ message }) => refused.push(message));
    const replaced = await plain.run({
      name: "talker",
      image: "talker:1",
      replicas: 2,
      contract: talker,
      grace: 10_000,
    });
    await replaced.ready({ timeout: 60_000 });
    strictEqual(await replaced.ask("greet", { name: "y" }), "Hello, y!");
    ok(refused.every((message) => /HTTP 403: messages come by TLS/.test(message)), refused.join());
  });
  deepStrictEqual(errors, []);
});
