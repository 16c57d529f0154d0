/** Random configurations of a few kinds, with many ways to overlap. */

import type { GroupVersionKind, JsonObject } from "../../schema/mod.ts";
import type { Dice } from "./real_server.ts";

/** A kind to compare. */
export interface Subject {
  gvk: GroupVersionKind;
  /** The collection's path in the namespace `default`. */
  path: string;
  /** A random configuration; `whole` ones can be created. */
  config: (dice: Dice, name: string, whole: boolean) => JsonObject;
}

function metadata(dice: Dice, name: string): JsonObject {
  const out: JsonObject = { name };
  const labels = dice.some(["a", "b", "c"], 2);
  if (labels.length > 0) {
    out.labels = Object.fromEntries(labels.map((l) => [l, dice.pick(["1", "2"])]));
  }
  if (dice.oneIn(3)) out.annotations = { note: dice.pick(["x", "y"]), "example.com/who": "me" };
  if (dice.oneIn(6)) out.finalizers = dice.some(["example.com/one", "example.com/two"]);
  return out;
}

function container(dice: Dice, name: string, whole: boolean): JsonObject {
  const out: JsonObject = { name };
  if (whole || dice.oneIn(2)) out.image = dice.pick(["app:1", "app:2", "other"]);
  const env = dice.some(["A", "B", "C"], 3);
  if (env.length > 0) {
    out.env = env.map((e) =>
      dice.oneIn(5)
        ? {
          name: e,
          valueFrom: { fieldRef: { fieldPath: dice.pick(["metadata.name", "spec.nodeName"]) } },
        }
        : { name: e, value: dice.pick(["0", "1"]) }
    );
  }
  if (dice.oneIn(3)) out.args = dice.some(["-v", "-x", "-y"], 3);
  if (dice.oneIn(2)) {
    out.ports = dice.some([80, 81, 82], 2).map((containerPort) => ({
      containerPort,
      ...(dice.oneIn(3) ? { protocol: dice.pick(["TCP", "UDP"]) } : {}),
      ...(dice.oneIn(2) ? { name: `p${containerPort}` } : {}),
    }));
  }
  if (dice.oneIn(3)) {
    out.resources = {
      [dice.pick(["limits", "requests"])]: {
        [dice.pick(["cpu", "memory"])]: dice.pick(["1", "2"]),
      },
    };
  }
  if (dice.oneIn(4)) {
    out.readinessProbe = {
      httpGet: { path: "/", port: dice.pick([80, 81]) },
      periodSeconds: 1 + dice.below(3),
    };
  }
  if (dice.oneIn(4)) out.volumeMounts = [{ name: "data", mountPath: dice.pick(["/a", "/b"]) }];
  if (dice.oneIn(5)) out.securityContext = { runAsNonRoot: true, capabilities: { drop: ["ALL"] } };
  return out;
}

function deployment(dice: Dice, name: string, whole: boolean): JsonObject {
  const containers = dice.some(["web", "side"]);
  if (whole && containers.length === 0) containers.push("web");
  const podSpec: JsonObject = {};
  if (containers.length > 0) podSpec.containers = containers.map((c) => container(dice, c, whole));
  if (whole || dice.oneIn(3)) podSpec.volumes = [{ name: "data", emptyDir: { sizeLimit: "1Gi" } }];
  if (dice.oneIn(3)) {
    podSpec.tolerations = dice.some(["x", "y"]).map((key) => ({ key, operator: "Exists" }));
  }
  if (dice.oneIn(4)) podSpec.nodeSelector = { disk: dice.pick(["ssd", "hdd"]) };
  if (dice.oneIn(4)) podSpec.terminationGracePeriodSeconds = dice.pick([5, 30]);
  if (dice.oneIn(5)) {
    podSpec.hostAliases = dice.some(["10.0.0.1", "10.0.0.2"]).map((ip) => ({
      ip,
      hostnames: ["h"],
    }));
  }
  const templateMeta: JsonObject = {};
  if (whole || dice.oneIn(2)) {
    templateMeta.labels = { app: name, ...(dice.oneIn(2) ? { tier: dice.pick(["x", "y"]) } : {}) };
  }
  if (dice.oneIn(3)) templateMeta.annotations = { hash: dice.pick(["1", "2"]) };
  const spec: JsonObject = { template: { metadata: templateMeta, spec: podSpec } };
  if (whole || dice.oneIn(3)) spec.selector = { matchLabels: { app: name } };
  if (dice.oneIn(2)) spec.replicas = dice.below(3);
  if (dice.oneIn(4)) spec.minReadySeconds = dice.below(3);
  if (dice.oneIn(4)) {
    spec.strategy = dice.pick<JsonObject>([
      { type: "RollingUpdate" },
      { rollingUpdate: { maxSurge: dice.pick([1, "25%"]) } },
      { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1 } },
    ]);
  }
  if (dice.oneIn(5)) spec.revisionHistoryLimit = dice.pick([3, 10]);
  return { apiVersion: "apps/v1", kind: "Deployment", metadata: metadata(dice, name), spec };
}

function configMap(dice: Dice, name: string): JsonObject {
  const out: JsonObject = { apiVersion: "v1", kind: "ConfigMap", metadata: metadata(dice, name) };
  const keys = dice.some(["k1", "k2", "k3"]);
  if (keys.length > 0) {
    out.data = Object.fromEntries(keys.map((key) => [key, dice.pick(["v", "w"])]));
  }
  if (dice.oneIn(4)) out.binaryData = { blob: "AAEC" };
  return out;
}

function service(dice: Dice, name: string, whole: boolean): JsonObject {
  const spec: JsonObject = {};
  const ports = dice.some([80, 81, 82]);
  if (whole && ports.length === 0) ports.push(80);
  if (ports.length > 0) {
    spec.ports = ports.map((port) => ({
      name: `p${port}`,
      port,
      ...(dice.oneIn(2) ? { targetPort: dice.pick<unknown>([8080, "http"]) } : {}),
      protocol: "TCP", // 1.20 has no default for this key
    }));
  }
  if (dice.oneIn(2)) {
    spec.selector = { app: dice.pick(["x", "y"]), ...(dice.oneIn(2) ? { tier: "z" } : {}) };
  }
  if (dice.oneIn(4)) spec.sessionAffinity = dice.pick(["None", "ClientIP"]);
  if (dice.oneIn(6)) spec.type = "ClusterIP";
  if (dice.oneIn(6)) spec.publishNotReadyAddresses = true;
  return { apiVersion: "v1", kind: "Service", metadata: metadata(dice, name), spec };
}

/** The kinds that are compared. */
export const SUBJECTS: readonly Subject[] = [
  {
    gvk: { group: "apps", version: "v1", kind: "Deployment" },
    path: "/apis/apps/v1/namespaces/default/deployments",
    config: deployment,
  },
  {
    gvk: { group: "", version: "v1", kind: "ConfigMap" },
    path: "/api/v1/namespaces/default/configmaps",
    config: configMap,
  },
  {
    gvk: { group: "", version: "v1", kind: "Service" },
    path: "/api/v1/namespaces/default/services",
    config: service,
  },
];
