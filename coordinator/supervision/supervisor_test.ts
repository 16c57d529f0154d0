import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { CoreV1Api, type Pod } from "@cloudydeno/kubernetes-apis/core/v1";
import { ObjectApi, plainClusterConfig, PODS, Transport } from "../../kube/mod.ts";
import { ApiServer } from "../../local/apiserver/mod.ts";
import { type Head, HEAD_KINDS } from "../heads.ts";
import { ANNOTATIONS, ownLabels, selectorLabels } from "../labels.ts";
import { until } from "../testdata/until.ts";
import { termOf } from "../workloads/fenced_writer.ts";
import type { Supervised, SupervisionPolicy } from "./policy.ts";
import { parseRecord } from "./record.ts";
import type { Memory } from "./state.ts";
import { policyOf } from "./testdata/group.ts";
import { type Strike, TestLeader } from "./testdata/leader.ts";

const OPTIONS = { fieldManager: "test" };

type TestWorkload = Supervised & { kind: "StatefulSet" | "Deployment" };

/** An API server with workloads `a` and `b` of one app, two pods each; the test plays their controllers. */
class Scene implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;
  readonly client: Transport;
  readonly workloads: TestWorkload[];

  private constructor(stack: AsyncDisposableStack, client: Transport, workloads: TestWorkload[]) {
    this.#stack = stack;
    this.client = client;
    this.workloads = workloads;
  }

  static async start(
    policy: Partial<SupervisionPolicy>,
    kind: "StatefulSet" | "Deployment" = "StatefulSet",
  ): Promise<Scene> {
    await using stack = new AsyncDisposableStack();
    const config = plainClusterConfig(stack.use(await ApiServer.start()).url);
    const client = stack.use(new Transport(config, { budget: { perSecond: 1e5, burst: 1e5 } }));
    await new CoreV1Api(client).createNamespace({ metadata: { name: "team" } });
    const workloads = ["a", "b"].map((name): TestWorkload => {
      return { name, namespace: "team", kind, policy: policyOf({ app: "shop", ...policy }) };
    });
    const scene = new Scene(stack.move(), client, workloads);
    for (const { name } of workloads) {
      await scene.heads(name).create(headOf(name, kind), OPTIONS);
      for (const n of [0, 1]) await scene.addPod(`${name}-${n}`);
    }
    return scene;
  }

  heads(name: string): ObjectApi<Head> {
    const { kind } = this.workloads.find((one) => one.name === name)!;
    return new ObjectApi(this.client, HEAD_KINDS[kind], "team");
  }

  get pods(): ObjectApi<Pod> {
    return new ObjectApi(this.client, PODS, "team");
  }

  async addPod(name: string): Promise<Pod> {
    const labels = selectorLabels({ coordinator: "boss", workload: name.split("-")[0]! });
    await this.pods.create({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, labels },
      spec: { containers: [{ name: "worker", image: "w:1" }] },
    }, OPTIONS);
    return await this.end(name, 0);
  }

  /** A pod is ready, and its container has ended so many times. */
  async end(name: string, restartCount: number): Promise<Pod> {
    const terminated = { exitCode: 3, reason: "Error", finishedAt: new Date(0) };
    return await new CoreV1Api(this.client).namespace("team").patchPodStatus(name, "json-merge", {
      status: {
        phase: "Running",
        conditions: [{ type: "Ready", status: "True" }],
        containerStatuses: [{
          name: "worker",
          image: "w:1",
          imageID: "",
          ready: true,
          restartCount,
          state: { running: {} },
          lastState: restartCount > 0 ? { terminated } : {},
        }],
      },
    });
  }

  /** What is there, as `name:uid`. */
  async uids(): Promise<Map<string, string>> {
    const pods = await this.pods.list({ labelSelector: "troupe.dev/coordinator=boss" });
    return new Map(pods.map(({ metadata }) => [metadata!.name!, metadata!.uid!]));
  }

  async record(name: string): Promise<Memory> {
    const head = await this.heads(name).get(name);
    return parseRecord(head!.metadata!.annotations![ANNOTATIONS.supervision]!, 0);
  }

  leader(token: number, strike?: Strike): TestLeader {
    return new TestLeader(this.client, this.workloads, { token, strike });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

function headOf(name: string, kind: TestWorkload["kind"]): Head {
  const owner = { coordinator: "boss", workload: name };
  return {
    apiVersion: "apps/v1",
    kind,
    metadata: {
      name,
      labels: ownLabels(owner),
      annotations: { [ANNOTATIONS.definition]: "applied" },
    },
    spec: {
      replicas: 2,
      ...(kind === "StatefulSet" && { serviceName: name }),
      selector: { matchLabels: selectorLabels(owner) },
      template: {
        metadata: { labels: selectorLabels(owner) },
        spec: { containers: [{ name: "worker", image: "w:1" }] },
      },
    },
  } as Head;
}

/** What is decided, what it leads to, and how it is told. */
interface Story {
  readonly name: string;
  readonly kind: TestWorkload["kind"];
  readonly policy: Partial<SupervisionPolicy>;
  /** How often the container of `a-0` ends. */
  readonly ends: number;
  /** Its own writes, from the record to the last mark. */
  readonly writes: readonly string[];
  check(scene: Scene, before: ReadonlyMap<string, string>): Promise<void>;
}

const HEAD = "PATCH /apis/apps/v1/namespaces/team";
const POD = "/api/v1/namespaces/team/pods";

const STORIES: Story[] = [
  {
    name: "a restart of the group",
    kind: "StatefulSet",
    policy: { strategy: "oneForAll" },
    ends: 1,
    writes: [
      `${HEAD}/statefulsets/a`,
      `DELETE ${POD}/b-0`,
      `DELETE ${POD}/b-1`,
      `DELETE ${POD}/a-1`,
      `${HEAD}/statefulsets/a`,
    ],
    async check(scene) {
      deepStrictEqual([...(await scene.uids()).keys()], ["a-0"]);
      strictEqual((await scene.record("a")).restart, undefined);
    },
  },
  {
    name: "a stop of the group",
    kind: "StatefulSet",
    policy: { strategy: "oneForAll", onFailure: "stop" },
    ends: 3,
    writes: [
      `${HEAD}/statefulsets/a`,
      `${HEAD}/statefulsets/a`,
      `${HEAD}/statefulsets/b`,
      `${HEAD}/statefulsets/a`,
    ],
    async check(scene) {
      for (const name of ["a", "b"]) {
        const head = await scene.heads(name).get(name);
        strictEqual(head?.kind === "StatefulSet" && head.spec?.replicas, 0);
        strictEqual((await scene.record(name)).stopped?.replicas, 2);
      }
      strictEqual((await scene.record("a")).stopping, undefined);
    },
  },
  {
    name: "a quarantine",
    kind: "Deployment",
    policy: { strategy: "oneForOne" },
    ends: 3,
    writes: [`${HEAD}/deployments/a`, `PATCH ${POD}/a-0`, `${HEAD}/deployments/a`],
    async check(scene, before) {
      const pod = await scene.pods.get("a-0");
      strictEqual(pod?.metadata?.uid, before.get("a-0"));
      deepStrictEqual({ ...pod?.metadata?.labels }, {
        "troupe.dev/coordinator": "boss",
        "troupe.dev/quarantined": "a",
      });
      strictEqual(pod?.spec?.activeDeadlineSeconds, 1);
      strictEqual(pod?.metadata?.ownerReferences?.length, 1);
      deepStrictEqual((await scene.record("a")).quarantined.map(({ phase }) => phase), ["kept"]);
    },
  },
  {
    name: "an escalation",
    kind: "StatefulSet",
    policy: { strategy: "oneForOne", onFailure: "escalate" },
    ends: 3,
    writes: [`${HEAD}/statefulsets/a`, `${HEAD}/statefulsets/a`],
    async check(scene) {
      strictEqual((await scene.record("a")).escalation?.told, true);
    },
  },
];

for (const story of STORIES) {
  const { name, kind, policy, ends, writes } = story;
  Deno.test(`Supervisor writes ${name} first, carries it out, marks it as done and is then silent`, async () => {
    await using scene = await Scene.start(policy, kind);
    await using leader = scene.leader(5);
    await leader.begin();
    strictEqual(leader.writes.length, 2); // the records begin
    await leader.look();
    strictEqual(leader.writes.length, 2);
    const before = await scene.uids();
    await scene.end("a-0", ends);
    await leader.look();
    deepStrictEqual(leader.writes.slice(2), writes);
    await story.check(scene, before);
    await leader.look();
    strictEqual(leader.writes.length, 2 + writes.length);
    deepStrictEqual(leader.errors, []);
    await using next = scene.leader(6);
    await next.begin();
    deepStrictEqual(next.writes, []);
    deepStrictEqual(next.told, []);
  });

  for (const how of ["lost", "deaf"] as const) {
    for (const [index, write] of writes.entries()) {
      Deno.test(
        `Supervisor finishes ${name} once when a leader dies ${
          how === "lost" ? "before" : "after"
        } write ${index}, ${write.split(" ")[0]}`,
        async () => {
          await using scene = await Scene.start(policy, kind);
          await using leader = scene.leader(5, { write: 2 + index, how });
          await leader.begin();
          const before = await scene.uids();
          await scene.end("a-0", ends);
          await leader.look();
          await leader.resume();
          await using next = scene.leader(6);
          await next.begin();
          deepStrictEqual(next.errors, []);
          await story.check(scene, before);
          const { failures, pods } = await scene.record("a");
          strictEqual(failures.length, story.name === "a quarantine" ? 1 : ends);
          strictEqual(pods.get(before.get("a-0")!)?.ends ?? ends, ends);
          const done = next.writes.length;
          await next.look();
          strictEqual(next.writes.length, done);
        },
      );
    }
  }

  for (const [index, write] of writes.entries()) {
    Deno.test(
      `Supervisor does nothing of ${name} late: write ${index}, ${
        write.split(" ")[0]
      }, of a paused leader is refused or in vain`,
      async () => {
        await using scene = await Scene.start(policy, kind);
        await using paused = scene.leader(5, { write: 2 + index, how: "late" });
        await paused.begin();
        const before = await scene.uids();
        await scene.end("a-0", ends);
        await paused.look();
        await using next = scene.leader(6);
        await next.begin();
        // pods with identity come back under their names
        const left = await scene.uids();
        for (const pod of before.keys()) if (!left.has(pod)) await scene.addPod(pod);
        await next.look();
        const uids = await scene.uids();
        const heads = await Promise.all(["a", "b"].map((one) => scene.heads(one).get(one)));
        await paused.resume(); // it does not know yet that it is deposed
        deepStrictEqual(await scene.uids(), uids);
        for (const [n, head] of ["a", "b"].entries()) {
          const now = await scene.heads(head).get(head);
          strictEqual(termOf(now!), 6);
          strictEqual(now!.metadata!.resourceVersion, heads[n]!.metadata!.resourceVersion);
        }
        ok(paused.errors.every(({ name }) => name === "NotLeadingError"), String(paused.errors));
      },
    );
  }
}

Deno.test("Supervisor begins anew from what is stored when somebody else has changed a record", async () => {
  await using scene = await Scene.start({ strategy: "oneForOne" });
  await using leader = scene.leader(5);
  await leader.begin();
  const head = await scene.heads("a").get("a");
  const record = '{"v":1,"disruptions":4}';
  const annotations = { [ANNOTATIONS.supervision]: record };
  await scene.heads("a").merge(head!, { metadata: { annotations } }, OPTIONS);
  await scene.end("a-1", 1);
  await leader.look();
  await until(async () => (await scene.record("a")).failures.length > 0);
  strictEqual((await scene.record("a")).disruptions, 4);
});

Deno.test("Supervisor tells of a record that it cannot read, and replaces it", async () => {
  await using scene = await Scene.start({});
  const head = await scene.heads("a").get("a");
  const annotations = { [ANNOTATIONS.supervision]: '{"v":2}' };
  await scene.heads("a").merge(head!, { metadata: { annotations } }, OPTIONS);
  await using leader = scene.leader(5);
  await leader.begin();
  deepStrictEqual(leader.errors.map(({ message }) => message), [
    "Cannot read what supervision has recorded: it is damaged or of another version; it begins anew",
  ]);
  deepStrictEqual((await scene.record("a")).failures, []);
});
