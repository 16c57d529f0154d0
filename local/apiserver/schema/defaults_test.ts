import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { applyDefaults } from "./defaults.ts";
import type { GroupVersionKind, JsonObject } from "./schema.ts";
import { SPARSE_OBJECTS } from "./testdata/sparse_objects.ts";

const POD: GroupVersionKind = { group: "", version: "v1", kind: "Pod" };
const APPS = { group: "apps", version: "v1" };

function pod(container: JsonObject, spec: JsonObject = {}): JsonObject {
  return applyDefaults({ spec: { containers: [{ name: "a", ...container }], ...spec } }, POD).spec;
}

Deno.test("applyDefaults() fills in a Deployment", () => {
  const { spec, status } = applyDefaults({
    spec: { template: { spec: { containers: [{ name: "a", image: "b" }] } } },
  }, { ...APPS, kind: "Deployment" });
  deepStrictEqual(spec, {
    replicas: 1,
    strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "25%", maxSurge: "25%" } },
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
    template: {
      metadata: {},
      spec: {
        containers: [{
          name: "a",
          image: "b",
          imagePullPolicy: "Always",
          terminationMessagePath: "/dev/termination-log",
          terminationMessagePolicy: "File",
          resources: {},
        }],
        restartPolicy: "Always",
        terminationGracePeriodSeconds: 30,
        dnsPolicy: "ClusterFirst",
        securityContext: {},
        schedulerName: "default-scheduler",
      },
    },
  });
  deepStrictEqual(status, {});
});

Deno.test("applyDefaults() pulls images with a moving tag always, others when missing", () => {
  const policy = (image: string) => pod({ image }).containers[0].imagePullPolicy;
  for (const image of ["app", "app:latest", "host:5000/app"]) strictEqual(policy(image), "Always");
  for (const image of ["app:1", "host:5000/app:1", "app@sha256:00"]) {
    strictEqual(policy(image), "IfNotPresent");
  }
});

Deno.test("applyDefaults() requests what is limited, in Pods but not in templates", () => {
  const resources = { limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "500m" } };
  deepStrictEqual(pod({ resources }).containers[0].resources.requests, {
    cpu: "500m",
    memory: "1Gi",
  });
  const template = { spec: { containers: [{ name: "a", resources }] } };
  const { spec } = applyDefaults({ spec: { template } }, { ...APPS, kind: "ReplicaSet" });
  deepStrictEqual(spec.template.spec.containers[0].resources, resources);
});

Deno.test("applyDefaults() fills in probes", () => {
  deepStrictEqual(pod({ livenessProbe: { httpGet: { port: 80 } } }).containers[0].livenessProbe, {
    httpGet: { port: 80, path: "/", scheme: "HTTP" },
    timeoutSeconds: 1,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 3,
  });
});

Deno.test("applyDefaults() gives pods on the host's network their ports", () => {
  const spec = pod({ ports: [{ containerPort: 80 }] }, { hostNetwork: true });
  deepStrictEqual(spec.containers[0].ports, [{ containerPort: 80, hostPort: 80, protocol: "TCP" }]);
});

Deno.test("applyDefaults() moves a Secret's stringData into data", () => {
  const secret = applyDefaults({ stringData: { a: "ä" }, data: { a: "AA==", b: "AA==" } }, {
    group: "",
    version: "v1",
    kind: "Secret",
  });
  strictEqual(secret.stringData, undefined);
  strictEqual(secret.type, "Opaque");
  deepStrictEqual(secret.data, { a: "w6Q=", b: "AA==" });
});

Deno.test("applyDefaults() labels a namespace with its name", () => {
  const namespace = applyDefaults({ metadata: { name: "x" } }, {
    group: "",
    version: "v1",
    kind: "Namespace",
  });
  deepStrictEqual(namespace.metadata.labels, { "kubernetes.io/metadata.name": "x" });
  strictEqual(namespace.status.phase, "Active");
});

Deno.test("applyDefaults() writes quantities and times in canonical form", () => {
  const spec = pod({ resources: { limits: { cpu: 0.5, memory: "1024Mi" } } });
  deepStrictEqual(spec.containers[0].resources.limits, { cpu: "500m", memory: "1Gi" });
  const { spec: lease } = applyDefaults({
    spec: { renewTime: "2026-01-02T03:04:05.600000+01:00", holderIdentity: "" },
  }, { group: "coordination.k8s.io", version: "v1", kind: "Lease" });
  // an empty holder is a lease that was released, not one without holder
  deepStrictEqual(lease, { renewTime: "2026-01-02T02:04:05.600000Z", holderIdentity: "" });
});

Deno.test("applyDefaults() leaves out what is empty, keeps what says no", () => {
  const { metadata, spec } = applyDefaults({
    metadata: { labels: {}, finalizers: [] },
    spec: {
      hostNetwork: false,
      automountServiceAccountToken: false,
      containers: [{ name: "a", env: [{ name: "E", value: "" }], command: [] }],
    },
  }, POD);
  deepStrictEqual(metadata, {});
  strictEqual("hostNetwork" in spec, false);
  strictEqual(spec.automountServiceAccountToken, false);
  deepStrictEqual(spec.containers[0].env, [{ name: "E" }]);
  strictEqual("command" in spec.containers[0], false);
});

Deno.test("applyDefaults() leaves zero counts out of a Deployment's status, but not a ReplicaSet's", () => {
  const status = { replicas: 0, readyReplicas: 0 };
  const of = (kind: string) => applyDefaults({ spec: {}, status }, { ...APPS, kind }).status;
  deepStrictEqual(of("Deployment"), {});
  deepStrictEqual(of("ReplicaSet"), { replicas: 0 });
});

for (const { gvk, object } of SPARSE_OBJECTS) {
  Deno.test(`applyDefaults() changes nothing of a ${gvk.kind} the second time`, () => {
    const before = structuredClone(object);
    const once = applyDefaults(object, gvk);
    const twice = structuredClone(once);
    deepStrictEqual(applyDefaults(once, gvk), twice);
    deepStrictEqual(once, twice);
    deepStrictEqual(object, before);
  });
}
