import { strictEqual } from "node:assert/strict";
import type { PodTemplateSpec } from "@cloudydeno/kubernetes-apis/core/v1";
import type { Head } from "../../heads.ts";
import { isOfTemplate, isSameTemplate } from "./template.ts";
import { deployment, pod } from "./testdata/scene.ts";

const RESTARTED = "troupe.dev/restarted-at";

function template(image: string, metadata: PodTemplateSpec["metadata"] = {}): PodTemplateSpec {
  return { metadata, spec: { containers: [{ name: "worker", image }] } };
}

Deno.test("isSameTemplate() sees no difference in what controllers add and in restarts", () => {
  const plain = template("w:1", { labels: { app: "w" } });
  const hashed = template("w:1", {
    annotations: { [RESTARTED]: "2026" },
    labels: { "pod-template-hash": "x", app: "w" },
  });
  strictEqual(isSameTemplate(plain, hashed), true);
  strictEqual(isSameTemplate(plain, template("w:2", { labels: { app: "w" } })), false);
  strictEqual(isSameTemplate(plain, template("w:1", { labels: { app: "x" } })), false);
});

Deno.test("isOfTemplate() tells pods of what is applied now from those of before", () => {
  const head = deployment({ spec: { template: template("w:2") } });
  strictEqual(isOfTemplate(pod("p1"), head), false);
  strictEqual(isOfTemplate(pod("p1", { spec: { image: "w:2" } }), head), true);
  const injected = pod("p1", { spec: { image: "w:2", resources: { limits: {} } } });
  injected.spec!.containers.unshift({ name: "proxy", image: "p:1" });
  strictEqual(isOfTemplate(injected, head), true);
  const restarted = template("w:1", { annotations: { [RESTARTED]: "2026" } });
  strictEqual(isOfTemplate(pod("p1"), deployment({ spec: { template: restarted } })), false);
  const job = { kind: "Job", spec: { template: template("w:2") } } as Head;
  strictEqual(isOfTemplate(pod("p1"), job), true);
});
