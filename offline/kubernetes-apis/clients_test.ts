import { deepStrictEqual, ok as assert, rejects, strictEqual, throws } from "node:assert/strict";
import type {
  JSONValue,
  RequestOptions,
  RestClient,
} from "@cloudydeno/kubernetes-client/lib/contract.ts";
import { AppsV1Api, type Deployment } from "@cloudydeno/kubernetes-apis/apps/v1";
import { CoordinationV1Api, toLease } from "@cloudydeno/kubernetes-apis/coordination.k8s.io/v1";
import { CoreV1Api, fromPod, toPod } from "@cloudydeno/kubernetes-apis/core/v1";
import { MicroTime, Quantity } from "@cloudydeno/kubernetes-apis/common.ts";

const POD = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "p", creationTimestamp: "2026-07-31T12:00:00Z", labels: { app: "x" } },
  spec: {
    containers: [{ name: "c", resources: { requests: { cpu: "100m" } }, unknownField: true }],
    nodeName: null,
  },
};

Deno.test("toPod() reads times, quantities, maps and lists, and drops unknown fields", () => {
  const pod = toPod(POD);
  assert(pod.metadata?.creationTimestamp instanceof Date);
  assert(pod.spec?.containers[0]?.resources?.requests?.cpu instanceof Quantity);
  strictEqual(pod.spec?.nodeName, null);
  strictEqual(pod.spec?.hostname, undefined);
  strictEqual("unknownField" in pod.spec!.containers[0]!, false);
  throws(() => toPod({ ...POD, spec: {} }), /Expected a value here, but got null/);
  throws(() => toPod({ apiVersion: "v1", kind: "Node" }), /"v1\/Pod", but was given "v1\/Node"/);
});

Deno.test("fromPod() writes what toPod() reads, with kind and version", () => {
  const written = JSON.parse(JSON.stringify(fromPod(toPod(POD))));
  deepStrictEqual(written, {
    ...POD,
    metadata: { ...POD.metadata, creationTimestamp: "2026-07-31T12:00:00.000Z" },
    spec: {
      containers: [{ name: "c", resources: { requests: { cpu: "100m" } } }],
      nodeName: null,
    },
  });
  const bare = JSON.parse(JSON.stringify(fromPod({ metadata: { name: "p" } })));
  deepStrictEqual(bare, { apiVersion: "v1", kind: "Pod", metadata: { name: "p" } });
});

Deno.test("toLease() reads microseconds", () => {
  const lease = toLease({ spec: { renewTime: "2026-07-31T12:00:00.000001Z" } });
  assert(lease.spec?.renewTime instanceof MicroTime);
  strictEqual(lease.kind, "Lease");
});

Deno.test("typed clients make the requests of the API", async () => {
  const { client, requests } = recorder(POD);
  const pods = new CoreV1Api(client).namespace("ns");
  const signal = new AbortController().signal;
  await pods.getPod("p", { abortSignal: signal });
  await pods.createPod({ metadata: { name: "p" } }, { fieldManager: "m", dryRun: "All" });
  await pods.replacePodStatus("p", { metadata: { name: "p" } });
  await pods.deletePod("p", { gracePeriodSeconds: 0 });
  await pods.patchPod("p", "json-patch", [{ op: "remove", path: "/spec" }]);
  await pods.patchPod("p", "apply-patch", { spec: { containers: [] } }, {
    fieldManager: "m",
    force: true,
  });
  deepStrictEqual(requests.map(plain), [
    { method: "GET", path: "/api/v1/namespaces/ns/pods/p", expectJson: true, signal: true },
    {
      method: "POST",
      path: "/api/v1/namespaces/ns/pods?dryRun=All&fieldManager=m",
      expectJson: true,
      body: { apiVersion: "v1", kind: "Pod", metadata: { name: "p" } },
    },
    {
      method: "PUT",
      path: "/api/v1/namespaces/ns/pods/p/status",
      expectJson: true,
      body: { apiVersion: "v1", kind: "Pod", metadata: { name: "p" } },
    },
    {
      method: "DELETE",
      path: "/api/v1/namespaces/ns/pods/p?gracePeriodSeconds=0",
      expectJson: true,
    },
    {
      method: "PATCH",
      path: "/api/v1/namespaces/ns/pods/p",
      expectJson: true,
      contentType: "application/json-patch+json",
      body: [{ op: "remove", path: "/spec" }],
    },
    {
      method: "PATCH",
      path: "/api/v1/namespaces/ns/pods/p?fieldManager=m&force=1",
      expectJson: true,
      contentType: "application/apply-patch+yaml",
      body: { apiVersion: "v1", kind: "Pod", spec: { containers: [] } },
    },
  ]);
});

Deno.test("lists have their items and the namespace of the client", async () => {
  const list = {
    apiVersion: "apps/v1",
    kind: "DeploymentList",
    metadata: { resourceVersion: "5", continue: "next" },
    items: [{ metadata: { name: "d" } }],
  };
  const { client, requests } = recorder(list);
  const apps = new AppsV1Api(client);
  throws(() => apps.myNamespace(), /No current namespace is set/);
  client.defaultNamespace = "mine";
  const deployments = await apps.myNamespace().getDeploymentList({ limit: 1 });
  await apps.getDeploymentListForAllNamespaces({ labelSelector: "a=b" });
  const names = deployments.items.map((one: Deployment) => one.metadata?.name);
  deepStrictEqual([deployments.metadata.continue, names], ["next", ["d"]]);
  deepStrictEqual(requests.map(({ path, querystring }) => `${path}?${querystring}`), [
    "/apis/apps/v1/namespaces/mine/deployments?limit=1",
    "/apis/apps/v1/deployments?labelSelector=a%3Db",
  ]);
});

Deno.test("watches decode their events", async () => {
  const events = [
    { type: "ADDED", object: { metadata: { name: "l" } } },
    { type: "BOOKMARK", object: { metadata: { resourceVersion: "9" } } },
    { type: "ERROR", object: { apiVersion: "v1", kind: "Status", code: 410 } },
  ];
  const { client, requests } = recorder(() => ReadableStream.from(events));
  const leases = new CoordinationV1Api(client).namespace("ns");
  const watch = await leases.watchLeaseList({ resourceVersion: "7", allowWatchBookmarks: true });
  const seen = await Array.fromAsync(watch);
  deepStrictEqual(seen.map(({ type }) => type), ["ADDED", "BOOKMARK", "ERROR"]);
  const added = seen[0]!;
  strictEqual(added.type === "ADDED" && added.object.kind, "Lease");
  deepStrictEqual(plain(requests[0]!), {
    method: "GET",
    path: "/apis/coordination.k8s.io/v1/namespaces/ns/leases" +
      "?watch=1&allowWatchBookmarks=1&resourceVersion=7",
    expectJson: true,
    expectStream: true,
  });
});

Deno.test("a Status is an error, except after a deletion", async () => {
  const status = { apiVersion: "v1", kind: "Status", message: "gone", code: 404 };
  const { client } = recorder(status);
  const pods = new CoreV1Api(client).namespace("ns");
  await rejects(pods.getPod("p"), /Kubernetes says: gone/);
  await rejects(pods.deletePodList(), /Kubernetes says: gone/);
  strictEqual((await pods.deletePod("p")).kind, "Status");
});

Deno.test("logs are text, whole or as a stream", async () => {
  const bytes = new TextEncoder().encode("größe\n");
  const parts = [bytes.slice(0, 3), bytes.slice(3)];
  const { client, requests } = recorder((request) =>
    request.expectStream ? ReadableStream.from(parts) : bytes
  );
  const pods = new CoreV1Api(client).namespace("ns");
  strictEqual(await pods.getPodLog("p", { container: "c", tailLines: 5 }), "größe\n");
  const stream = await pods.streamPodLog("p", { follow: true, timestamps: false });
  strictEqual((await Array.fromAsync(stream)).join(""), "größe\n");
  deepStrictEqual(requests.map(plain), [
    { method: "GET", path: "/api/v1/namespaces/ns/pods/p/log?container=c&tailLines=5" },
    {
      method: "GET",
      path: "/api/v1/namespaces/ns/pods/p/log?follow=1&timestamps=0",
      expectStream: true,
    },
  ]);
});

Deno.test("proxies pass a request on", async () => {
  const { client, requests } = recorder({ ok: true });
  const api = new CoreV1Api(client);
  const answer = await api.namespace("ns").proxyPodRequest("p", {
    method: "POST",
    port: 8086,
    path: "/hello",
    bodyJson: [1],
    expectJson: true,
  });
  deepStrictEqual(answer, { ok: true });
  await api.proxyNodeRequest("n", { method: "GET", path: "" });
  deepStrictEqual(requests.map(({ method, path }) => `${method} ${path}`), [
    "POST /api/v1/namespaces/ns/pods/p:8086/proxy/hello",
    "GET /api/v1/nodes/n/proxy",
  ]);
  await rejects(
    api.namespace("ns").proxyServiceRequest("s", { method: "GET", path: "hello" }),
    /cannot be relative/,
  );
});

/** A client that gives one answer to all and keeps what it was asked. */
function recorder(
  answer: JSONValue | ((request: RequestOptions) => unknown),
): { client: RestClient; requests: RequestOptions[] } {
  const requests: RequestOptions[] = [];
  const performRequest = (request: RequestOptions) => {
    requests.push(request);
    return Promise.resolve(typeof answer === "function" ? answer(request) : answer);
  };
  return { client: { performRequest } as RestClient, requests };
}

function plain(request: RequestOptions): Record<string, unknown> {
  const { method, path, querystring, bodyJson, abortSignal, ...rest } = request;
  return JSON.parse(JSON.stringify({
    method,
    path: querystring?.size ? `${path}?${querystring}` : path,
    ...rest,
    body: bodyJson,
    signal: abortSignal ? true : undefined,
  }));
}
