/**
 * The scene of the test of event streams: a cluster of simulated pods, replicas of a coordinator that
 * reach it through a proxy, and a record of all pods by a plain watch that sees no faults.
 */
import { AppsV1Api, type DeploymentSpec } from "@cloudydeno/kubernetes-apis/apps/v1";
import type { Pod } from "@cloudydeno/kubernetes-apis/core/v1";
import { PODS, Reflector } from "../../kube/mod.ts";
import { seededRandom, type StreamViolation } from "../../testing/mod.ts";
import { type Cast, IDLER, startCast } from "./cast.ts";
import { Listener } from "./listener.ts";
import { type Proxied, startProxied } from "./proxied.ts";
import type { Replica } from "./replicas.ts";
import { type SeenPod, seenPod } from "./seen_pod.ts";
import { until } from "./until.ts";

/** Black holes are found after so long, in milliseconds. */
const IDLE_TIMEOUT = 3_000;
/** How long handlers are busy with an event at most, in milliseconds: long enough to merge states. */
const BUSY = 40;
const TIMEOUT = 120_000;

/** Options of {@linkcode startStreamScene}. */
export interface StreamSceneOptions {
  seed: number;
  /** Names of the workloads. */
  workloads: readonly string[];
  /** Pods of each. */
  replicas: number;
  /** Milliseconds; whole seconds. */
  leaseDuration: number;
}

/** See the module's text. */
export class StreamScene implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;
  readonly #options: StreamSceneOptions;
  readonly #random: () => number;
  readonly #backlog: [type: "added" | "modified" | "deleted", pod: SeenPod][] = [];
  readonly #listeners = new Map<Replica, Listener>();
  readonly #apps: ReturnType<AppsV1Api["namespace"]>;
  readonly cast: Cast;
  readonly proxied: Proxied;
  readonly record: Reflector<Pod>;

  /** Made by {@linkcode startStreamScene}. */
  constructor(
    stack: AsyncDisposableStack,
    options: StreamSceneOptions,
    parts: { cast: Cast; proxied: Proxied },
  ) {
    this.#stack = stack;
    this.#options = options;
    this.#random = seededRandom(options.seed);
    ({ cast: this.cast, proxied: this.proxied } = parts);
    const { admin, namespace } = this.cast.cluster;
    this.#apps = new AppsV1Api(admin).namespace(namespace);
    this.record = stack.use(new Reflector(admin, PODS, { namespace }));
    this.record.onChange(({ type, object }) => {
      const pod = seenPod(object);
      this.#backlog.push([type, pod]);
      for (const listener of this.#listeners.values()) listener.record(type, pod);
    });
    this.record.start();
  }

  /** All listeners, also those of replicas that have ended. */
  get listeners(): readonly Listener[] {
    return [...this.#listeners.values()];
  }

  /** How many states were recorded. */
  get recorded(): number {
    return this.#backlog.length;
  }

  /** What the handler of a replica hears. */
  listener(replica: Replica): Listener {
    return this.#listeners.get(replica)!;
  }

  /** Starts a replica behind the proxy. */
  add(): void {
    const { kubeconfig } = this.proxied;
    const replica = this.cast.add({ kubeconfig });
    const listener = new Listener(replica);
    for (const [type, pod] of this.#backlog) listener.record(type, pod);
    this.#listeners.set(replica, listener);
  }

  /** The replica that began to lead last and has not ended. */
  async leader(): Promise<Replica> {
    return await until("a leader", () => {
      const { replicas } = this.cast;
      const leading = replicas.filter((replica) => {
        const last = replica.lines().findLast(({ line }) => line === "leading" || line === "lost");
        return last?.line === "leading";
      });
      return leading.toSorted((a, b) => b.token() - a.token())[0];
    }, { timeout: TIMEOUT });
  }

  /** Ends a replica, and begins another one. */
  async replace(replica: Replica, signal: Deno.Signal): Promise<void> {
    await replica.stop(signal);
    this.cast.drop(replica);
    this.add();
  }

  /** One thing that happens to the workloads, chosen by the seed. */
  async churn(): Promise<void> {
    const { workloads, replicas } = this.#options;
    const pods = [...this.record.store.values()];
    const pod = pods[Math.floor(this.#random() * pods.length)]?.metadata?.name ?? "";
    const workload = workloads[Math.floor(this.#random() * workloads.length)]!;
    const dice = this.#random();
    const number = this.#random();
    if (dice < 0.15) await this.scale(workload, Math.round(replicas * (0.6 + 0.8 * number)));
    else if (dice < 0.25) await this.#unlessGone(() => this.cast.core.deletePod(pod, {}));
    else if (dice < 0.35) {
      await this.#unlessGone(() => this.cast.core.deletePod(pod, { gracePeriodSeconds: 0 }));
    } else await this.#unlessGone(() => this.label(pod, `${Math.round(number * 1e9)}`));
  }

  /** Changes how many pods a workload has. */
  async scale(workload: string, replicas: number): Promise<void> {
    await this.#apps.patchDeployment(workload, "json-merge", {
      spec: { replicas } as DeploymentSpec,
    });
  }

  /** Changes a label of a pod; resolves with the pod as it then is. */
  async label(pod: string, step: string): Promise<Pod> {
    return await this.cast.core.patchPod(pod, "json-merge", { metadata: { labels: { step } } });
  }

  /** Resolves when so many pods run, no others are there, and controllers have no change left to make. */
  async running(pods: number): Promise<void> {
    await until(`${pods} pods to run`, async () => {
      return this.#allRunning(pods) && await this.#observed() && this.#allRunning(pods);
    }, { timeout: TIMEOUT });
  }

  /**
   * Resolves when the handler of who leads knows all that there is, and a change that is made now;
   * rejects naming what it does not.
   */
  async settled(): Promise<Replica> {
    const [first] = this.record.store.values();
    const seen = first && await this.label(first.metadata!.name!, `settled-${this.recorded}`);
    const version = seen?.metadata?.resourceVersion ?? "0";
    let violations: StreamViolation[] = [];
    let leader: Replica | undefined;
    await until("the record", () => {
      const { uid } = seen?.metadata ?? {};
      return this.#backlog.findLast(([, { metadata }]) =>
            metadata.uid === uid && metadata.resourceVersion === version
          ) !== undefined || seen === undefined;
    }, { timeout: TIMEOUT });
    await until("the handler to know all", async () => {
      leader = await this.leader();
      violations = this.listener(leader).violations({ leads: true });
      if (violations.length > 0) await new Promise((resolve) => setTimeout(resolve, 200));
      return violations.length === 0;
    }, { timeout: TIMEOUT }).catch((cause) => {
      const told = violations.slice(0, 10).map(({ property, message }) =>
        `${property}: ${message}`
      );
      throw new Error(`${violations.length} violations: ${told.join("; ")}`, { cause });
    });
    this.listener(leader!).bookmark(version);
    return leader!;
  }

  /** Ends everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  #allRunning(pods: number): boolean {
    const { store } = this.record;
    return store.size === pods &&
      [...store.values()].every(({ metadata, status }) =>
        metadata?.deletionTimestamp == null && status?.phase === "Running" &&
        status.conditions?.some(({ type, status }) => type === "Ready" && status === "True")
      );
  }

  /** Whether controllers have seen the last scale, and have acted on it. */
  async #observed(): Promise<boolean> {
    const { items: deployments } = await this.#apps.getDeploymentList();
    const { items: sets } = await this.#apps.getReplicaSetList();
    return [...deployments, ...sets].every(({ metadata, spec, status }) =>
      status?.observedGeneration === metadata?.generation &&
      (status?.replicas ?? 0) === spec?.replicas
    );
  }

  /** A pod that was chosen may be gone by now. */
  async #unlessGone(call: () => Promise<unknown>): Promise<void> {
    try {
      await call();
    } catch (error) {
      if ((error as { httpCode?: number }).httpCode !== 404) throw error;
    }
  }
}

/** Starts the scene; replicas are added by the test. */
export async function startStreamScene(options: StreamSceneOptions): Promise<StreamScene> {
  const { seed, leaseDuration, workloads, replicas } = options;
  await using stack = new AsyncDisposableStack();
  const cast = stack.use(
    await startCast({
      workers: 0,
      leaseDuration,
      runtime: "simulated",
      replica: {
        // the test scales what runs, and that is to stay
        runs: workloads.map((name) => ({ ...IDLER, name, replicas, drift: "report" })),
        hear: { seed, busy: BUSY },
        idleTimeout: IDLE_TIMEOUT,
      },
    }),
  );
  const proxied = stack.use(await startProxied(cast.cluster));
  // moved before the scene uses it, which ends its record first
  const moved = stack.move();
  const scene = new StreamScene(moved, options, { cast, proxied });
  await scene.record.synced();
  return scene;
}
