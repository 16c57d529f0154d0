/** What the agent's tests share: an API server, a client, an agent, and waiting for a state. */
import { CoreV1Api, type Pod, type PodSpec } from "@cloudydeno/kubernetes-apis/core/v1";
import {
  type Change,
  type KubeObject,
  plainClusterConfig,
  PODS,
  Reflector,
  type ResourceKind,
  Transport,
} from "../../kube/mod.ts";
import { ApiServer } from "../apiserver/mod.ts";
import { NodeAgent, type NodeAgentOptions } from "./mod.ts";

/** Shell as image, with the agent's way to say that it is up. */
export const IMAGES = { sh: ["/bin/sh", "-c"] };

/** Everything that one test needs; all of it ends with it. */
export class Scene implements AsyncDisposable {
  readonly api: CoreV1Api;
  readonly errors: Error[] = [];
  #stack = new AsyncDisposableStack();

  private constructor(
    readonly server: ApiServer,
    readonly client: Transport,
    readonly dir: string,
  ) {
    this.api = new CoreV1Api(client);
  }

  /** Starts an API server. */
  static async start(): Promise<Scene> {
    const server = await ApiServer.start();
    const client = new Transport(plainClusterConfig(server.url), {
      budget: { perSecond: 1000, burst: 1000 },
    });
    const scene = new Scene(server, client, await Deno.makeTempDir());
    scene.#stack.defer(() => Deno.remove(scene.dir, { recursive: true }));
    scene.#stack.use(server);
    scene.#stack.use(client);
    return scene;
  }

  /** Starts a node; it ends with the scene unless it was closed before. */
  async agent(options: Partial<NodeAgentOptions> = {}): Promise<NodeAgent> {
    const agent = await NodeAgent.start(this.client, {
      name: "n1",
      images: IMAGES,
      dir: `${this.dir}/n1`,
      capacity: { cpu: 4, memory: 2 ** 32, pods: 1000 },
      onError: (error) => this.errors.push(error),
      shutdownGrace: 2000,
      ...options,
    });
    this.#stack.use(agent);
    return agent;
  }

  /** Creates a pod that is bound to the node. */
  async pod(name: string, spec: Partial<PodSpec>, meta: Pod["metadata"] = {}): Promise<Pod> {
    return await this.api.namespace("default").createPod({
      metadata: { name, ...meta },
      spec: { nodeName: "n1", terminationGracePeriodSeconds: 1, containers: [], ...spec },
    });
  }

  /** Creates a pod of one container that runs a shell script. */
  async shell(name: string, script: string, spec: Partial<PodSpec> = {}): Promise<Pod> {
    const main = { name: "main", image: "sh", args: [script], ...spec.containers?.[0] };
    return await this.pod(name, { ...spec, containers: [main] });
  }

  /** Resolves with the first state of a pod that passes. */
  async until(name: string, passes: (pod: Pod) => unknown): Promise<Pod> {
    const { object } = await this.change(
      PODS,
      ({ object, type }) => type !== "deleted" && object.metadata?.name === name && passes(object),
    );
    return object;
  }

  /** Resolves when a pod is gone. */
  async untilGone(name: string): Promise<void> {
    await using reflector = new Reflector(this.client, PODS);
    const { promise, resolve } = Promise.withResolvers<void>();
    reflector.onChange(({ type, object }) => {
      if (type === "deleted" && object.metadata?.name === name) resolve();
    });
    reflector.start();
    await reflector.synced();
    if (!reflector.store.has(`default/${name}`)) resolve();
    await promise;
  }

  /** Resolves with the first change that passes, the present state included. */
  async change<T extends KubeObject>(
    kind: ResourceKind<T>,
    passes: (change: Change<T>) => unknown,
  ): Promise<Change<T>> {
    await using reflector = new Reflector(this.client, kind);
    const { promise, resolve } = Promise.withResolvers<Change<T>>();
    reflector.onChange((change) => passes(change) && resolve(change));
    reflector.start();
    return await promise;
  }

  /** What `kubectl logs` prints. */
  async logs(name: string, options: { container?: string; previous?: boolean } = {}) {
    return await this.api.namespace("default").getPodLog(name, options);
  }

  /** The first line of a container's log, as soon as it is there. */
  async firstLine(name: string): Promise<string> {
    const abort = new AbortController();
    const options = { follow: true, abortSignal: abort.signal };
    const log = await this.api.namespace("default").streamPodLog(name, options);
    let text = "";
    try {
      for await (const piece of log) {
        text += piece;
        break;
      }
    } finally {
      abort.abort();
    }
    return text.trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** Whether the pod's Ready condition is true. */
export function ready(pod: Pod): boolean {
  return pod.status?.conditions?.some((one) => one.type === "Ready" && one.status === "True") ??
    false;
}

/** The waiting reason of the first container. */
export function waiting(pod: Pod): string | undefined {
  return pod.status?.containerStatuses?.[0]?.state?.waiting?.reason ?? undefined;
}
