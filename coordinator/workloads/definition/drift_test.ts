// Against objects as our own API server stores them, and, with TROUPE_TEST_CLUSTER=1 and KUBECONFIG,
// as a real one does.
import { deepStrictEqual, notDeepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { JSONValue, RestClient } from "@cloudydeno/kubernetes-client";
import { CoreV1Api } from "@cloudydeno/kubernetes-apis/core/v1";
import {
  CRON_JOBS_V1BETA1,
  keyOf,
  loadClusterConfig,
  ObjectApi,
  plainClusterConfig,
  resourcePath,
  Transport,
  type WritableKind,
} from "../../../kube/mod.ts";
import { withGeneratedSelector } from "../../../local/apiserver/job_selector.ts";
import { ApiServer } from "../../../local/apiserver/mod.ts";
import type { ApiObject } from "../../../local/apiserver/object.ts";
import { applyDefaults, validate, validateObject } from "../../../local/apiserver/schema/mod.ts";
import { checkRunParams } from "../run_params.ts";
import { drift, type Head, HEAD_KINDS, type Part, PART_KINDS, workloadParts } from "./mod.ts";
import { headOf, LEAST, SAMPLES } from "./testdata/samples.ts";

const REAL = Deno.env.get("TROUPE_TEST_CLUSTER") === "1";

type Json = { [key: string]: JSONValue };

/** A head as our API server would store it. */
function stored(head: Head): Json {
  const [group, version] = head.apiVersion.split("/") as [string, string];
  const gvk = { group, version, kind: head.kind };
  const { pruned } = validate(json(head), gvk);
  const complete = applyDefaults(pruned, gvk) as ApiObject;
  const object = head.kind === "Job" ? withGeneratedSelector(complete) : complete;
  deepStrictEqual(validateObject(object, gvk), []);
  return object as Json;
}

/** As it is sent: without what is undefined. */
function json(head: Head): Json {
  return JSON.parse(JSON.stringify(HEAD_KINDS[head.kind].encode(head)));
}

type Path = (string | number)[];

function leaves(value: JSONValue, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [path];
  return Object.entries(value).flatMap(([key, item]) =>
    leaves(item, [...path, Array.isArray(value) ? Number(key) : key])
  );
}

/** Changes what is at a path, or takes it away. */
function edit(object: Json, path: Path, change: (value: JSONValue) => JSONValue | undefined): Json {
  const copy = structuredClone(object);
  // deno-lint-ignore no-explicit-any
  const parent = path.slice(0, -1).reduce((value: any, key) => value?.[key], copy);
  const key = path.at(-1)!;
  const changed = change(parent[key]);
  if (changed === undefined) {
    if (Array.isArray(parent)) parent.splice(Number(key), 1);
    else delete parent[key];
  } else parent[key] = changed;
  return copy;
}

function otherThan(value: JSONValue | undefined): JSONValue {
  if (typeof value === "boolean") return !value;
  return typeof value === "number" ? value + 1 : "7Gi";
}

for (const [kind, params] of Object.entries(SAMPLES)) {
  const head = headOf(params);
  const { decode } = HEAD_KINDS[head.kind];

  Deno.test(`drift() finds none in a ${kind} as it is stored`, () => {
    deepStrictEqual(drift(head, decode(stored(head))), []);
    const least = headOf(LEAST[kind]!);
    deepStrictEqual(drift(least, decode(stored(least))), []);
  });

  Deno.test(`drift() finds every field of a ${kind} that is changed or taken away`, () => {
    const live = stored(head);
    for (const path of leaves(json(head))) {
      if (["apiVersion", "kind"].includes(String(path.at(-1)))) continue; // would not be read
      const changed = edit(live, path, otherThan);
      const told = path.join(".");
      notDeepStrictEqual(drift(head, decode(changed)), [], `changed: ${told}`);
      if (path.at(-1) === "value" || path.includes("name")) continue; // may be empty; must be there
      try {
        notDeepStrictEqual(drift(head, decode(edit(live, path, () => undefined))), [], told);
      } catch (error) {
        // what is required would not even be read
        if (!/Expected|TODO/.test(String(error))) throw error;
      }
    }
  });
}

Deno.test("drift() names what differs, by the items' keys, and ignores what it is told", () => {
  const head = headOf(SAMPLES.Deployment!);
  ok(head.kind === "Deployment");
  const live = HEAD_KINDS.Deployment.decode(stored(head));
  ok(live.kind === "Deployment");
  const pod = live.spec!.template.spec!;
  live.spec!.replicas = 9;
  live.metadata!.annotations!["example.com/note"] = "y";
  pod.containers[0]!.image = "x:1";
  pod.containers[0]!.env = pod.containers[0]!.env!.filter(({ name }) => name !== "PLAIN");
  pod.tolerations = [];
  deepStrictEqual(drift(head, live).sort(), [
    "metadata.annotations[example.com/note]",
    "spec.replicas",
    "spec.template.spec.containers[worker].env[PLAIN]",
    "spec.template.spec.containers[worker].image",
    "spec.template.spec.tolerations",
  ]);
  live.metadata!.annotations!["example.com/note"] = "x";
  pod.containers[0]!.image = "w:1";
  pod.tolerations = head.spec!.template.spec!.tolerations;
  const ignore = ["spec.replicas", "spec.template.spec.containers[worker].env"];
  deepStrictEqual(drift(head, live, { ignore }), []);
});

Deno.test("drift() leaves alone what others add, and their order", () => {
  const head = headOf(SAMPLES.Deployment!);
  const live = HEAD_KINDS.Deployment.decode(stored(head));
  ok(live.kind === "Deployment");
  const template = live.spec!.template;
  live.metadata!.annotations!["kubectl.kubernetes.io/restartedAt"] = "now";
  template.spec!.containers.unshift({ name: "sidecar", image: "s" });
  template.spec!.containers[1]!.env!.reverse();
  template.spec!.containers[1]!.ports!.reverse();
  deepStrictEqual(drift(head, live), []);
});

Deno.test("drift() finds a volume that became another kind of volume", () => {
  const head = headOf(LEAST.Deployment!);
  const live = HEAD_KINDS.Deployment.decode(stored(head));
  ok(live.kind === "Deployment");
  live.spec!.template.spec!.volumes = [{ name: "tmp", hostPath: { path: "/" } }];
  deepStrictEqual(drift(head, live), ["spec.template.spec.volumes[tmp].emptyDir"]);
});

Deno.test("drift() tells another kind as such", () => {
  deepStrictEqual(drift(headOf(LEAST.Deployment!), headOf(LEAST.DaemonSet!)), ["kind"]);
});

interface Scene extends AsyncDisposable {
  readonly client: RestClient;
  readonly namespace: string;
}

async function startScene(): Promise<Scene> {
  await using stack = new AsyncDisposableStack();
  const config = REAL
    ? await loadClusterConfig()
    : plainClusterConfig(stack.use(await ApiServer.start()).url);
  const client = stack.use(new Transport(config, { budget: { perSecond: 500, burst: 500 } }));
  const namespace = `troupe-drift-${crypto.randomUUID().slice(0, 8)}`;
  await new CoreV1Api(client).createNamespace({ metadata: { name: namespace } });
  stack.defer(async () => void await new CoreV1Api(client).deleteNamespace(namespace));
  const moved = stack.move();
  return { client, namespace, [Symbol.asyncDispose]: () => moved.disposeAsync() };
}

/** The kind under a name by which the server knows it; nothing if it does not. */
async function servedKind<T extends Head | Part>(
  client: RestClient,
  object: T,
): Promise<WritableKind<T> | undefined> {
  const known = { ...HEAD_KINDS, ...PART_KINDS }[object.kind] as WritableKind<Head | Part>;
  const former = CRON_JOBS_V1BETA1 as unknown as typeof known;
  for (const kind of object.kind === "CronJob" ? [known, former] : [known]) {
    const path = resourcePath(kind).replace(/\/[^/]+$/, "");
    try {
      const found = await client.performRequest({ method: "GET", path, expectJson: true });
      const { resources } = found as { resources: { kind: string }[] };
      if (resources.some(({ kind }) => kind === object.kind)) {
        return kind as unknown as WritableKind<T>;
      }
    } catch { // such a version is not there
    }
  }
  return undefined;
}

/** What anybody may change of a head with kubectl, as merge patches, and the path it is told as. */
const EDITS: Readonly<Record<string, [patch: Json, path: string][]>> = {
  Deployment: [
    [{ spec: { replicas: 8 } }, "spec.replicas"],
    [{ metadata: { labels: { tier: "x" } } }, "metadata.labels.tier"],
    [
      { spec: { strategy: { rollingUpdate: { maxSurge: "50%" } } } },
      "spec.strategy.rollingUpdate.maxSurge",
    ],
    [
      { spec: { template: { spec: { nodeSelector: { disk: null } } } } },
      "spec.template.spec.nodeSelector",
    ],
    [
      { spec: { template: { spec: { terminationGracePeriodSeconds: 1 } } } },
      "spec.template.spec.terminationGracePeriodSeconds",
    ],
  ],
  StatefulSet: [
    [{ spec: { replicas: 8 } }, "spec.replicas"],
    [
      { spec: { template: { spec: { serviceAccountName: "x", serviceAccount: "x" } } } },
      "spec.template.spec.serviceAccountName",
    ],
  ],
  DaemonSet: [
    [
      { spec: { updateStrategy: { rollingUpdate: { maxUnavailable: 3 } } } },
      "spec.updateStrategy.rollingUpdate.maxUnavailable",
    ],
    [{ spec: { template: { spec: { tolerations: null } } } }, "spec.template.spec.tolerations"],
  ],
  Job: [
    [{ spec: { parallelism: 3 } }, "spec.parallelism"],
    [{ spec: { activeDeadlineSeconds: 9000 } }, "spec.activeDeadlineSeconds"],
  ],
  CronJob: [
    [{ spec: { schedule: "1 1 * * *" } }, "spec.schedule"],
    [{ spec: { successfulJobsHistoryLimit: 5 } }, "spec.successfulJobsHistoryLimit"],
    [
      { spec: { jobTemplate: { spec: { backoffLimit: 3 } } } },
      "spec.jobTemplate.spec.backoffLimit",
    ],
  ],
};

for (const [name, params] of Object.entries(SAMPLES)) {
  Deno.test(`drift() of a ${name} on a server: none after it is applied, and each edit`, async () => {
    await using scene = await startScene();
    const { client, namespace } = scene;
    const head = headOf({ ...params, namespace });
    const kind = await servedKind(client, head);
    if (kind === undefined) return; // kept by no server of ours yet
    const api = new ObjectApi(client, kind, namespace);
    const options = { fieldManager: "troupe/boss" };
    // POST and apply make the same of it; the controllers of a real one change status meanwhile
    deepStrictEqual(drift(head, await api.create(head, options)), []);
    async function applied(): Promise<Head> {
      return await retried(async () =>
        await api.apply(head, { ...options, unchangedSince: (await api.get("w"))! })
      );
    }
    deepStrictEqual(drift(head, await applied()), []);
    for (const [patch, path] of EDITS[name]!) {
      const edited = await retried(async () =>
        await api.merge((await api.get("w"))!, patch, { fieldManager: "kubectl-edit" })
      );
      ok(drift(head, edited).some((found) => found.startsWith(path)), `${path} in ${keyOf(head)}`);
      deepStrictEqual(drift(head, await applied()), [], path);
    }
  });
}

/** Again, when a controller was faster. */
async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1;; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt === 100 || (error as { httpCode?: number }).httpCode !== 409) throw error;
    }
  }
}

/** What somebody may change of parts to give more than they should, as merge patches, by kind. */
const PART_EDITS: Readonly<Record<Part["kind"], [patch: Json, path: string][]>> = {
  ServiceAccount: [[{ automountServiceAccountToken: true }, "automountServiceAccountToken"]],
  Service: [[{ spec: { publishNotReadyAddresses: false } }, "spec.publishNotReadyAddresses"]],
  Role: [
    [{ rules: [] }, "rules"],
    [{ rules: [{ apiGroups: [""], resources: ["secrets"], verbs: ["get"] }] }, "rules"],
  ],
  RoleBinding: [
    [{ subjects: null }, "subjects"],
    [{ subjects: [{ kind: "ServiceAccount", name: "other", namespace: "x" }] }, "subjects[0].name"],
  ],
};

Deno.test("drift() of a Role finds each verb, object and name that is added", () => {
  const [, role] = workloadParts(
    checkRunParams({ name: "w", image: "w:1", primitives: ["counter/a"] }, "x"),
    { coordinator: "boss", workload: "w" },
  );
  ok(role?.kind === "Role");
  const [create, named] = role.rules!;
  for (
    const rules of [
      [create!],
      [create!, { ...named!, verbs: [...named!.verbs, "delete"] }],
      [create!, { ...named!, resourceNames: undefined }],
      [create!, { ...named!, resourceNames: [...named!.resourceNames!, "other"] }],
      [{ ...create!, resources: ["configmaps", "secrets"] }, named!],
    ]
  ) {
    notDeepStrictEqual(drift(role, { ...role, rules }), []);
  }
});

Deno.test("drift() of parts on a server: none after they are created", async () => {
  await using scene = await startScene();
  const params = checkRunParams({
    ...SAMPLES.StatefulSet!,
    serviceAccount: undefined,
    primitives: ["mutex/orders", "key-value/carts", "election/biller", "discovery/peers"],
  }, "x");
  const { client, namespace } = scene;
  const own = { coordinator: "boss", workload: "w" };
  const parts = workloadParts({ ...params, namespace }, own);
  strictEqual(parts.length, 4);
  for (const part of parts) {
    const kind = (await servedKind(client, part))!;
    const api = new ObjectApi(client, kind, namespace);
    deepStrictEqual(drift(part, await api.create(part, { fieldManager: "troupe/boss" })), []);
    for (const [patch, path] of PART_EDITS[part.kind]) {
      const edited = await retried(async () => {
        const live = (await api.get(part.metadata!.name!))!;
        return await api.merge(live, patch, { fieldManager: "kubectl-edit" });
      });
      ok(drift(part, edited).includes(path), `${path} of ${part.kind}: ${drift(part, edited)}`);
    }
  }
});

Deno.test("drift() of items shows what an older server has dropped", async () => {
  await using scene = await startScene();
  const { client, namespace } = scene;
  const head = headOf({ name: "w", image: "w:1", items: ["a", "b"], namespace });
  const kind = await servedKind(client, head);
  if (kind === undefined) return;
  const crons = await servedKind(client, headOf(LEAST.CronJob!));
  const isOld = crons?.apiVersion === "batch/v1beta1"; // 1.20: some builds tell no version
  const live = await new ObjectApi(client, kind, namespace).create(head, { fieldManager: "t" });
  deepStrictEqual(drift(head, live), isOld ? ["spec.completionMode"] : []);
});
