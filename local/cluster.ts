/**
 * A whole Kubernetes in one process: API server, controllers, scheduler and nodes, that know
 * each other only through the API.
 *
 * The start order and the stop order stand in `LocalCluster.start` and `close`.
 */
import { plainClusterConfig, Transport } from "../kube/mod.ts";
import { ApiServer } from "./apiserver/mod.ts";
import { type Controllers, startControllers } from "./controllers/mod.ts";
import { type ImageSpec, NodeAgent, type RestartBackoff, SimulatedRuntime } from "./node/mod.ts";
import { type Scheduler, startScheduler } from "./scheduler/mod.ts";

/** Options of {@linkcode LocalCluster.start}. */
export interface LocalClusterOptions {
  /**
   * What each image name runs: a command, or a command with arguments and environment. A pod
   * with another image waits with the reason `ErrImagePull`, as it would in any cluster.
   */
  images: Record<string, ImageSpec>;
  /** How many nodes, or their names. @default 1 */
  nodes?: number | string[];
  /** The API server's port on loopback. @default a free one */
  port?: number;
  /** Where logs, pod directories and the kubeconfig are kept. @default a temporary directory, removed by `close` */
  dir?: string;
  /**
   * What a pod becomes: local processes, or nothing (`"simulated"`), to try thousands of pods.
   * @default "process"
   */
  runtime?: "process" | "simulated";
  /** How pods get addresses: their own of 127.0.0.0/8, or ports of 127.0.0.1. @default "auto" */
  podAddresses?: "auto" | "loopback" | "ports";
  /** How long restarts of crashing containers wait. @default 0, then 0.5 s doubling to 15 s */
  restartBackoff?: RestartBackoff;
  /** Hears what goes wrong inside and is tried again. @default prints it */
  onError?: (component: string, error: unknown) => void;
}

/** The components are on the same machine: a budget that only stops a runaway loop. */
const COMPONENT_BUDGET = { perSecond: 5_000, burst: 10_000 };

/**
 * An embedded Kubernetes cluster, for a laptop and for tests.
 *
 * @example
 * ```ts ignore
 * await using cluster = await LocalCluster.start({
 *   nodes: 3,
 *   images: { "worker:latest": ["./worker", "--verbose"] },
 * });
 * console.log(`kubectl --kubeconfig ${cluster.kubeconfig} get pods`);
 * ```
 */
export class LocalCluster implements AsyncDisposable {
  /** The API server's URL on loopback. */
  readonly url: string;
  /** The directory with logs, pod directories and the kubeconfig. */
  readonly dir: string;
  /** The path of a kubeconfig for this cluster. */
  readonly kubeconfig: string;
  /** The names of the nodes. */
  readonly nodes: readonly string[];
  readonly #stack: AsyncDisposableStack;

  private constructor(
    parts: Pick<LocalCluster, "url" | "dir" | "kubeconfig" | "nodes">,
    stack: AsyncDisposableStack,
  ) {
    ({ url: this.url, dir: this.dir, kubeconfig: this.kubeconfig, nodes: this.nodes } = parts);
    this.#stack = stack;
  }

  /**
   * Starts a cluster; resolves when its nodes are ready to run pods.
   *
   * What is started first is stopped last.
   */
  static async start(options: LocalClusterOptions): Promise<LocalCluster> {
    await using stack = new AsyncDisposableStack();
    const names = nodeNames(options.nodes ?? 1);

    // The directory holds what all others write, so it goes last.
    const dir = options.dir ?? await Deno.makeTempDir({ prefix: "troupe-" });
    if (options.dir === undefined) stack.defer(() => Deno.remove(dir, { recursive: true }));
    else await Deno.mkdir(dir, { recursive: true });

    const server = stack.use(
      await ApiServer.start({ ...(options.port !== undefined && { port: options.port }) }),
    );
    const kubeconfig = `${dir}/kubeconfig`;
    await Deno.writeTextFile(kubeconfig, kubeconfigFor(server.url), { mode: 0o600 });

    function component(userAgent: string): Transport {
      return stack.use(
        new Transport(plainClusterConfig(server.url), { budget: COMPONENT_BUDGET, userAgent }),
      );
    }

    // Controllers and scheduler outlive the nodes: a node that stops still has its pods deleted.
    const { onError = printError } = options;
    stack.use<Controllers>(
      await startControllers(component("troupe-controllers"), {
        onError: (key, error) => onError(`controllers, ${key}`, error),
      }),
    );
    stack.use<Scheduler>(
      await startScheduler(component("troupe-scheduler"), {
        onError: (key, error) => onError(`scheduler, ${key}`, error),
      }),
    );

    const runtime = options.runtime === "simulated" ? stack.use(new SimulatedRuntime()) : undefined;

    const agents = await Promise.all(
      names.map((name) =>
        NodeAgent.start(component(`troupe-node/${name}`), {
          name,
          images: options.images,
          dir: `${dir}/nodes/${name}`,
          kubeconfig,
          ...(options.podAddresses && { podAddresses: options.podAddresses }),
          ...(options.restartBackoff !== undefined && { restartBackoff: options.restartBackoff }),
          ...(options.runtime === "simulated" && { runtime: new SimulatedRuntime() }),
        })
      ),
    );
    stack.defer(async () => {
      await Promise.all(agents.map((agent) => agent.close()));
    });

    return new LocalCluster({ url: server.url, dir, kubeconfig, nodes: names }, stack.move());
  }

  /** Stops all pods and components and removes what was temporary. Idempotent. */
  async close(): Promise<void> {
    await this.#stack.disposeAsync();
  }

  /** Same as {@linkcode close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function printError(component: string, error: unknown): void {
  console.error(`embedded cluster, ${component}:`, error);
}

function nodeNames(nodes: number | string[]): string[] {
  if (Array.isArray(nodes)) return nodes;
  if (!Number.isInteger(nodes) || nodes < 0) {
    throw new RangeError(`Cannot start a cluster: "nodes" is ${nodes}, not a whole number from 0`);
  }
  return Array.from({ length: nodes }, (_, i) => `node-${i + 1}`);
}

/** A kubeconfig in JSON, which is YAML too. */
function kubeconfigFor(server: string): string {
  return JSON.stringify(
    {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "troupe", cluster: { server } }],
      users: [{ name: "troupe", user: {} }],
      contexts: [{
        name: "troupe",
        context: { cluster: "troupe", user: "troupe", namespace: "default" },
      }],
      "current-context": "troupe",
    },
    null,
    2,
  ) + "\n";
}
