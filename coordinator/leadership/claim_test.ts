import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { CoreV1Api } from "@cloudydeno/kubernetes-apis/core/v1";
import type { RequestOptions, RestClient } from "@cloudydeno/kubernetes-client";
import { ObjectApi, plainClusterConfig, Transport } from "../../kube/mod.ts";
import { ApiServer } from "../../local/apiserver/mod.ts";
import { type Head, HEAD_KINDS, type HeadKind } from "../heads.ts";
import { defineWorkload } from "../workloads/definition/mod.ts";
import { FencedWriter, termOf } from "../workloads/fenced_writer.ts";
import { checkRunParams, type RunParams } from "../workloads/run_params.ts";
import { seedOf } from "../workloads/seed.ts";
import { claimHeads } from "./claim.ts";
import { type Mandate, NotLeadingError } from "./mandate.ts";

const ADMIN = { fieldManager: "test" };
const KINDS = Object.keys(HEAD_KINDS) as HeadKind[];

function term(token: number): Mandate {
  return { token, signal: new AbortController().signal, check: () => {} };
}

function head(params: Partial<RunParams> & { name: string }): Head {
  const checked = checkRunParams({ image: "w:1", ...params }, "team");
  return defineWorkload(checked, { coordinator: "boss" }).head;
}

/** An API server and who writes to it. */
class Scene implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;
  readonly #client: Transport;
  readonly writer: FencedWriter;

  private constructor(stack: AsyncDisposableStack, client: Transport) {
    this.#stack = stack;
    this.#client = client;
    this.writer = new FencedWriter(client, "boss");
  }

  static async start(): Promise<Scene> {
    await using stack = new AsyncDisposableStack();
    const config = plainClusterConfig(stack.use(await ApiServer.start()).url);
    const client = stack.use(new Transport(config, { budget: { perSecond: 1e4, burst: 1e4 } }));
    await new CoreV1Api(client).createNamespace({ metadata: { name: "team" } });
    return new Scene(stack.move(), client);
  }

  api(kind: HeadKind): ObjectApi<Head> {
    return new ObjectApi(this.#client, HEAD_KINDS[kind], "team");
  }

  /** Stores what a leader has just created, or what somebody else has. */
  async store(object: Head, term?: number): Promise<void> {
    const { metadata } = object;
    const labels = { ...metadata?.labels, "troupe.dev/term": String(term) };
    const written = term === undefined ? metadata : { ...metadata, labels };
    await this.api(object.kind).create({ ...object, metadata: written } as Head, ADMIN);
  }

  async claim(token: number, declared: string[] = []): Promise<string[]> {
    const claimed = await claimHeads({
      client: this.#client,
      writer: this.writer,
      mandate: term(token),
      coordinator: "boss",
      places: KINDS.map((kind) => ({ namespace: "team", kind: HEAD_KINDS[kind] })),
      isDeclared: ({ metadata }) => declared.includes(metadata!.name!),
    });
    return claimed.map(({ kind, metadata }) => `${kind} ${metadata?.name}`).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

Deno.test("claimHeads() records the term on heads of every kind, and writes nothing twice", async () => {
  await using scene = await Scene.start();
  await scene.store(head({ name: "a" }), 5);
  await scene.store(head({ name: "b", identity: true }), 5);
  await scene.store(head({ name: "c", everyNode: true })); // by a coordinator without election
  await scene.store(head({ name: "d", completions: 1 }), 5);
  await scene.store(head({ name: "e", schedule: "* * * * *" }), 5);
  const all = ["CronJob e", "DaemonSet c", "Deployment a", "Job d", "StatefulSet b"];
  deepStrictEqual(await scene.claim(6), all);
  const before = await scene.api("DaemonSet").get("c");
  strictEqual(termOf(before!), 6);
  deepStrictEqual(await scene.claim(6), all);
  const after = await scene.api("DaemonSet").get("c");
  strictEqual(after!.metadata!.resourceVersion, before!.metadata!.resourceVersion);
});

Deno.test("claimHeads() refuses to lead over a later term", async () => {
  await using scene = await Scene.start();
  await scene.store(head({ name: "a" }), 7);
  await rejects(scene.claim(6), NotLeadingError);
  strictEqual(termOf((await scene.api("Deployment").get("a"))!), 7);
});

Deno.test("claimHeads() removes what was created and never applied, unless it is declared", async () => {
  await using scene = await Scene.start();
  for (const name of ["left", "declared"]) await scene.store(seedOf(head({ name })), 5);
  await scene.store(seedOf(head({ name: "daemons", everyNode: true })), 5);
  await scene.store(seedOf(head({ name: "job", completions: 1 })), 5);
  await scene.store(seedOf(head({ name: "nightly", schedule: "0 0 * * *" })), 5);
  deepStrictEqual(await scene.claim(6, ["declared"]), ["Deployment declared"]);
});

Deno.test("claimHeads() removes nothing that runs, nor what no leader has made", async () => {
  await using scene = await Scene.start();
  const running = seedOf(head({ name: "running" })); // somebody took its annotation away, say
  await scene.store({ ...running, spec: { ...running.spec, replicas: 2 } } as Head, 5);
  await scene.store(seedOf(head({ name: "theirs" })));
  deepStrictEqual(await scene.claim(6), ["Deployment running", "Deployment theirs"]);
});

Deno.test("claimHeads() leaves the Jobs of a CronJob alone", async () => {
  const { spec } = head({ name: "nightly", schedule: "0 0 * * *" }) as Head & { kind: "CronJob" };
  const job = HEAD_KINDS.Job.encode({
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      ...spec!.jobTemplate.metadata,
      name: "nightly-28000000",
      namespace: "team",
      uid: "j",
      resourceVersion: "1",
    },
    spec: spec!.jobTemplate.spec,
  } as Head);
  const asked: string[] = [];
  const client = {
    performRequest: ({ method }: RequestOptions) => {
      asked.push(method);
      return Promise.resolve({ items: [job] });
    },
  } as unknown as RestClient;
  const claimed = await claimHeads({
    client,
    writer: new FencedWriter(client, "boss"),
    mandate: term(6),
    coordinator: "boss",
    places: [{ namespace: "team", kind: HEAD_KINDS.Job }],
    isDeclared: () => false,
  });
  deepStrictEqual(claimed, []);
  deepStrictEqual(asked, ["GET"]);
});
