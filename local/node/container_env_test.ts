import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import type { Container, Pod } from "@cloudydeno/kubernetes-apis/core/v1";
import { Quantity } from "@cloudydeno/kubernetes-apis/common.ts";
import type { ConfigData, ConfigSource } from "./config_source.ts";
import { containerEnv } from "./container_env.ts";
import { quantityValue } from "./downward.ts";

const encoder = new TextEncoder();

function data(map: Record<string, string>): ConfigData {
  return new Map(Object.entries(map).map(([key, value]) => [key, encoder.encode(value)]));
}

const SOURCE: ConfigSource = {
  read: ({ kind, name }) =>
    Promise.resolve(
      kind === "Secret" && name === "s"
        ? data({ key: "secret" })
        : kind === "ConfigMap" && name === "c"
        ? data({ a: "1", b: "2" })
        : undefined,
    ),
};

const POD: Pod = {
  metadata: {
    name: "p",
    namespace: "n",
    uid: "u",
    labels: { app: "web" },
    annotations: { "example.com/x": "y" },
  },
  spec: { containers: [], serviceAccountName: "sa" },
};

function env(container: Partial<Container>, base: Record<string, string> = {}) {
  return containerEnv({ name: "main", ...container }, {
    pod: POD,
    place: {
      podIP: "127.1.0.2",
      hostIP: "127.1.0.1",
      nodeName: "node",
      allocatable: { cpu: 4, memory: 2 ** 30 },
    },
    source: SOURCE,
    base,
  });
}

function field(fieldPath: string) {
  return { valueFrom: { fieldRef: { fieldPath } } };
}

Deno.test("containerEnv() resolves every field of the downward API", async () => {
  const fields = {
    "metadata.name": "p",
    "metadata.namespace": "n",
    "metadata.uid": "u",
    "metadata.labels['app']": "web",
    "metadata.annotations['example.com/x']": "y",
    "spec.nodeName": "node",
    "spec.serviceAccountName": "sa",
    "status.podIP": "127.1.0.2",
    "status.podIPs": "127.1.0.2",
    "status.hostIP": "127.1.0.1",
  };
  const variables = Object.keys(fields).map((path) => ({ name: path, ...field(path) }));
  deepStrictEqual({ ...await env({ env: variables }) }, fields);
});

Deno.test("containerEnv() reads ConfigMaps and Secrets, whole and by key", async () => {
  const result = await env({
    envFrom: [{ prefix: "C_", configMapRef: { name: "c" } }, { secretRef: { name: "s" } }],
    env: [{ name: "K", valueFrom: { secretKeyRef: { name: "s", key: "key" } } }],
  });
  deepStrictEqual(result, { C_a: "1", C_b: "2", key: "secret", K: "secret" });
});

Deno.test("containerEnv() lets a value refer to what stands before it", async () => {
  const result = await env({
    env: [{ name: "A", value: "$(BASE)/a" }, { name: "B", value: "$(A)/b $(C)" }],
  }, { BASE: "base" });
  strictEqual(result.B, "base/a/b $(C)");
});

Deno.test("containerEnv() gives resources in units of their divisor, and the node's without limits", async () => {
  const resource = (resource: string, divisor?: Quantity) => ({
    valueFrom: { resourceFieldRef: { resource, divisor } },
  });
  const result = await env({
    resources: { limits: { cpu: new Quantity(1500, "m") } },
    env: [
      { name: "CPU", ...resource("limits.cpu") },
      { name: "MILLI", ...resource("limits.cpu", new Quantity(1, "m")) },
      { name: "MEMORY", ...resource("limits.memory", new Quantity(1, "Mi")) },
      { name: "NONE", ...resource("requests.cpu") },
    ],
  });
  deepStrictEqual(result, { CPU: "2", MILLI: "1500", MEMORY: "1024", NONE: "0" });
});

Deno.test("containerEnv() leaves out what is optional and missing", async () => {
  const result = await env({
    envFrom: [{ configMapRef: { name: "none", optional: true } }],
    env: [{
      name: "K",
      valueFrom: { secretKeyRef: { name: "s", key: "none", optional: true } },
    }],
  });
  deepStrictEqual(result, {});
});

Deno.test("containerEnv() rejects when something is missing that is not optional", async () => {
  const missing = (valueFrom: object) => env({ env: [{ name: "K", valueFrom }] });
  await rejects(
    missing({ secretKeyRef: { name: "x", key: "k" } }),
    /^BlockedError: secret "x" not/,
  );
  await rejects(
    missing({ configMapKeyRef: { name: "c", key: "k" } }),
    /couldn't find key k in ConfigMap n\/c/,
  );
  await rejects(missing({ fieldRef: { fieldPath: "spec.nope" } }), /Cannot read field "spec.nope"/);
});

Deno.test("quantityValue() knows decimal, binary and exponent suffixes", () => {
  strictEqual(quantityValue(new Quantity(5, "")), 5);
  strictEqual(quantityValue(new Quantity(250, "m")), 0.25);
  strictEqual(quantityValue(new Quantity(2, "Gi")), 2 ** 31);
  strictEqual(quantityValue(new Quantity(2, "e3")), 2000);
});
