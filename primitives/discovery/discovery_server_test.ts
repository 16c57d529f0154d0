// Discovery on an API server: the embedded one, or with TROUPE_TEST_CLUSTER=1 that of KUBECONFIG.
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { CoreV1Api } from "@cloudydeno/kubernetes-apis/core/v1";
import { FaultProxy } from "../../testing/mod.ts";
import { PrimitivesStage } from "../../tests/support/primitives_stage.ts";
import type { Discovery, Member } from "../mod.ts";
import { GROUP_LABEL, memberAnnotations } from "./member.ts";

/** No wait of these tests takes that long, so that they fail and do not hang. */
const LIMIT_MS = 30_000;

/** Resolves with the members when they are so. */
async function until(
  discovery: Discovery,
  isSo: (identities: string[]) => boolean,
): Promise<readonly Member[]> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(new Error(`There are ${discovery.members.map((it) => it.identity)}`));
  }, LIMIT_MS);
  const heard = (async () => {
    for await (const members of discovery) {
      if (isSo(members.map(({ identity }) => identity).sort())) return members;
    }
    throw new Error("The discovery was closed");
  })();
  return await Promise.race([heard, late.promise]).finally(() => clearTimeout(timer));
}

Deno.test("Discovery tells on a server who joins, leaves and closes, and who went while its watch was cut", async () => {
  await using stage = await PrimitivesStage.start();
  await using proxy = await FaultProxy.start({ target: stage.config.server, mode: "tcp" });
  const config = { ...stage.config, server: proxy.url };
  const looking = await stage.primitives({ identity: "looking", config });
  const [a, b] = [
    await stage.primitives({ identity: "a" }),
    await stage.primitives({ identity: "b" }),
  ];
  const discovery = looking.discovery("cache");
  const told: string[] = [];
  discovery.onChange(({ type, member }) => told.push(`${member.identity} ${type}`));
  const mine = await a.discovery("cache").join({ address: "here", data: { zone: "x" } });
  const [member] = await until(discovery, (all) => all.length === 1);
  deepStrictEqual([member!.id, member!.address, member!.data], [mine.id, "here", { zone: "x" }]);
  await b.discovery("cache").join();
  await until(discovery, (all) => all.length === 2);
  const { leases } = stage.objects;
  const { metadata } = await leases.getLease(mine.id);
  strictEqual(metadata!.labels![GROUP_LABEL], "cache");

  proxy.refuse(true);
  proxy.cut();
  await mine.leave();
  const c = await stage.primitives({ identity: "c" });
  await c.discovery("cache").join();
  proxy.refuse(false);
  await until(discovery, (all) => all.join() === "b,c");
  await b.close();
  await until(discovery, (all) => all.join() === "c");
  deepStrictEqual(told.filter((it) => it.startsWith("a") || it.startsWith("b")), [
    ...["a joined", "b joined", "a left", "b left"],
  ]);
});

Deno.test("Discovery on a server finds a member gone that does not renew, and minds whether its pod is ready", async () => {
  await using stage = await PrimitivesStage.start();
  const { admin, namespace } = stage;
  const { leases } = stage.objects;
  const pods = new CoreV1Api(admin).namespace(namespace);
  // one of its own: the default one and its token are made a moment after the namespace
  const account = { metadata: { name: "quiet" }, automountServiceAccountToken: false };
  await pods.createServiceAccount(account);
  const pod = await pods.createPod({
    metadata: { name: "p", labels: { "troupe.dev/workload": "cache" } },
    spec: { serviceAccountName: "quiet", containers: [{ name: "main", image: "main" }] },
  });
  const looking = await stage.primitives();
  const discovery = looking.discovery("cache", { workload: "cache" });
  await until(discovery, (all) => all.length === 0);
  const conditions = [{ type: "Ready", status: "True" }];
  await pods.patchPodStatus("p", "json-merge", { status: { conditions } });
  await leases.createLease({
    metadata: {
      name: "troupe-session-x",
      labels: { [GROUP_LABEL]: "cache" },
      annotations: memberAnnotations({}, { name: "p", uid: pod.metadata!.uid! }),
    },
    spec: { holderIdentity: "x", leaseDurationSeconds: 3 },
  });
  await until(discovery, (all) => all.join() === "x");
  await until(discovery, (all) => all.length === 0); // its pod says that it is ready still
  const gone = await leases.getLease("troupe-session-x").then(() => false, () => true);
  ok(gone);
  deepStrictEqual(stage.errors, []);
});
