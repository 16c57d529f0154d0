import {
  deepStrictEqual,
  match,
  notStrictEqual,
  ok,
  strictEqual,
  throws,
} from "node:assert/strict";
import { z } from "zod";
import { primitiveRules } from "../../../manifests/mod.ts";
import { violations } from "../../../manifests/testdata/restricted_rules.ts";
import { contract } from "../../../messaging/mod.ts";
import { ANNOTATIONS, ownLabels } from "../../labels.ts";
import { checkRunParams, MAX_WORKLOAD_NAME, type RunParams } from "../run_params.ts";
import { defineWorkload } from "./define_workload.ts";
import { tlsVars } from "./env_vars.ts";
import { type Head, templateOf, workloadParts } from "./mod.ts";
import { headOf, LEAST, SAMPLES } from "./testdata/samples.ts";

const W = { name: "w", image: "w:1" };
const BOSS = { coordinator: "boss", workload: "w" };

function podOf(params: RunParams) {
  return templateOf(headOf(params))!.spec!;
}

for (const [kind, params] of Object.entries({ ...LEAST })) {
  Deno.test(`workloadHead() makes a ${kind} whose pods meet the restricted standard`, () => {
    for (const sample of [params, SAMPLES[kind]!]) {
      const head = headOf(sample);
      strictEqual(head.kind, kind);
      deepStrictEqual(violations(templateOf(head)!.spec!), []);
    }
  });

  Deno.test(`workloadHead() labels a ${kind} and its pods`, () => {
    const head = headOf(params);
    deepStrictEqual(head.metadata?.labels, ownLabels(BOSS));
    deepStrictEqual(templateOf(head)?.metadata?.labels, ownLabels(BOSS));
    match(head.metadata!.annotations![ANNOTATIONS.definition]!, /^[0-9a-f]{16}$/);
  });

  Deno.test(`workloadHead() refuses a patch that takes a ${kind} over`, () => {
    const patches: [field: string, patch: (head: Head) => Head | void][] = [
      ["metadata.name", (head) => void (head.metadata!.name = "x")],
      ["metadata.namespace", (head) => void (head.metadata!.namespace = "x")],
      [
        "metadata.labels.troupe.dev/coordinator",
        (head) => void (head.metadata!.labels!["troupe.dev/coordinator"] = "x"),
      ],
      [
        "the template's metadata.labels.troupe.dev/workload",
        (head) => void (templateOf(head)!.metadata!.labels!["troupe.dev/workload"] = "x"),
      ],
      ["spec.selector", (head) => {
        const spec = head.spec as { selector?: unknown };
        spec.selector = { matchLabels: { a: "b" } };
      }],
      ["kind", (head) => ({ ...head, kind: kind === "Job" ? "CronJob" : "Job" }) as Head],
    ];
    for (const [field, patch] of patches) {
      throws(() => headOf({ ...params, patch }), (e: Error) => {
        ok(e.message.startsWith('Cannot run "w": its "patch" '), e.message);
        ok(e.message.includes(field), e.message);
        return true;
      });
    }
  });
}

Deno.test("workloadHead() applies a patch, in place or returned, and hashes it", () => {
  const plain = headOf(W);
  const inPlace = headOf({ ...W, patch: (head) => void (templateOf(head)!.spec!.hostname = "h") });
  strictEqual(templateOf(inPlace)!.spec!.hostname, "h");
  const returned = headOf({
    ...W,
    patch: (head) =>
      head.kind === "Deployment" ? { ...head, spec: { ...head.spec!, paused: true } } : head,
  });
  ok(returned.kind === "Deployment" && returned.spec?.paused);
  const hashes = [plain, inPlace, returned].map((head) =>
    head.metadata!.annotations![ANNOTATIONS.definition]
  );
  strictEqual(new Set(hashes).size, 3);
});

Deno.test("workloadHead() lets a patch change labels of the head alone", () => {
  const head = headOf({
    ...W,
    labels: { tier: "back" },
    patch: (head) => void (head.metadata!.labels!.tier = "front"),
  });
  strictEqual(templateOf(head)!.metadata!.labels!.tier, "back");
});

Deno.test("workloadHead() tells to which object it is written outside the hash", () => {
  const head = headOf(W, { uid: "u" });
  strictEqual(head.metadata!.uid, "u");
  const [hash, plain] = [head, headOf(W)].map((one) =>
    one.metadata!.annotations![ANNOTATIONS.definition]
  );
  strictEqual(hash, plain);
  const owners = [{ apiVersion: "apps/v1", kind: "Deployment", name: "o", uid: "1" }];
  const owned = headOf(W, { owners });
  notStrictEqual(owned.metadata!.annotations![ANNOTATIONS.definition], plain);
  deepStrictEqual(owned.metadata!.ownerReferences, owners);
});

Deno.test("workloadHead() gives a job's items so that workers read what was given", () => {
  const items = ["a", "$(POD_IP)", "$$", 'q"'];
  const head = headOf({ ...W, items, parallelism: 2 });
  ok(head.kind === "Job");
  strictEqual(head.spec!.completionMode, "Indexed");
  strictEqual(head.spec!.completions, 4);
  strictEqual(head.spec!.parallelism, 2);
  const env = templateOf(head)!.spec!.containers[0]!.env!;
  const written = env.find(({ name }) => name === "TROUPE_ITEMS")!.value!;
  // what a node makes of it: a doubled dollar is one, and no name stands alone
  deepStrictEqual(JSON.parse(written.replaceAll("$$", () => "$")), items);
  ok(!/(^|[^$])(\$\$)*\$\(/.test(written));
});

Deno.test("workloadHead() gives workers with a contract the coordinator's keys, and others none", () => {
  const keys = (params: Parameters<typeof headOf>[0]) =>
    templateOf(headOf(params))!.spec!.containers[0]!.env!.find((v) => v.name === "TROUPE_KEYS");
  const greeter = contract("greeter", { greet: { input: z.string() } });
  deepStrictEqual(keys({ ...W, contract: greeter })?.valueFrom?.secretKeyRef, {
    name: "troupe-boss-key",
    key: "keys",
  });
  strictEqual(keys(W), undefined);
});

Deno.test("workloadHead() keeps no more than the limit for a worker", () => {
  const { requests, limits } = podOf({ ...W, resources: { limits: { cpu: "20m", memory: "1Gi" } } })
    .containers[0]!.resources!;
  const texts = Object.values({ ...requests, limit: limits!.memory! }).map((q) => q.serialize());
  deepStrictEqual(texts, ["20m", "64Mi", "1Gi"]);
});

Deno.test("workloadHead() lets a worker write to its disk, and weakens only what is asked", () => {
  const disk = podOf({ ...W, storage: { size: "1Gi", path: "/data" } });
  strictEqual(disk.securityContext!.fsGroup, 65532);
  deepStrictEqual(disk.containers[0]!.volumeMounts!.map(({ mountPath }) => mountPath), [
    "/tmp",
    "/data",
  ]);
  const root = podOf({ ...W, security: { user: 0, capabilities: ["NET_ADMIN"] } });
  deepStrictEqual(violations(root), [
    "running as non-root",
    "running as non-root user",
    "capabilities",
  ]);
  const free = podOf({ ...W, security: { privileged: true, seccomp: "Unconfined" } });
  deepStrictEqual(violations(free), ["privileged containers", "privilege escalation", "seccomp"]);
  const other = podOf({ ...W, security: { user: 1000 } });
  deepStrictEqual(violations(other), []);
  strictEqual(other.securityContext!.runAsGroup, 1000);
});

Deno.test("workloadHead() asks nothing when readiness is false", () => {
  const [container] = podOf({ ...W, port: 80, probes: { readiness: false } }).containers;
  strictEqual(container!.readinessProbe, undefined);
});

Deno.test("workloadHead() lets workers leave a lost node soon, unless the user says how long they stay", () => {
  const stays = (params: Partial<RunParams>) =>
    podOf({ ...W, ...params }).tolerations?.map(({ key, tolerationSeconds }) =>
      `${key?.split("/")[1]} ${tolerationSeconds}`
    );
  deepStrictEqual(stays({}), ["not-ready 10", "unreachable 10"]);
  deepStrictEqual(stays({ nodeLossTimeout: 2_500 }), ["not-ready 3", "unreachable 3"]);
  const key = "node.kubernetes.io/unreachable";
  deepStrictEqual(stays({ tolerations: [{ key, effect: "NoExecute", stay: 60_000 }] }), [
    "unreachable 60",
    "not-ready 10",
  ]);
  deepStrictEqual(stays({ tolerations: [{ effect: "NoExecute" }] }), ["undefined undefined"]);
  strictEqual(stays({ everyNode: true }), undefined); // its controller keeps them there
});

Deno.test("workloadHead() surges on every node without lacking", () => {
  const head = headOf({ ...W, everyNode: true, strategy: { maxSurge: 1 } });
  ok(head.kind === "DaemonSet");
  deepStrictEqual(head.spec!.updateStrategy!.rollingUpdate, { maxSurge: 1, maxUnavailable: 0 });
});

Deno.test("workloadParts() makes an account, and a Service for those with names", () => {
  const owners = [{ apiVersion: "apps/v1", kind: "StatefulSet", name: "w", uid: "1" }];
  const kinds = (params: RunParams) =>
    workloadParts(checkRunParams(params, "team"), BOSS, { owners });
  deepStrictEqual(kinds(W).map(({ kind }) => kind), ["ServiceAccount"]);
  deepStrictEqual(kinds({ ...W, serviceAccount: "x" }), []);
  const parts = kinds({ ...W, port: 80, identity: true });
  deepStrictEqual(parts.map(({ kind }) => kind), ["ServiceAccount", "Service"]);
  const service = parts[1]!;
  ok(service.kind === "Service");
  strictEqual(service.spec!.clusterIP, "None");
  deepStrictEqual(service.metadata!.ownerReferences, owners);
  deepStrictEqual(service.spec!.ports!.map(({ name, port }) => [name, port]), [["main", 80]]);
});

Deno.test("workloadParts() make a Role for the primitives of a workload, and its account has it", () => {
  const params: RunParams = { ...W, primitives: ["mutex/b", "election/c", "mutex/b"] };
  const [account, role, binding] = workloadParts(checkRunParams(params, "team"), BOSS);
  ok(role?.kind === "Role" && binding?.kind === "RoleBinding");
  deepStrictEqual(role.rules, primitiveRules(["election/c", "mutex/b"]));
  deepStrictEqual(binding.roleRef.name, role.metadata!.name);
  deepStrictEqual(binding.subjects, [
    { kind: "ServiceAccount", name: account!.metadata!.name!, namespace: "team" },
  ]);
  for (const { metadata } of [account!, role, binding]) {
    deepStrictEqual([metadata!.labels, metadata!.namespace], [ownLabels(BOSS), "team"]);
  }
});

Deno.test("workloadHead() gives pods a token if their workload uses primitives, and tells which", () => {
  const told = (params: RunParams) => [
    podOf(params).automountServiceAccountToken,
    headOf(params).metadata!.annotations![ANNOTATIONS.primitives],
  ];
  deepStrictEqual(told(W), [false, undefined]);
  deepStrictEqual(told({ ...W, primitives: ["mutex/b", "counter/a", "mutex/b"] }), [
    true,
    "counter/a mutex/b",
  ]);
});

Deno.test("MAX_WORKLOAD_NAME leaves room for what each kind adds to a host name", () => {
  const added = {
    Deployment: "-0123456789-01234",
    StatefulSet: "-99999",
    DaemonSet: "-01234",
    Job: "-99999-01234",
    CronJob: "-0123456789-01234",
  };
  for (const text of Object.values(added)) ok(MAX_WORKLOAD_NAME + text.length <= 63, text);
});

Deno.test("defineWorkload() gives workers with a contract a port for TLS that is not declared", () => {
  const greeter = contract("greeter", { greet: { input: z.string() } });
  const define = (params: RunParams, tls: boolean) => {
    const { head } = defineWorkload(checkRunParams(params, "team"), { coordinator: "boss", tls });
    const [container] = templateOf(head)!.spec!.containers;
    const [ports, env] = [container!.ports ?? [], container!.env!];
    const port = ports.find(({ name }) => name === "troupe-tls")?.containerPort;
    const variable = env.find(({ name }) => name === "TROUPE_TLS_PORT")?.value;
    const secrets = env.filter(({ name }) => /^TROUPE_TLS_(CERT|KEY|CA)$/.test(name!)).length;
    return [ports[0]?.name, port, variable, secrets];
  };
  const talks = { ...W, contract: greeter };
  deepStrictEqual(define(talks, true), ["main", 8443, "8443", 3]);
  const ports = { a: 8444, b: { port: 8445, protocol: "UDP" as const } };
  deepStrictEqual(define({ ...talks, port: 8443, ports }, true), ["main", 8446, "8446", 3]);
  deepStrictEqual(define(talks, false), ["main", undefined, undefined, 0]);
  deepStrictEqual(define(W, true), [undefined, undefined, undefined, 0]);
});

Deno.test("tlsVars() take certificate, key and authorities from the coordinator's Secret", () => {
  const of = (key: string) => ({ secretKeyRef: { name: "troupe-boss-tls", key } });
  deepStrictEqual(tlsVars("boss"), [
    { name: "TROUPE_TLS_CERT", valueFrom: of("tls.crt") },
    { name: "TROUPE_TLS_KEY", valueFrom: of("tls.key") },
    { name: "TROUPE_TLS_CA", valueFrom: of("ca.crt") },
  ]);
});
