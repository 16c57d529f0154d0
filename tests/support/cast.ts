/**
 * The cast of the tests that kill and pause coordinators: a cluster with idle workers, and several
 * replicas of one coordinator.
 *
 * The workers are processes that do nothing, or, on a cluster with nodes of its own, greeters.
 */
import type { Pod } from "@cloudydeno/kubernetes-apis/core/v1";
import { CoreV1Api } from "@cloudydeno/kubernetes-apis/core/v1";
import type { RunParams } from "../../coordinator/mod.ts";
import type { ImageSpec } from "../../local/mod.ts";
import type { RestartBackoff } from "../../local/node/mod.ts";
import { Audit } from "./audit.ts";
import { OWN_NODES, startTestCluster, type TestCluster } from "./cluster.ts";
import { WORKER_IMAGE } from "./greeter.ts";
import type { ReplicaConfig } from "./replica.ts";
import { type Replica, startReplica } from "./replicas.ts";
import { until } from "./until.ts";

const NAME = "ensemble";
const TIMEOUT = 120_000;

/** Options of {@linkcode startCast}. */
export interface CastOptions {
  workers: number;
  /** Milliseconds; whole seconds. */
  leaseDuration: number;
  /** Milliseconds between two writes of the leader. @default no such writes */
  tick?: number;
  /** What a pod becomes. @default "process" */
  runtime?: "process" | "simulated";
  /** Further images. @default none */
  images?: Record<string, ImageSpec>;
  /** How long a node waits before it starts a container again. @default the node agent's own */
  restartBackoff?: RestartBackoff;
  /** What else replicas are told. @default nothing */
  replica?: Partial<ReplicaConfig>;
}

/** See the module's text. */
export class Cast implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;
  readonly #config: ReplicaConfig;
  readonly cluster: TestCluster;
  readonly audit: Audit;
  readonly core: ReturnType<CoreV1Api["namespace"]>;
  readonly replicas: Replica[] = [];
  readonly #everyone: Replica[] = [];

  /** Made by {@linkcode startCast}. */
  constructor(
    stack: AsyncDisposableStack,
    parts: { config: ReplicaConfig; cluster: TestCluster; audit: Audit },
  ) {
    this.#stack = stack;
    this.#config = parts.config;
    this.cluster = parts.cluster;
    this.audit = parts.audit;
    this.core = new CoreV1Api(parts.cluster.admin).namespace(parts.cluster.namespace);
  }

  /** Starts a replica, which is told something else than the others where that is given. */
  add(options: Partial<ReplicaConfig> = {}): Replica {
    const replica = startReplica({ ...this.#config, ...options });
    this.#stack.use(replica);
    this.replicas.push(replica);
    this.#everyone.push(replica);
    return replica;
  }

  /** Forgets a replica that has ended. */
  drop(replica: Replica): void {
    this.replicas.splice(this.replicas.indexOf(replica), 1);
  }

  /** The highest token that any replica led with. */
  token(): number {
    return Math.max(0, ...this.replicas.map((replica) => replica.token()));
  }

  /** What the audit shows of stale writes. */
  violations(): string[] {
    const leaders = new Map(
      this.#everyone.flatMap((replica) =>
        replica.lines().flatMap((l) => l.line === "leading" ? [[l.token, replica] as const] : [])
      ),
    );
    return this.audit.violations((a, b) => leaders.has(a) && leaders.get(a) === leaders.get(b));
  }

  /** Resolves with the replica that leads with a higher token than this; with the last one of several. */
  async leader(after = 0): Promise<Replica> {
    return await until(
      `a leader with a token above ${after}`,
      () => {
        const token = this.token();
        return token > after && this.replicas.find((replica) => replica.token() === token);
      },
      { timeout: TIMEOUT },
    );
  }

  /** The workers' pods that run. */
  async workers(): Promise<Pod[]> {
    const labelSelector = "troupe.dev/workload=worker";
    const { items } = await this.core.getPodList({ labelSelector });
    return items.filter(({ status }) => status?.phase === "Running");
  }

  /** Ends everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** What a workload of the cast is, beside its name and number. */
export const IDLER: RunParams = {
  name: "worker",
  image: WORKER_IMAGE,
  ...(OWN_NODES ? { port: 8086 } : {}),
};

/** Starts a cluster and an audit; replicas are added by the test. */
export async function startCast(options: CastOptions): Promise<Cast> {
  await using stack = new AsyncDisposableStack();
  const images = { [WORKER_IMAGE]: ["sleep", "1000000"], ...options.images };
  const { runtime, restartBackoff } = options;
  const cluster = stack.use(await startTestCluster({ images, nodes: 2, runtime, restartBackoff }));
  const audit = stack.use(new Audit(cluster.admin, cluster.namespace));
  await audit.synced();
  const config: ReplicaConfig = {
    name: NAME,
    namespace: cluster.namespace,
    kubeconfig: cluster.kubeconfig,
    leaseDuration: options.leaseDuration,
    runs: [{ ...IDLER, replicas: options.workers }],
    ...(options.tick === undefined ? {} : {
      ticker: { params: { ...IDLER, name: "ticker", replicas: 0 }, every: options.tick },
    }),
    ...options.replica,
  };
  return new Cast(stack.move(), { config, cluster, audit });
}
