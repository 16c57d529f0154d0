/**
 * A node without any process behind it, for tests: it registers, says that it lives when it is
 * told to, and calls the pods that it is given running and ready, or gone when they are deleted.
 */
import type { RestClient } from "@cloudydeno/kubernetes-client";
import { isConflict, isNotFound, Reconciler } from "../../../kube/mod.ts";
import {
  conditionOf,
  type Draft,
  Informers,
  isDeleting,
  isTerminal,
  LEASES,
  NODES,
  ObjectClient,
  type Pod,
  PODS,
  timestamp,
} from "../mod.ts";

/** Options of {@linkcode FakeNode.start}. */
export interface FakeNodeOptions {
  name: string;
  cpu?: string;
  memory?: string;
  pods?: string;
  labels?: Record<string, string>;
  /** Whether a pod becomes ready. @default all do */
  ready?: (pod: Pod) => boolean;
}

export class FakeNode implements AsyncDisposable {
  readonly name: string;
  readonly #rest: RestClient;
  readonly #client: ObjectClient;
  readonly #options: FakeNodeOptions;
  #running: AsyncDisposableStack | undefined;
  #beats = 0;

  private constructor(rest: RestClient, options: FakeNodeOptions) {
    this.name = options.name;
    this.#rest = rest;
    this.#client = new ObjectClient(rest);
    this.#options = options;
  }

  static async start(rest: RestClient, options: FakeNodeOptions): Promise<FakeNode> {
    const node = new FakeNode(rest, options);
    await node.#register();
    await node.beat();
    await node.resume();
    return node;
  }

  /** Runs pods (again). */
  async resume(): Promise<void> {
    const running = this.#running = new AsyncDisposableStack();
    const informers = running.use(new Informers(this.#rest));
    const pods = informers.of(PODS);
    const reconciler = running.use(
      new Reconciler((key, signal) => this.#run(pods.get(key), signal), { name: this.name }),
    );
    pods.onChange(({ object: { spec, metadata } }) => {
      if (spec.nodeName === this.name) reconciler.enqueue(`${metadata.namespace}/${metadata.name}`);
    });
    await informers.start();
  }

  /** Runs pods no more. */
  async pause(): Promise<void> {
    await this.#running?.disposeAsync();
    this.#running = undefined;
  }

  /** Says that the node lives. */
  async beat(): Promise<void> {
    const { cpu = "4", memory = "8Gi", pods = "110" } = this.#options;
    const { name } = this;
    const node = await this.#client.get(NODES, { name });
    const before = conditionOf(node.status?.conditions, "Ready");
    // a different second each time: that is as fine as the API's times are
    const heartbeat = timestamp(Date.now() + 1000 * this.#beats++);
    const since = before?.status === "True" ? before.lastTransitionTime : heartbeat;
    const ready = {
      type: "Ready",
      status: "True",
      reason: "KubeletReady",
      message: "kubelet is posting ready status",
      lastHeartbeatTime: heartbeat,
      lastTransitionTime: since,
    };
    const amounts = { cpu, memory, pods };
    const patch = { status: { capacity: amounts, allocatable: amounts, conditions: [ready] } };
    const subresource = "status";
    await this.#client.write({ verb: "patch", kind: NODES, target: { name }, patch, subresource });
  }

  /** Stops and removes the node. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.pause();
    const target = { namespace: "kube-node-lease", name: this.name };
    for (const kind of [NODES, LEASES]) {
      await this.#client.write({ verb: "delete", kind, target }).catch(() => {});
    }
  }

  async #register(): Promise<void> {
    const labels = { "kubernetes.io/hostname": this.name, ...this.#options.labels };
    const object: Draft = {
      apiVersion: "v1",
      kind: "Node",
      metadata: { name: this.name, labels },
    };
    await this.#client.write({ verb: "create", kind: NODES, object });
    // a real server taints new nodes; that is for a controller to undo, and there may be none
    const patch = { spec: { taints: null } };
    await this.#client.write({ verb: "patch", kind: NODES, target: { name: this.name }, patch });
  }

  async #run(pod: Pod | undefined, signal: AbortSignal): Promise<void> {
    if (!pod) return;
    const { namespace, name } = pod.metadata;
    const target = { namespace, name };
    try {
      if (isDeleting(pod)) {
        const options = { gracePeriodSeconds: 0 };
        await this.#client.write({ verb: "delete", kind: PODS, target, options }, { signal });
      } else if (!isTerminal(pod)) {
        await this.#startPod(pod, signal);
      }
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }

  async #startPod(pod: Pod, signal: AbortSignal): Promise<void> {
    const { namespace, name } = pod.metadata;
    const status = this.#options.ready?.(pod) ?? true ? "True" : "False";
    const before = conditionOf(pod.status?.conditions, "Ready");
    if (pod.status?.phase === "Running" && before?.status === status) return;
    const lastTransitionTime = timestamp(Date.now());
    const said = {
      PodScheduled: "True",
      Initialized: "True",
      ContainersReady: status,
      Ready: status,
    };
    const conditions = Object.entries(said)
      .map(([type, status]) => ({ type, status, lastTransitionTime }));
    const patch = { status: { phase: "Running", conditions } };
    const target = { namespace, name };
    await this.#client.write(
      { verb: "patch", kind: PODS, target, patch, subresource: "status" },
      { signal },
    );
  }
}
