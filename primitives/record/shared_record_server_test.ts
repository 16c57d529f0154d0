// Records and sessions on an API server: the embedded one, or with TROUPE_TEST_CLUSTER=1 that of KUBECONFIG.
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { z } from "zod";
import { Transport } from "../../kube/mod.ts";
import { ErrorReporter } from "../../runtime/mod.ts";
import { PrimitivesStage } from "../../tests/support/primitives_stage.ts";
import { Background } from "../background.ts";
import { systemClock } from "../clock.ts";
import { endContext, type PrimitiveContext, primitiveContext } from "../context.ts";
import { httpCodeOf } from "../requests.ts";
import { resolveTiming } from "../timing.ts";
import { SharedRecord } from "./mod.ts";

interface Names {
  readonly names: readonly string[];
}

const schema: z.ZodType<Names> = z.object({ names: z.array(z.string()) });

/** What primitives are made with, on a server; ended with the stage's disposal. */
class Core implements AsyncDisposable {
  readonly context: PrimitiveContext;
  readonly errors: Error[] = [];
  readonly #client: Transport;
  readonly #stop = new AbortController();

  constructor({ config, namespace }: PrimitivesStage) {
    this.#client = new Transport(config);
    const errors = new ErrorReporter("test");
    errors.add((error) => this.errors.push(error));
    const context = {
      client: this.#client,
      namespace,
      clock: systemClock,
      random: Math.random,
      errors,
      background: new Background(errors),
      timing: resolveTiming({ leaseDuration: 2_000 }, { purpose: "test" }),
      identity: "test",
      signal: this.#stop.signal,
    };
    this.context = primitiveContext(context);
  }

  get record(): SharedRecord<Names> {
    return new SharedRecord(this.context, {
      kind: "test",
      name: "names",
      schema,
      empty: { names: [] },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await endContext(this.context, this.#stop);
    await this.#client.close();
  }
}

const add = (name: string) => ({ names }: Names): Names => ({ names: [...names, name] });
const limit = () => AbortSignal.timeout(20_000);

Deno.test("SharedRecord.update() of many on a server loses nothing, and tells those who watch in order", async () => {
  await using stage = await PrimitivesStage.start();
  await using watcher = new Core(stage);
  const versions: number[] = [];
  const stop = watcher.record.watch(({ version }) => versions.push(version));
  await Promise.all(["a", "b", "c", "d"].map(async (name) => {
    await using core = new Core(stage);
    const { record } = core;
    for (let i = 0; i < 10; i++) await record.update(add(`${name}${i}`), limit());
  }));
  stop();
  const { state } = await watcher.record.read(limit());
  strictEqual(new Set(state.names).size, 40);
  ok(versions.length > 0);
  deepStrictEqual(versions, [...new Set(versions)].sort((a, b) => a - b));
});

Deno.test("SharedRecord writes on a server only in place of what it has read", async () => {
  await using stage = await PrimitivesStage.start();
  await using core = new Core(stage);
  const { record } = core;
  const { configMaps } = stage.objects;
  const first = await record.update(add("a"), limit());
  await configMaps.deleteConfigMap(record.object);
  const second = await record.update(add("b"), limit()); // what it knows of is gone
  deepStrictEqual(second.state.names, ["b"]);
  await configMaps.deleteConfigMap(record.object);
  await core.record.update(add("c"), limit());
  const third = await record.update(add("d"), limit()); // and now it is another
  deepStrictEqual(third.state.names, ["c", "d"]);
  ok(first.version < second.version && second.version < third.version);
  const object = await configMaps.getConfigMap(record.object);
  strictEqual(third.version, Number(object.metadata!.resourceVersion));
  // people may add to it
  await configMaps.replaceConfigMap(record.object, {
    ...object,
    metadata: { ...object.metadata, labels: { ...object.metadata!.labels, mine: "1" } },
  });
  await record.update(add("e"), limit());
  strictEqual((await configMaps.getConfigMap(record.object)).metadata!.labels!["mine"], "1");
  // it follows deletions
  const gone = record.until(({ state }) => state.names.length === 0 || undefined, limit());
  await configMaps.deleteConfigMap(record.object);
  await gone;
  await configMaps.createConfigMap({ metadata: { name: record.object }, data: { mine: "x" } });
  await rejects(record.update(add("f"), limit()), { name: "RecordError" });
});

Deno.test("Session on a server is not made again when it was deleted, and found dead when it is not renewed", async () => {
  await using stage = await PrimitivesStage.start();
  await using core = new Core(stage);
  const { leases } = stage.objects;
  const session = await core.context.sessions.own(limit());
  await leases.deleteLease(session.name);
  const lost = Promise.withResolvers<void>();
  session.signal.addEventListener("abort", () => lost.resolve());
  limit().addEventListener("abort", () => lost.reject(new Error("The session is not lost")));
  await lost.promise;
  strictEqual(httpCodeOf(await leases.getLease(session.name).catch((error) => error)), 404);
  // one that nobody renews
  const name = "troupe-session-dead";
  await leases.createLease({ metadata: { name }, spec: { leaseDurationSeconds: 1 } });
  const start = performance.now();
  await core.context.sessions.gone(name, limit());
  ok(performance.now() - start > 950);
  strictEqual(httpCodeOf(await leases.getLease(name).catch((error) => error)), 404);
  // one that is renewed just before it would be deleted
  const other = await leases.createLease({ metadata: { name } });
  const { uid, resourceVersion } = other.metadata!;
  await leases.replaceLease(name, {
    ...other,
    metadata: { ...other.metadata, labels: { a: "1" } },
  });
  const refused = await stage.admin.performRequest({
    method: "DELETE",
    path: `/apis/coordination.k8s.io/v1/namespaces/${stage.namespace}/leases/${name}`,
    bodyJson: { preconditions: { uid: uid!, resourceVersion: resourceVersion! } },
    expectJson: true,
  }).catch((error) => error);
  strictEqual(httpCodeOf(refused), 409);
});
