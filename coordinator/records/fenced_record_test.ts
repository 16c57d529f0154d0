import { deepStrictEqual, rejects, strictEqual, throws } from "node:assert/strict";
import { type ConfigMap, CoreV1Api } from "@cloudydeno/kubernetes-apis/core/v1";
import type { RequestOptions, RestClient } from "@cloudydeno/kubernetes-client";
import { z } from "zod";
import { plainClusterConfig, Transport } from "../../kube/mod.ts";
import { ApiServer } from "../../local/apiserver/mod.ts";
import { type Mandate, NotLeadingError } from "../leadership/mandate.ts";
import { type FencedRecord, RecordError, recordName, Records } from "./mod.ts";

const SCHEMA = z.object({ count: z.int().min(0) });
type Value = z.output<typeof SCHEMA>;

function term(token?: number): Mandate & { end(): void } {
  const end = new AbortController();
  return {
    token,
    signal: end.signal,
    end: () => end.abort(new Error("lost")),
    check: () => {
      if (end.signal.aborted) throw new NotLeadingError("write", { why: "over" });
    },
  };
}

const increment = (value: Value | undefined): Value => ({ count: (value?.count ?? 0) + 1 });

/** An API server, and clients of several coordinators. */
class Scene implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;
  readonly #client: Transport;
  readonly core: ReturnType<CoreV1Api["namespace"]>;
  /** Called before each write, once it is past all checks. */
  beforeWrite: () => Promise<void> = () => Promise.resolve();
  /** Called after each write, which may be made to look as if it had failed. */
  afterWrite: () => void = () => {};
  readonly requests: string[] = [];

  private constructor(stack: AsyncDisposableStack, client: Transport) {
    this.#stack = stack;
    this.#client = client;
    this.core = new CoreV1Api(client).namespace("team");
  }

  static async start(): Promise<Scene> {
    await using stack = new AsyncDisposableStack();
    const config = plainClusterConfig(stack.use(await ApiServer.start()).url);
    const client = stack.use(new Transport(config, { budget: { perSecond: 1e4, burst: 1e4 } }));
    await new CoreV1Api(client).createNamespace({ metadata: { name: "team" } });
    return new Scene(stack.move(), client);
  }

  /** The record as another process of a coordinator has it. */
  record(coordinator?: string, what?: string): FencedRecord<Value>;
  record<T>(coordinator: string, what: string, schema: z.ZodType<T>): FencedRecord<T>;
  record(
    coordinator = "boss",
    what = "notes",
    schema: z.ZodType<unknown> = SCHEMA,
  ): FencedRecord<unknown> {
    const client = {
      performRequest: async (options: RequestOptions) => {
        this.requests.push(options.method);
        if (options.method !== "GET") await this.beforeWrite();
        // what is sent may arrive late
        const answer = await this.#client.performRequest({ ...options, abortSignal: undefined });
        if (options.method !== "GET") this.afterWrite();
        return answer;
      },
    } as RestClient;
    return new Records({ client, coordinator, namespace: "team" }).record(what, schema);
  }

  async stored(name = "troupe-boss-notes"): Promise<ConfigMap> {
    return await this.core.getConfigMap(name);
  }

  async edit(data: Record<string, string>): Promise<void> {
    await this.core.patchConfigMap("troupe-boss-notes", "json-merge", { data });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

Deno.test("FencedRecord.update() keeps a value, with the labels of the coordinator and of the term", async () => {
  await using scene = await Scene.start();
  const record = scene.record();
  strictEqual(await record.read(), undefined);
  const mandate = term(5);
  deepStrictEqual(await record.update(mandate, increment), { count: 1 });
  deepStrictEqual(await record.update(mandate, increment), { count: 2 });
  deepStrictEqual(await record.read(), { count: 2 });
  const { metadata, data } = await scene.stored();
  deepStrictEqual({ ...metadata!.labels }, {
    "app.kubernetes.io/managed-by": "troupe",
    "app.kubernetes.io/name": "boss",
    "troupe.dev/coordinator": "boss",
    "troupe.dev/term": "5",
  });
  deepStrictEqual({ ...data }, { "value.json": '{"count":2}' });
});

Deno.test("FencedRecord.update() sends one request where it knows what it wrote, and none for no change", async () => {
  await using scene = await Scene.start();
  const record = scene.record();
  const mandate = term(5);
  await record.update(mandate, increment);
  await record.update(mandate, increment);
  await record.update(mandate, (value) => value);
  await record.update(mandate, () => undefined);
  deepStrictEqual(scene.requests, ["GET", "POST", "PATCH"]);
});

Deno.test("FencedRecord.update() claims what is there and what is not, before it resolves", async () => {
  await using scene = await Scene.start();
  strictEqual(await scene.record().update(term(5), () => undefined), undefined);
  strictEqual((await scene.stored()).metadata!.labels!["troupe.dev/term"], "5");
  await scene.record().update(term(6), increment);
  deepStrictEqual(await scene.record().update(term(7), (value) => value), { count: 1 });
  strictEqual((await scene.stored()).metadata!.labels!["troupe.dev/term"], "7");
  await rejects(scene.record().update(term(6), increment), NotLeadingError);
});

Deno.test("FencedRecord.update() without an election writes only what changes", async () => {
  await using scene = await Scene.start();
  strictEqual(await scene.record().update(term(), () => undefined), undefined);
  await rejects(scene.stored(), { httpCode: 404 });
  await scene.record().update(term(), increment);
  scene.requests.length = 0;
  deepStrictEqual(await scene.record().update(term(), (value) => value), { count: 1 });
  deepStrictEqual(scene.requests, ["GET"]);
});

for (const there of [false, true]) {
  Deno.test(`FencedRecord.update() of a deposed leader is refused, ${there ? "a change" : "a create"} that comes late`, async () => {
    await using scene = await Scene.start();
    const old = term(5);
    const deposed = scene.record();
    if (there) await deposed.update(old, increment);
    const paused = Promise.withResolvers<void>();
    const resumed = Promise.withResolvers<void>();
    scene.beforeWrite = async () => {
      paused.resolve();
      await resumed.promise;
    };
    const late = deposed.update(old, increment);
    late.catch(() => {});
    await paused.promise;
    scene.beforeWrite = () => Promise.resolve();
    const found = await scene.record().update(term(6), (value) => value);
    resumed.resolve();
    await rejects(late, NotLeadingError);
    deepStrictEqual(await scene.record().read(), found);
    deepStrictEqual(found, there ? { count: 1 } : undefined);
  });
}

Deno.test("FencedRecord.update() decides anew after a conflict", async () => {
  await using scene = await Scene.start();
  const record = scene.record();
  const mandate = term(5);
  await record.update(mandate, increment);
  await scene.edit({ "value.json": '{"count":10}' });
  deepStrictEqual(await record.update(mandate, increment), { count: 11 });
});

Deno.test("FencedRecord.update() finds after a failure what was stored all the same", async () => {
  await using scene = await Scene.start();
  const record = scene.record();
  const mandate = term(5);
  await record.update(mandate, increment);
  scene.afterWrite = () => {
    throw new Error("the answer is lost");
  };
  await rejects(record.update(mandate, increment), { message: "the answer is lost" });
  scene.afterWrite = () => {};
  deepStrictEqual(await record.update(mandate, (value) => value), { count: 2 });
});

const BAD: [text: string, told: RegExp][] = [
  ["{", /Cannot read ConfigMap "troupe-boss-notes" in namespace "team": "value.json" is no JSON$/],
  ['{"count":"many"}', /"value.json" is not as it was written: "count" given "many"/],
  ["[]", /"value.json" is not as it was written: /],
];

for (const [text, told] of BAD) {
  Deno.test(`FencedRecord names object and field when somebody has written ${text}`, async () => {
    await using scene = await Scene.start();
    const record = scene.record();
    const mandate = term(5);
    await record.update(mandate, increment);
    await scene.edit({ "value.json": text });
    await rejects(record.read(), told);
    await rejects(record.update(mandate, increment), (e) => e instanceof RecordError);
    await scene.edit({ "value.json": '{"count":3}' }); // mended
    deepStrictEqual(await record.update(mandate, increment), { count: 4 });
  });
}

Deno.test("FencedRecord neither reads, writes nor deletes what another coordinator has", async () => {
  await using scene = await Scene.start();
  await scene.record("a", "b-notes").update(term(5), increment);
  const other = scene.record("a-b", "notes"); // of the same name
  const told = /its label "troupe.dev\/coordinator" is not "a-b", it is "a"/;
  await rejects(other.read(), told);
  await rejects(other.update(term(6), increment), told);
  await rejects(other.delete(term(6)), told);
  deepStrictEqual(await scene.record("a", "b-notes").read(), { count: 1 });
});

Deno.test("FencedRecord.update() refuses a value that is too large, and writes nothing", async () => {
  await using scene = await Scene.start();
  const record = scene.record("boss", "notes", z.string());
  const told = {
    name: "RangeError",
    message: 'Cannot write ConfigMap "troupe-boss-notes" in namespace "team": it would have ' +
      "1000002 bytes, allowed are 921600",
  };
  await rejects(record.update(term(5), () => "é".repeat(500_000)), told);
  deepStrictEqual(scene.requests, ["GET"]);
  strictEqual((await record.update(term(5), () => "é".repeat(400_000)))?.length, 400_000);
});

Deno.test("FencedRecord.delete() removes it, and what cannot be read too; the next update begins anew", async () => {
  await using scene = await Scene.start();
  const record = scene.record();
  const mandate = term(5);
  await record.delete(mandate);
  await record.update(mandate, increment);
  await scene.edit({ "value.json": "{" });
  await record.delete(mandate);
  deepStrictEqual(await record.update(mandate, increment), { count: 1 });
});

Deno.test("recordName() refuses what is no name of an object", () => {
  strictEqual(recordName("boss", "timers"), "troupe-boss-timers");
  for (const what of ["Timers", "", "a_b", "-a", "a".repeat(250)]) {
    throws(() => recordName("boss", what), TypeError);
  }
});
