import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { ApiServer } from "./server.ts";
import { call } from "./test_client.ts";

const TEMPLATE = {
  metadata: { labels: { app: "a" } },
  spec: { containers: [{ name: "c", image: "i" }] },
};
const SELECTOR = { matchLabels: { app: "a" } };
const NAMESPACED = "namespaces/default";

const CREATED: [path: string, body: Record<string, unknown>][] = [
  [`/api/v1/${NAMESPACED}/replicationcontrollers`, { spec: { template: TEMPLATE } }],
  [`/api/v1/${NAMESPACED}/persistentvolumeclaims`, {
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
  }],
  ["/api/v1/persistentvolumes", {
    spec: {
      accessModes: ["ReadWriteOnce"],
      capacity: { storage: "1Gi" },
      hostPath: { path: "/x" },
    },
  }],
  [`/apis/apps/v1/${NAMESPACED}/daemonsets`, { spec: { selector: SELECTOR, template: TEMPLATE } }],
  [`/apis/apps/v1/${NAMESPACED}/statefulsets`, {
    spec: { selector: SELECTOR, serviceName: "s", template: TEMPLATE },
  }],
  [`/apis/policy/v1/${NAMESPACED}/poddisruptionbudgets`, {
    spec: { minAvailable: 1, selector: SELECTOR },
  }],
  ["/apis/scheduling.k8s.io/v1/priorityclasses", { value: 5 }],
  ["/apis/storage.k8s.io/v1/csidrivers", { spec: {} }],
  ["/apis/storage.k8s.io/v1/csinodes", { spec: { drivers: [] } }],
  ["/apis/storage.k8s.io/v1/storageclasses", { provisioner: "example.com/p" }],
];

for (const [path, body] of CREATED) {
  Deno.test(`${path.split("/").at(-1)} are created, listed, patched and deleted`, async () => {
    await using server = await ApiServer.start();
    const made = await call(server, `POST ${path}?fieldValidation=Strict`, {
      body: { metadata: { name: "a" }, ...body },
    });
    strictEqual(made.code, 201, made.body.message);
    const patched = await call(server, `PATCH ${path}/a`, {
      body: { metadata: { labels: { l: "1" } } },
      headers: { "content-type": "application/strategic-merge-patch+json" },
    });
    deepStrictEqual(patched.body.metadata.labels.l, "1");
    strictEqual((await call(server, `GET ${path}`)).body.items.length, 1);
    if (path.includes("persistentvolume")) {
      // nobody is here to see that it is not in use
      await call(server, `PATCH ${path}/a`, {
        body: { metadata: { finalizers: null } },
        headers: { "content-type": "application/merge-patch+json" },
      });
    }
    strictEqual((await call(server, `DELETE ${path}/a`)).code, 200);
    strictEqual((await call(server, `GET ${path}/a`)).code, 404);
  });
}

Deno.test("disruption budgets can be read in the version of older schedulers", async () => {
  await using server = await ApiServer.start();
  await call(server, `POST /apis/policy/v1/${NAMESPACED}/poddisruptionbudgets`, {
    body: { metadata: { name: "a" }, spec: { minAvailable: 1, selector: SELECTOR } },
  });
  const old = await call(server, "GET /apis/policy/v1beta1/poddisruptionbudgets");
  strictEqual(old.body.apiVersion, "policy/v1beta1");
  const [budget] = old.body.items;
  strictEqual(budget.metadata.name, "a");
  strictEqual(budget.apiVersion ?? "policy/v1beta1", "policy/v1beta1");
});
