/**
 * A whole Kubernetes in one process: API server, controllers, scheduler and nodes, that know
 * each other only through the API.
 *
 * The start order and the stop order stand in `LocalCluster.start` and `close`.
 */
import { plainClusterConfig, Transport } from "../kube/mod.ts";
import { ApiServer } from "./apiserver/mod.ts";
import {
  type Controllers,
  startControllers,
  startLocalPathProvisioner,
} from "./controllers/mod.ts";
import {
  type ImageSpec,
  NodeAgent,
  type NodeCapacity,
  type RestartBackoff,
  type Runtime,
  SimulatedRuntime,
} from "./node/mod.ts";
import { checkPermissions } from "./permissions.ts";
import { type Scheduler, startScheduler } from "./scheduler/mod.ts";

/** Options of {@linkcode LocalCluster.start}. */
export interface LocalClusterOptions {
  /**
   * What each image name runs: a command, or a command with arguments and environment. A pod
   * with another image waits with the reason `ErrImagePull`, as it would in any cluster. It may be
   * changed later, for pods that start then.
   */
  images: Record<string, ImageSpec>;
  /** How many nodes (`node-1`, `node-2`, …), or their names. @default 1 */
  nodes?: number | string[];
  /** The API server's port on loopback. @default a free one */
  port?: number;
  /**
   * Where logs, pod directories and the kubeconfig are kept; used by one cluster at a time.
   * @default a temporary directory, removed by `close`
   */
  dir?: string;
  /**
   * What a pod becomes: local processes, or nothing (`"simulated"`), to try thousands of pods. A
   * simulated pod is ready at once and runs; its annotation `simulated.troupe.dev/stage` may tell
   * otherwise, such as `{"readyAfter": 500, "crashAfter": [1000, 5000]}`.
   * @default "process"
   */
  runtime?: "process" | "simulated";
  /** What each node offers. @default what the machine has, and 110 pods; simulated: 10,000 large pods */
  capacity?: Partial<NodeCapacity>;
  /** How pods get addresses: their own of 127.0.0.0/8, or ports of 127.0.0.1. @default "auto" */
  podAddresses?: "auto" | "loopback" | "ports";
  /** How long restarts of crashing containers wait. @default 0, then 0.5 s doubling to 15 s */
  restartBackoff?: RestartBackoff;
  /** Hears what goes wrong inside and is tried again. @default prints it */
  onError?: (component: string, error: unknown) => void;
  /** Gives up the start when it aborts; a cluster that is ready is closed by `close`. */
  signal?: AbortSignal;
}

/** The components are on the same machine: a budget that only stops a runaway loop. */
const COMPONENT_BUDGET = { perSecond: 5_000, burst: 10_000 };

/** Pods that run nothing need nothing, but say what they request: room for 10,000 that ask for much. */
const SIMULATED_CAPACITY: NodeCapacity = { pods: 10_000, cpu: 100_000, memory: 2 ** 50 };

/** A name as Kubernetes allows for a node, short enough for a label. */
const NODE_NAME = /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/;

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
  #closing: Promise<void> | undefined;

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
   * What is started first is stopped last. Rejects with nothing left behind: with a `RangeError`
   * for names that no node can have, with `Deno.errors.NotCapable` where a permission of Deno's is
   * missing, with `Deno.errors.AddrInUse` where the port is taken, with the signal's reason.
   */
  static async start(options: LocalClusterOptions): Promise<LocalCluster> {
    const { signal, onError = printError } = options;
    signal?.throwIfAborted();
    const names = nodeNames(options.nodes ?? 1);
    const simulated = options.runtime === "simulated";
    checkPermissions({ dir: options.dir, processes: !simulated });
    await using stack = new AsyncDisposableStack();

    // The directory holds what all others write, so it goes last.
    const dir = options.dir ?? await Deno.makeTempDir({ prefix: "troupe-" });
    if (options.dir === undefined) stack.defer(() => Deno.remove(dir, { recursive: true }));
    else await Deno.mkdir(dir, { recursive: true });

    const server = stack.use(
      await ApiServer.start({ ...(options.port !== undefined && { port: options.port }) }),
    );
    const kubeconfig = `${dir}/kubeconfig`;

    function component(userAgent: string): Transport {
      return stack.use(
        new Transport(plainClusterConfig(server.url), { budget: COMPONENT_BUDGET, userAgent }),
      );
    }

    // Controllers and scheduler outlive the nodes: a node that stops still has its pods deleted.
    stack.use<Controllers>(
      await startControllers(component("troupe-controllers"), {
        onError: (key, error) => onError(`controllers, ${key}`, error),
      }),
    );
    stack.use(
      await startLocalPathProvisioner(component("troupe-provisioner"), {
        // what a pod is told, wherever it runs
        dir: `${await Deno.realPath(dir)}/volumes`,
        onError: (key, error) => onError(`provisioner, ${key}`, error),
      }),
    );
    stack.use<Scheduler>(
      await startScheduler(component("troupe-scheduler"), {
        onError: (key, error) => onError(`scheduler, ${key}`, error),
      }),
    );
    signal?.throwIfAborted();

    const runtime: Runtime | undefined = simulated ? stack.use(new SimulatedRuntime()) : undefined;
    const started = await Promise.allSettled(
      names.map((name) =>
        NodeAgent.start(component(`troupe-node/${name}`), {
          name,
          images: options.images,
          dir: `${dir}/nodes/${name}`,
          kubeconfig,
          capacity: { ...(simulated && SIMULATED_CAPACITY), ...options.capacity },
          onError: (error) => onError(`node "${name}"`, error),
          ...(options.podAddresses && { podAddresses: options.podAddresses }),
          ...(options.restartBackoff !== undefined && { restartBackoff: options.restartBackoff }),
          ...(runtime && { runtime }),
          ...(signal && { signal }),
        })
      ),
    );
    const agents = started.flatMap((one) => one.status === "fulfilled" ? [one.value] : []);
    stack.defer(async () => {
      await Promise.all(agents.map((agent) => agent.close()));
    });
    const failed = started.find((one) => one.status === "rejected");
    if (failed) throw failed.reason;
    // Not earlier: the folder may turn out to be another cluster's.
    await Deno.writeTextFile(kubeconfig, kubeconfigFor(server.url), { mode: 0o600 });

    return new LocalCluster({ url: server.url, dir, kubeconfig, nodes: names }, stack.move());
  }

  /**
   * Stops all pods and components and removes what was temporary: SIGTERM, and SIGKILL for what
   * runs on after 10 seconds. Idempotent; each call resolves when all is ended.
   */
  close(): Promise<void> {
    return this.#closing ??= this.#stack.disposeAsync();
  }

  /** Same as {@linkcode close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function printError(component: string, error: unknown): void {
  console.error(`embedded cluster, ${component}:`, error);
}

/** The names of the nodes. Throws on what cannot name them. */
function nodeNames(nodes: number | string[]): string[] {
  if (!Array.isArray(nodes)) {
    if (Number.isInteger(nodes) && nodes >= 0) {
      return Array.from({ length: nodes }, (_, i) => `node-${i + 1}`);
    }
    throw new RangeError(`Cannot start a cluster: "nodes" is ${nodes}, not a whole number from 0`);
  }
  for (const [i, name] of nodes.entries()) {
    const wrong = !NODE_NAME.test(name)
      ? "not up to 63 lower-case letters, digits, dots and dashes"
      : nodes.indexOf(name) !== i
      ? "there twice"
      : undefined;
    if (wrong) throw new RangeError(`Cannot start a cluster: "nodes" has "${name}", ${wrong}`);
  }
  return [...nodes];
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
