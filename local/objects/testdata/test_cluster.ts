/**
 * The same test on our own API server and, if TROUPE_TEST_KUBECONFIG names one, on a real
 * kube-apiserver that runs without the controller manager and the scheduler.
 */
import { ok } from "node:assert/strict";
import {
  type ClusterConfig,
  loadClusterConfig,
  plainClusterConfig,
  Transport,
} from "../../../kube/mod.ts";
import {
  CONTROLLER_REVISIONS,
  DAEMON_SETS,
  DEPLOYMENTS,
  type Draft,
  Informers,
  isDeleting,
  type Item,
  type Kind,
  metadataKind,
  NAMESPACES,
  NODES,
  ObjectClient,
  PODS,
  REPLICA_SETS,
  SERVICE_ACCOUNTS,
  STATEFUL_SETS,
  VOLUME_CLAIMS,
} from "../mod.ts";
import { FakeNode, type FakeNodeOptions } from "./fake_node.ts";

/** After so long a condition is not going to come true. */
const PATIENCE_MS = 30_000;

/** Config maps; their content is of no interest. */
export const CONFIG_MAPS = metadataKind({
  apiVersion: "v1",
  kind: "ConfigMap",
  plural: "configmaps",
  namespaced: true,
});

const WATCHED = [
  PODS,
  NODES,
  NAMESPACES,
  DEPLOYMENTS,
  REPLICA_SETS,
  SERVICE_ACCOUNTS,
  CONFIG_MAPS,
  STATEFUL_SETS,
  DAEMON_SETS,
  CONTROLLER_REVISIONS,
  VOLUME_CLAIMS,
];

export class TestCluster implements AsyncDisposable {
  /** A namespace that only this test uses. */
  readonly namespace = `t${crypto.randomUUID().slice(0, 8)}`;
  readonly client: ObjectClient;
  readonly #config: ClusterConfig;
  readonly #stack = new AsyncDisposableStack();
  readonly #informers: Informers;
  readonly #waiting = new Set<() => void>();
  readonly #rest: Transport;

  private constructor(config: ClusterConfig) {
    this.#config = config;
    this.#rest = this.transport();
    this.client = new ObjectClient(this.#rest);
    this.#informers = this.#stack.use(new Informers(this.#rest));
  }

  /** `more` kinds are watched than those that every server has. */
  static async on(config: ClusterConfig, more: readonly Kind[] = []): Promise<TestCluster> {
    const cluster = new TestCluster(config);
    for (const kind of [...WATCHED as Kind[], ...more]) {
      cluster.#informers.of(kind).onChange(() => cluster.#waiting.forEach((check) => check()));
    }
    await cluster.#informers.start();
    await cluster.create(
      { apiVersion: "v1", kind: "Namespace", name: cluster.namespace },
      NAMESPACES,
    );
    cluster.#stack.defer(() => cluster.delete(NAMESPACES, cluster.namespace).catch(() => {}));
    return cluster;
  }

  /** A transport of its own, closed with the cluster; `writes` hears of each write. */
  transport(writes: string[] = []): Transport {
    return this.#stack.use(
      new Transport(this.#config, {
        budget: { perSecond: 5000, burst: 5000 },
        onRequest: ({ verb, path }) => {
          if (!["get", "list", "watch"].includes(verb)) writes.push(`${verb} ${path}`);
        },
      }),
    );
  }

  /** A node that only pods of this test are placed on. */
  async node(name: string, options: Partial<FakeNodeOptions> = {}): Promise<FakeNode> {
    const { labels = {}, ...rest } = options;
    return this.#stack.use(
      await FakeNode.start(this.#rest, {
        name: `${this.namespace}-${name}`,
        labels: { test: this.namespace, ...labels },
        ...rest,
      }),
    );
  }

  /** What is there of a kind, in the namespace of the test if it lives in one. */
  all<T extends Item>(kind: Kind<T>): T[] {
    return [...this.#informers.of(kind).values()]
      .filter(({ metadata }) => !kind.namespaced || metadata.namespace === this.namespace);
  }

  get<T extends Item>(kind: Kind<T>, name: string): T | undefined {
    return this.all(kind).find(({ metadata }) => metadata.name === name);
  }

  /** What is there of a kind and not on its way out. */
  living<T extends Item>(kind: Kind<T>): T[] {
    return this.all(kind).filter((item) => !isDeleting(item));
  }

  /** Creates an object; resolves when the cache knows it. */
  async create(
    { name, ...rest }: { apiVersion: string; kind: string; name: string } & Record<string, unknown>,
    kind: Kind,
  ): Promise<void> {
    const namespace = kind.namespaced ? this.namespace : undefined;
    const { metadata, ...body } = rest as { metadata?: object } & Draft;
    const object = { ...body, metadata: { ...metadata, name, namespace } };
    await this.#seen(kind, await this.client.write({ verb: "create", kind, object }));
  }

  /** Changes an object; resolves when the cache knows it. */
  async patch(
    kind: Kind,
    name: string,
    patch: unknown,
    options: { subresource?: "status" } = {},
  ): Promise<void> {
    const target = { namespace: this.namespace, name };
    const write = { verb: "patch", kind, target, patch, ...options } as const;
    await this.#seen(kind, await this.client.write(write));
  }

  async #seen(kind: Kind, { metadata }: Item): Promise<void> {
    await this.until(`${kind.kind} ${metadata.name} in the cache`, () => {
      const cached = this.get(kind, metadata.name)?.metadata;
      return cached?.uid === metadata.uid &&
        Number(cached.resourceVersion) >= Number(metadata.resourceVersion);
    });
  }

  async delete(
    kind: Kind,
    name: string,
    propagationPolicy?: "Background" | "Foreground" | "Orphan",
  ): Promise<void> {
    const target = { namespace: this.namespace, name };
    await this.client.write({ verb: "delete", kind, target, options: { propagationPolicy } });
  }

  /** A deployment whose pods go to this test's nodes. */
  async deployment(name: string, spec: Record<string, unknown> = {}): Promise<void> {
    await this.create({
      apiVersion: "apps/v1",
      kind: "Deployment",
      name,
      spec: {
        replicas: 3,
        selector: { matchLabels: { app: name } },
        template: this.template(name),
        ...spec,
      },
    }, DEPLOYMENTS);
  }

  /** A pod template whose pods go to this test's nodes. */
  template(app: string, { image = "app:1", cpu = "10m" } = {}): Record<string, unknown> {
    return { metadata: { labels: { app } }, spec: this.podSpec({ image, cpu }) };
  }

  podSpec({ image = "app:1", cpu = "10m" } = {}): Record<string, unknown> {
    return {
      automountServiceAccountToken: false,
      nodeSelector: { test: this.namespace },
      containers: [{ name: "main", image, resources: { requests: { cpu } } }],
    };
  }

  /** Resolves when `condition` holds, looking after each change. */
  async until(what: string, condition: () => boolean): Promise<void> {
    if (condition()) return;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const check = () => condition() && resolve(true);
    this.#waiting.add(check);
    const timer = setTimeout(() => resolve(false), PATIENCE_MS);
    const came = await promise;
    clearTimeout(timer);
    this.#waiting.delete(check);
    ok(came, `not in time: ${what}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** Registers a test for each server that there is. */
export function testOnEachServer(
  name: string,
  test: (cluster: TestCluster) => Promise<void>,
  startEmbedded: () => Promise<AsyncDisposable & { readonly url: string }>,
): void {
  Deno.test(`${name}, on our own API server`, async () => {
    await using server = await startEmbedded();
    await using cluster = await TestCluster.on(plainClusterConfig(server.url));
    await test(cluster);
  });
  const kubeconfig = Deno.env.get("TROUPE_TEST_KUBECONFIG");
  if (kubeconfig === undefined) return;
  Deno.test(`${name}, on a real API server`, async () => {
    await using cluster = await TestCluster.on(await loadClusterConfig({ kubeconfig }));
    await test(cluster);
  });
}
