import { deepStrictEqual, notStrictEqual, ok, strictEqual } from "node:assert/strict";
import {
  coordinatorRules,
  type CoordinatorRulesOptions,
  greeterManifests,
  manifestFiles,
  restrictedPod,
} from "./mod.ts";
import { violations } from "./testdata/restricted_rules.ts";

Deno.test("restrictedPod() meets the restricted Pod Security Standard", () => {
  const pod = restrictedPod({ name: "a", image: "b" }, {
    serviceAccountName: "a",
    automountServiceAccountToken: false,
  });
  deepStrictEqual(violations(pod), []);
});

Deno.test("violations() finds each thing that a pod does wrong", () => {
  deepStrictEqual(violations({ containers: [{ name: "a" }] }), [
    "privilege escalation",
    "running as non-root",
    "seccomp",
    "capabilities",
    "troupe: read-only root file system",
    "troupe: resource requests",
    "troupe: says whether it gets a token",
  ]);
  const worse = {
    hostNetwork: true,
    securityContext: { runAsUser: 0, sysctls: [{ name: "kernel.msgmax", value: "1" }] },
    volumes: [{ name: "v", hostPath: { path: "/" } }],
    containers: [{
      name: "a",
      ports: [{ containerPort: 1, hostPort: 1 }],
      readinessProbe: { httpGet: { port: 1, host: "10.0.0.1" } },
      lifecycle: { preStop: { tcpSocket: { port: 1, host: "10.0.0.1" } } },
      securityContext: {
        privileged: true,
        procMount: "Unmasked",
        seLinuxOptions: { role: "sysadm_r" },
        appArmorProfile: { type: "Unconfined" },
        windowsOptions: { hostProcess: true },
      },
    }],
  };
  const found = violations(worse);
  for (
    const name of [
      "host namespaces",
      "privileged containers",
      "host ports",
      "volume types",
      "running as non-root user",
      "proc mount",
      "host process",
      "host probes and lifecycle hooks",
      "AppArmor",
      "SELinux",
      "sysctls",
    ]
  ) ok(found.includes(name), name);
});

Deno.test("greeterManifests() makes a pod that meets the restricted standard", () => {
  deepStrictEqual(violations(greeterManifests().deployment.spec!.template.spec!), []);
});

Deno.test("greeterManifests() ties account, role, binding and deployment together", () => {
  const made = greeterManifests({ name: "boss", namespace: "team", replicas: 7 });
  const { serviceAccount, role, roleBinding, deployment } = made;
  for (const object of [serviceAccount, role, roleBinding, deployment]) {
    strictEqual(object.metadata?.name, "boss");
    strictEqual(object.metadata?.namespace, "team");
    // a coordinator must not find itself by its own label
    strictEqual(object.metadata?.labels?.["troupe.dev/coordinator"], undefined);
  }
  deepStrictEqual(roleBinding.subjects, [
    { kind: "ServiceAccount", name: "boss", namespace: "team" },
  ]);
  strictEqual(roleBinding.roleRef.name, "boss");
  const { spec, metadata } = deployment.spec!.template;
  strictEqual(spec!.serviceAccountName, "boss");
  deepStrictEqual(deployment.spec!.selector.matchLabels, {
    "app.kubernetes.io/name": metadata!.labels!["app.kubernetes.io/name"],
  });
  ok(spec!.containers[0]!.args!.includes("--replicas=7"));
});

Deno.test("greeterManifests() grants no wildcard", () => {
  for (const rule of greeterManifests().role.rules!) {
    for (const word of [...rule.apiGroups!, ...rule.resources!, ...rule.verbs]) {
      notStrictEqual(word, "*");
    }
  }
});

Deno.test("coordinatorRules() grant deletion, single pods and Leases only to who asks for it", () => {
  const granted = (options: CoordinatorRulesOptions = {}) =>
    new Set(
      coordinatorRules(options).flatMap(({ resources, verbs }) =>
        resources!.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}`))
      ),
    );
  const least = granted();
  const added = (options: CoordinatorRulesOptions) =>
    [...granted(options).difference(least)].sort();
  strictEqual([...least].some((rule) => rule.startsWith("delete")), false);
  deepStrictEqual(added({ supervision: true }), ["delete pods", "get pods", "patch pods"]);
  deepStrictEqual(
    added({ deletes: true }),
    ["cronjobs", "daemonsets", "deployments", "jobs", "statefulsets"].map((r) => `delete ${r}`),
  );
  deepStrictEqual(
    added({ election: true }),
    ["create", "get", "list", "update", "watch"].map((verb) => `${verb} leases`),
  );
  deepStrictEqual(added({ undo: true }), ["list controllerrevisions", "list replicasets"]);
  deepStrictEqual(added({ events: true }), ["list events", "watch events"]);
});

Deno.test("greeterManifests() makes two supervisors that stand for election and hand over warm", () => {
  const { replicas, strategy, template } = greeterManifests().deployment.spec!;
  strictEqual(replicas, 2);
  deepStrictEqual(strategy!.rollingUpdate, { maxSurge: 1, maxUnavailable: 0 });
  const [container] = template.spec!.containers;
  ok(container!.args!.includes("--election"));
  ok(container!.args!.includes("--health-port=8080"));
  deepStrictEqual(container!.ports, [{ name: "health", containerPort: 8080 }]);
  strictEqual(container!.readinessProbe!.httpGet!.path, "/readyz");
  strictEqual(container!.livenessProbe!.httpGet!.path, "/livez");
});

Deno.test("greeterManifests() ends a supervisor that does not answer only when its Lease is long over", () => {
  const { periodSeconds, failureThreshold } = greeterManifests().deployment.spec!
    .template.spec!.containers[0]!.livenessProbe!;
  ok(periodSeconds! * (failureThreshold! - 1) > 3 * 8, "three times the 8 s of a Lease");
});

for (const [name, text] of Object.entries(manifestFiles())) {
  Deno.test(`manifestFiles() prints ${name} as it is in the repository`, async () => {
    strictEqual(await Deno.readTextFile(new URL(name, import.meta.url)), text);
  });
}

Deno.test("coordinatorRules() grant the Secrets of messaging by name, and creating them", () => {
  const secrets = (messaging: { coordinator: string; tls?: boolean }) =>
    coordinatorRules({ messaging }).filter(({ resources }) => resources!.includes("secrets"));
  const of = { apiGroups: [""], resources: ["secrets"] };
  deepStrictEqual(secrets({ coordinator: "boss" }), [
    { ...of, verbs: ["create"] },
    { ...of, verbs: ["get", "patch"], resourceNames: ["troupe-boss-key"] },
  ]);
  deepStrictEqual(secrets({ coordinator: "boss", tls: true })[1]!.resourceNames, [
    "troupe-boss-key",
    "troupe-boss-ca",
    "troupe-boss-tls",
  ]);
  deepStrictEqual(
    coordinatorRules().filter(({ resources }) => resources!.includes("secrets")),
    [],
  );
});
