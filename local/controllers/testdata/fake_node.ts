/**
 * A node without any process behind it, for tests: it registers, says that it lives, and calls
 * the pods that it is given running and ready, or gone when they are deleted.
 */
import type { RestClient } from "@cloudydeno/kubernetes-client";
import { isConflict, isNotFound, Reconciler } from "../../../kube/mod.ts";
import {
  conditionOf,
  type Draft,
  Informers,
  isDeleting,
  type Item,
  LEASES,
  type Node,
  NODES,
  ObjectClient,
  type Pod,
  PODS,
  timestamp,
} from "../../objects/mod.ts";

/** Options of {@linkcode FakeNode.start}. */
export interface FakeNodeOptions {
  name: string;
  cpu?: string;
  memory?: string;
  pods?: string;
  labels?: Record<string, string>;
  /** Whether a pod becomes ready. @default all do */
  ready?: (pod: Pod) => boolean;
  /** Ms between heartbeats. @default none after the first */
  heartbeat?: number;
}

export class FakeNode implements AsyncDisposable {
  readonly #rest: RestClient;
  readonly #client: ObjectClient;
  readonly #options: FakeNodeOptions;
  #stack: AsyncDisposableStack | undefined;

  private constructor(rest: RestClient, options: FakeNodeOptions) {
    this.#rest = rest;
    this.#client = new ObjectClient(rest);
    this.#options = options;
  }

  static async start(rest: RestClient, options: FakeNodeOptions): Promise<FakeNode> {
    const node = new FakeNode(rest, options);
    await node.resume();
    return node;
  }

  /** Registers and goes on as a node. */
  async resume(): Promise<void> {
    if (this.#stack) return;
    const { name, heartbeat, ready = () => true } = this.#options;
    const stack = this.#stack = new AsyncDisposableStack();
    await this.#post();
    if (heartbeat !== undefined) {
      let beating: Promise<void> | undefined;
      const timer = setInterval(() => {
        beating ??= this.#post().catch((e) => console.error(e)).finally(() => beating = undefined);
      }, heartbeat);
      stack.defer(async () => {
        clearInterval(timer);
        await beating;
      });
    }
    const informers = stack.use(new Informers(this.#rest));
    const pods = informers.of(PODS);
    const reconciler = stack.use(
      new Reconciler((key, signal) => this.#run(pods.get(key), { ready, signal }), {
        name,
        onError: (k, e) => console.error(k, e),
      }),
    );
    pods.onChange(({ object: { spec, metadata } }) => {
      if (spec.nodeName === name) reconciler.enqueue(`${metadata.namespace}/${metadata.name}`);
    });
    await informers.start();
  }

  /** Falls silent. */
  async pause(): Promise<void> {
    await this.#stack?.disposeAsync();
    this.#stack = undefined;
  }

  /** Falls silent and removes the node. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.pause();
    const { name } = this.#options;
    for (const kind of [NODES, LEASES]) {
      const target = { namespace: "kube-node-lease", name };
      await this.#client.write({ verb: "delete", kind, target }).catch(() => {});
    }
  }

  /** Says that the node lives. */
  async #post(): Promise<void> {
    const { name, labels, cpu = "4", memory = "8Gi", pods = "110" } = this.#options;
    const node = await this.#getOrCreate<Node>(NODES, {
      apiVersion: "v1",
      kind: "Node",
      metadata: { name, labels: { "kubernetes.io/hostname": name, ...labels } },
    });
    const at = timestamp(Date.now());
    const before = conditionOf(node.status?.conditions, "Ready");
    const since = before?.status === "True" ? before.lastTransitionTime : at;
    const ready = {
      type: "Ready",
      status: "True",
      reason: "KubeletReady",
      message: "kubelet is posting ready status",
      lastHeartbeatTime: new Date().toISOString(),
      lastTransitionTime: since,
    };
    const amounts = { cpu, memory, pods };
    const patch = { status: { capacity: amounts, allocatable: amounts, conditions: [ready] } };
    const target = { name };
    await this.#client.write({ verb: "patch", kind: NODES, target, patch, subresource: "status" });
  }

  async #getOrCreate<T extends Item>(
    kind: typeof NODES,
    object: Draft & { metadata: { name: string } },
  ): Promise<T> {
    try {
      return await this.#client.get(kind, object.metadata) as unknown as T;
    } catch (error) {
      if (!isNotFound(error)) throw error;
      return await this.#client.write({ verb: "create", kind, object }) as T;
    }
  }

  async #run(
    pod: Pod | undefined,
    { ready, signal }: { ready: (pod: Pod) => boolean; signal: AbortSignal },
  ): Promise<void> {
    if (!pod) return;
    const { namespace, name } = pod.metadata;
    const target = { namespace, name };
    try {
      if (isDeleting(pod)) {
        const options = { gracePeriodSeconds: 0 };
        await this.#client.write({ verb: "delete", kind: PODS, target, options }, { signal });
        return;
      }
      const status = ready(pod) ? "True" : "False";
      const before = conditionOf(pod.status?.conditions, "Ready");
      if (pod.status?.phase === "Running" && before?.status === status) return;
      const at = timestamp(Date.now());
      const conditions = ["PodScheduled", "Initialized", "ContainersReady", "Ready"]
        .map((type) => ({
          type,
          status: type === "PodScheduled" || type === "Initialized" ? "True" : status,
          lastTransitionTime: at,
        }));
      const patch = { status: { phase: "Running", conditions } };
      await this.#client.write(
        { verb: "patch", kind: PODS, target, patch, subresource: "status" },
        { signal },
      );
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }
}
