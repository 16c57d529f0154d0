// Against the embedded API server, and against a real one with TROUPE_TEST_CLUSTER=1 and KUBECONFIG.
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { CoreV1Api, type Service } from "@cloudydeno/kubernetes-apis/core/v1";
import { ApiServer } from "../../local/apiserver/mod.ts";
import {
  isAlreadyExists,
  isConflict,
  isNotFound,
  loadClusterConfig,
  ObjectApi,
  plainClusterConfig,
  SERVICES,
  Transport,
} from "../mod.ts";

const REAL = Deno.env.get("TROUPE_TEST_CLUSTER") === "1";
const AS = { fieldManager: "test" };

interface Scene extends AsyncDisposable {
  readonly api: ObjectApi<Service>;
}

async function startScene(): Promise<Scene> {
  await using stack = new AsyncDisposableStack();
  const config = REAL
    ? await loadClusterConfig()
    : plainClusterConfig(stack.use(await ApiServer.start()).url);
  const client = stack.use(new Transport(config, { budget: { perSecond: 500, burst: 500 } }));
  const namespace = `troupe-objects-${crypto.randomUUID().slice(0, 8)}`;
  await new CoreV1Api(client).createNamespace({ metadata: { name: namespace } });
  stack.defer(async () => void await new CoreV1Api(client).deleteNamespace(namespace));
  const moved = stack.move();
  return {
    api: new ObjectApi(client, SERVICES, namespace),
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  };
}

/** A kind that no controller writes to. */
function service(name: string, ports: number[] = [80]): Service {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, annotations: { step: "1" } },
    spec: {
      clusterIP: "None",
      selector: { app: name },
      ports: ports.map((port) => ({ name: `p${port}`, port, protocol: "TCP" })),
    },
  };
}

Deno.test("ObjectApi.get() finds an object, or nothing", async () => {
  await using scene = await startScene();
  strictEqual(await scene.api.get("w"), undefined);
  await scene.api.create(service("w"), AS);
  strictEqual((await scene.api.get("w"))?.metadata?.name, "w");
});

Deno.test("ObjectApi.create() is refused when there is one, and stores nothing on a dry run", async () => {
  await using scene = await startScene();
  await scene.api.create(service("w"), { ...AS, dryRun: true });
  strictEqual(await scene.api.get("w"), undefined);
  await scene.api.create(service("w"), AS);
  await rejects(scene.api.create(service("w"), AS), isAlreadyExists);
});

Deno.test("ObjectApi.apply() takes away what is left out, and is refused after a change", async () => {
  await using scene = await startScene();
  const created = await scene.api.create(service("w"), { fieldManager: "creator" });
  const first = await scene.api.apply(service("w", [80, 81]), {
    ...AS,
    unchangedSince: created,
  });
  const second = await scene.api.apply(service("w", [80]), { ...AS, unchangedSince: first });
  deepStrictEqual(second.spec?.ports?.map(({ port }) => port), [80]);
  await rejects(
    scene.api.apply(service("w"), { ...AS, unchangedSince: first }),
    isConflict,
  );
});

Deno.test("ObjectApi.apply() is refused when the object was deleted or replaced", async () => {
  await using scene = await startScene();
  const created = await scene.api.create(service("w"), AS);
  await scene.api.delete("w", { propagation: "Background" });
  const late = () => scene.api.apply(service("w"), { ...AS, unchangedSince: created });
  await rejects(late(), isConflict);
  strictEqual(await scene.api.get("w"), undefined);
  await scene.api.create(service("w"), AS);
  await rejects(late());
});

Deno.test("ObjectApi.merge() changes what is said, and is refused after a change", async () => {
  await using scene = await startScene();
  const created = await scene.api.create(service("w"), AS);
  const merged = await scene.api.merge(created, {
    metadata: { annotations: { step: null, term: "7" } },
  }, AS);
  strictEqual(merged.metadata?.annotations?.step, undefined);
  strictEqual(merged.metadata?.annotations?.term, "7");
  await rejects(scene.api.merge(created, { spec: { selector: { app: "x" } } }, AS), isConflict);
  strictEqual((await scene.api.get("w"))?.spec?.selector?.app, "w");
});

Deno.test("ObjectApi.delete() is refused after a change, for another uid, and if there is none", async () => {
  await using scene = await startScene();
  const created = await scene.api.create(service("w"), AS);
  await scene.api.merge(created, { metadata: { annotations: { term: "7" } } }, AS);
  await rejects(scene.api.delete("w", { unchangedSince: created }), isConflict);
  await rejects(scene.api.delete("w", { uid: crypto.randomUUID() }), isConflict);
  const now = await scene.api.get("w");
  ok(now);
  await scene.api.delete("w", { unchangedSince: now, propagation: "Background" });
  await rejects(scene.api.delete("w"), isNotFound);
});

Deno.test("ObjectApi.list() finds what carries the labels", async () => {
  await using scene = await startScene();
  const labeled = service("a");
  await scene.api.create({ ...labeled, metadata: { ...labeled.metadata, labels: { x: "1" } } }, AS);
  await scene.api.create(service("b"), AS);
  const found = await scene.api.list({ labelSelector: "x=1" });
  deepStrictEqual(found.map(({ kind, metadata }) => [kind, metadata?.name]), [["Service", "a"]]);
});
