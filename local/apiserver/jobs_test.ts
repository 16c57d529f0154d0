/** What the API server itself does for Jobs and CronJobs. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { ApiServer } from "./server.ts";
import { call } from "./test_client.ts";

const JOBS = "/apis/batch/v1/namespaces/default/jobs";
const SPEC = {
  template: { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "i:1" }] } },
};

function job(name: string, spec: object = {}) {
  return { apiVersion: "batch/v1", kind: "Job", metadata: { name }, spec: { ...SPEC, ...spec } };
}

Deno.test("ApiServer gives a Job its selector, its labels and its defaults", async () => {
  await using server = await ApiServer.start();
  const { code, body } = await call(server, `POST ${JOBS}`, { body: job("a") });
  strictEqual(code, 201);
  const { uid } = body.metadata;
  const labels = {
    "batch.kubernetes.io/controller-uid": uid,
    "batch.kubernetes.io/job-name": "a",
    "controller-uid": uid,
    "job-name": "a",
  };
  deepStrictEqual(body.spec.selector.matchLabels, { "batch.kubernetes.io/controller-uid": uid });
  deepStrictEqual(body.spec.template.metadata.labels, labels);
  deepStrictEqual(body.metadata.labels, labels);
  strictEqual(body.metadata.generation, 1);
  const { completions, parallelism, backoffLimit, completionMode, suspend } = body.spec;
  deepStrictEqual([completions, parallelism, backoffLimit], [1, 1, 6]);
  deepStrictEqual([completionMode, suspend], ["NonIndexed", false]);
  deepStrictEqual(body.status, {});
  ok(!JSON.stringify(body.metadata.managedFields).includes("f:selector"));
});

Deno.test("ApiServer keeps a selector that is made by hand", async () => {
  await using server = await ApiServer.start();
  const spec = {
    manualSelector: true,
    selector: { matchLabels: { app: "a" } },
    template: { ...SPEC.template, metadata: { labels: { app: "a" } } },
  };
  const { body } = await call(server, `POST ${JOBS}`, { body: job("a", spec) });
  deepStrictEqual(body.spec.selector, { matchLabels: { app: "a" } });
  deepStrictEqual(body.spec.template.metadata.labels, { app: "a" });
  const none = await call(server, `POST ${JOBS}`, { body: job("b", { manualSelector: true }) });
  strictEqual(none.code, 422);
});

Deno.test("ApiServer has a Job's pods live on when its deletion does not say otherwise", async () => {
  await using server = await ApiServer.start();
  for (const name of ["a", "b", "c"]) await call(server, `POST ${JOBS}`, { body: job(name) });
  const plain = await call(server, `DELETE ${JOBS}/a`);
  deepStrictEqual(plain.body.metadata.finalizers, ["orphan"]);
  ok(plain.headers.get("warning")?.includes("child pods are preserved by default"));
  const background = await call(server, `DELETE ${JOBS}/b?propagationPolicy=Background`);
  strictEqual(background.body.status, "Success");
  strictEqual(background.headers.get("warning"), null);
  const foreground = await call(server, `DELETE ${JOBS}/c?propagationPolicy=Foreground`);
  deepStrictEqual(foreground.body.metadata.finalizers, ["foregroundDeletion"]);
});

Deno.test("ApiServer keeps zeros in a Job's status that tell something", async () => {
  await using server = await ApiServer.start();
  await call(server, `POST ${JOBS}`, { body: job("a") });
  const status = { active: 0, ready: 0, terminating: 0, failed: 0, failedIndexes: "" };
  const { body } = await call(server, `PATCH ${JOBS}/a/status`, {
    body: { status },
    headers: { "content-type": "application/merge-patch+json" },
  });
  deepStrictEqual(body.status, { ready: 0, terminating: 0, failedIndexes: "" });
});

Deno.test("ApiServer selects Jobs by how many pods succeeded, and shows them as tables", async () => {
  await using server = await ApiServer.start();
  await call(server, `POST ${JOBS}`, { body: job("a") });
  const list = await call(server, `GET ${JOBS}?fieldSelector=status.successful%3D0`);
  strictEqual(list.body.items.length, 1);
  const accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
  const table = await call(server, `GET ${JOBS}`, { headers: { accept } });
  deepStrictEqual(table.body.rows[0].cells.slice(0, 3), ["a", "Running", "0/1"]);
});
