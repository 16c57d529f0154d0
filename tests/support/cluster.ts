/**
 * The cluster that an end-to-end test runs on: the embedded one, or, with
 * `TROUPE_TEST_CLUSTER=1`, the real one that `KUBECONFIG` names.
 *
 * A real control plane without nodes of its own gets our node agents as its nodes. A cluster with
 * nodes runs real images, `worker:latest` and `supervisor:latest` unless `TROUPE_TEST_WORKER_IMAGE`
 * and `TROUPE_TEST_SUPERVISOR_IMAGE` name others, and no agent is started: a scheduler would mix
 * them.
 */
import { CoreV1Api } from "@cloudydeno/kubernetes-apis/core/v1";
import { ApiError, loadClusterConfig, Transport } from "../../kube/mod.ts";
import { type ImageSpec, LocalCluster } from "../../local/mod.ts";
import { startLocalPathProvisioner } from "../../local/controllers/mod.ts";
import { NodeAgent, type RestartBackoff, SimulatedRuntime } from "../../local/node/mod.ts";
import { until } from "./until.ts";

/** What a node of simulated pods offers. */
const MANY_PODS = { pods: 1_000, cpu: 1_000, memory: 2 ** 40 };

/** Which cluster the tests run on. */
export const REAL: boolean = Deno.env.get("TROUPE_TEST_CLUSTER") === "1";

/** Whether the cluster's own nodes run the pods, from real images, and not our node agent. */
export const OWN_NODES: boolean = REAL && await hasOwnNodes();

async function hasOwnNodes(): Promise<boolean> {
  await using client = new Transport(await loadClusterConfig());
  const { items } = await new CoreV1Api(client).getNodeList();
  return items.some((node) => !node.status?.nodeInfo?.kubeletVersion.endsWith("-troupe"));
}

/** A cluster to test on, with a namespace of its own. */
export interface TestCluster extends AsyncDisposable {
  /** The path of a kubeconfig. */
  readonly kubeconfig: string;
  /** The API server's URL. */
  readonly server: string;
  /** A namespace that only this test uses. */
  readonly namespace: string;
  /** A client with all permissions. */
  readonly admin: Transport;
  /** Where the pods' logs are. */
  readonly dir: string;
}

/** Options of {@linkcode startTestCluster}. */
export interface TestClusterOptions {
  images: Record<string, ImageSpec>;
  /** @default 1 */
  nodes?: number;
  /** What a pod becomes where no other nodes are there: a process, or nothing. @default "process" */
  runtime?: "process" | "simulated";
  /** How long a node waits before it starts a container again. @default the node agent's own */
  restartBackoff?: RestartBackoff;
}

/** Starts the embedded cluster, or joins the real one. */
export async function startTestCluster(options: TestClusterOptions): Promise<TestCluster> {
  await using stack = new AsyncDisposableStack();
  const { kubeconfig, dir } = REAL
    ? await joinRealCluster(stack, options)
    : stack.use(await LocalCluster.start(options));
  const config = await loadClusterConfig({ kubeconfig });
  const admin = stack.use(new Transport(config, { budget: { perSecond: 500, burst: 500 } }));
  const namespace = `troupe-e2e-${crypto.randomUUID().slice(0, 8)}`;
  await new CoreV1Api(admin).createNamespace({ metadata: { name: namespace } });
  stack.defer(async () => {
    await new CoreV1Api(admin).deleteNamespace(namespace);
  });
  await untilPodsAdmitted(admin, namespace);
  const moved = stack.move();
  return {
    kubeconfig,
    server: config.server,
    namespace,
    admin,
    dir,
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  };
}

/** Why a pod is refused whose account is not there yet, or has no token yet. */
const NOT_YET: ReadonlySet<string> = new Set(["Forbidden", "ServerTimeout"]);

/**
 * Waits until a new namespace takes pods: its default service account, and before Kubernetes 1.24 that
 * one's token, are made by a controller a moment after it, seconds on a busy machine.
 */
async function untilPodsAdmitted(admin: Transport, namespace: string): Promise<void> {
  const pods = new CoreV1Api(admin).namespace(namespace);
  const probe = {
    metadata: { name: "probe" },
    spec: { containers: [{ name: "main", image: "main" }] },
  };
  await until(`a pod admitted in namespace ${namespace}`, async () => {
    try {
      return await pods.createPod(probe, { dryRun: "All" });
    } catch (error) {
      if (error instanceof ApiError && NOT_YET.has(error.reason)) return false;
      throw error;
    }
  });
}

async function joinRealCluster(
  stack: AsyncDisposableStack,
  options: TestClusterOptions,
): Promise<{ kubeconfig: string; dir: string }> {
  const kubeconfig = Deno.env.get("KUBECONFIG");
  if (!kubeconfig) throw new Error(`Cannot test on a real cluster: KUBECONFIG is not set`);
  const dir = await Deno.makeTempDir({ prefix: "troupe-e2e-" });
  stack.defer(() => Deno.remove(dir, { recursive: true }));
  if (OWN_NODES) return { kubeconfig, dir };
  const client = stack.use(
    new Transport(await loadClusterConfig({ kubeconfig }), {
      budget: { perSecond: 500, burst: 500 },
    }),
  );
  // what our nodes can mount; the cluster's own controllers bind it
  stack.use(await startLocalPathProvisioner(client, { dir: `${dir}/volumes` }));
  const id = crypto.randomUUID().slice(0, 6);
  const simulated = options.runtime === "simulated"
    ? { runtime: stack.use(new SimulatedRuntime()), capacity: MANY_PODS }
    : {};
  const agents = await Promise.all(
    Array.from({ length: options.nodes ?? 1 }, (_, i) =>
      NodeAgent.start(client, {
        name: `troupe-e2e-${id}-${i + 1}`,
        images: options.images,
        dir: `${dir}/node-${i + 1}`,
        onClose: "delete",
        ...(options.restartBackoff && { restartBackoff: options.restartBackoff }),
        ...simulated,
      })),
  );
  stack.defer(async () => {
    await Promise.all(agents.map((agent) => agent.close()));
  });
  return { kubeconfig, dir };
}
