import type { Deployment } from "@cloudydeno/kubernetes-apis/apps/v1";
import type { RestClient } from "@cloudydeno/kubernetes-client";
import { deleteWorkload, scaleWorkload } from "./apply.ts";
import type { ClusterView, NamespaceView } from "./cluster_view.ts";
import { deploymentState } from "./deployment_state.ts";
import type { PodState } from "./events.ts";
import { LABELS } from "./labels.ts";
import { podState } from "./pod_state.ts";
import { type CheckedRunParams, checkReplicas } from "./run_params.ts";
import { waitFor } from "./wait.ts";

/** How long `ready()` and `delete()` wait if they are not told, in milliseconds. */
const DEFAULT_TIMEOUT = 300_000;

/** How many pods a timeout's message explains. */
const EXPLAINED_PODS = 3;

/** Options of what waits for the cluster. */
export interface WaitForWorkloadOptions {
  /** Rejects with its reason when it aborts. */
  signal?: AbortSignal;
  /**
   * Milliseconds to wait at most.
   * @default 300_000
   */
  timeout?: number;
}

/** What was last applied for a workload; shared by all its handles. */
export interface Applied {
  params: CheckedRunParams;
  deployment: Deployment;
}

/** What a handle needs of its coordinator. */
export interface WorkloadContext {
  readonly client: RestClient;
  readonly coordinator: string;
  readonly view: ClusterView;
  /** Aborts when the coordinator has stopped. */
  readonly life: AbortSignal;
}

/** A handle of a workload that a coordinator runs; what `Coordinator.run` returns. */
export class Workload {
  readonly #applied: Applied;
  readonly #context: WorkloadContext;

  /** @ignore made by `Coordinator.run` */
  constructor(applied: Applied, context: WorkloadContext) {
    this.#applied = applied;
    this.#context = context;
  }

  /** The workload's name. */
  get name(): string {
    return this.#applied.params.name;
  }

  /** The workload's namespace. */
  get namespace(): string {
    return this.#applied.params.namespace;
  }

  /**
   * Resolves when all that was last applied runs and is ready, and nothing older is left. Works
   * before `start()` too.
   *
   * @throws {DOMException} named `TimeoutError`, saying what is not ready and why
   * @throws {Error} when it was deleted, or when a role does not allow to watch it
   */
  async ready(options: WaitForWorkloadOptions = {}): Promise<void> {
    const { timeout = DEFAULT_TIMEOUT } = options;
    const { uid, generation } = this.#applied.deployment.metadata ?? {};
    const view = this.#view();
    let seen = false;
    await waitFor(view, () => {
      const found = this.#find(view);
      if (found?.metadata?.uid === uid && found?.metadata?.deletionTimestamp == null) seen = true;
      else if (seen || found !== undefined) {
        throw new Error(`Cannot wait for "${this.name}": it was deleted`);
      } else return undefined;
      if ((found?.metadata?.generation ?? 0) < (generation ?? 0)) return undefined;
      return deploymentState(found!).ready || undefined;
    }, {
      signals: this.#signals(options.signal),
      timeout,
      onTimeout: () => this.#timeout("not ready", timeout, this.#explain(view)),
    });
  }

  /**
   * Changes how many workers run, and nothing else. Resolves when the change is stored; wait with
   * `ready()`.
   *
   * @throws {TypeError} when it is no integer from 0 up
   * @throws {Error} when the workload was deleted
   */
  async scale(replicas: number): Promise<void> {
    const { client, coordinator, life } = this.#context;
    const params = { ...this.#applied.params, replicas: checkReplicas(replicas) };
    const uid = this.#applied.deployment.metadata?.uid ?? "";
    const options = { client, coordinator, signal: life, uid };
    this.#applied.deployment = await scaleWorkload(params, options);
    this.#applied.params = params;
  }

  /**
   * Deletes the workload; resolves when all of it is gone, its pods included, and also when it was
   * gone before.
   *
   * @throws {DOMException} named `TimeoutError`, saying what is still there
   */
  async delete(options: WaitForWorkloadOptions = {}): Promise<void> {
    const { timeout = DEFAULT_TIMEOUT } = options;
    const { client, coordinator } = this.#context;
    const { name, namespace } = this;
    const signals = this.#signals(options.signal);
    const view = this.#view();
    const waiting = {
      signals,
      timeout,
      onTimeout: () => this.#timeout("not gone", timeout, this.#explain(view)),
    };
    await waitFor(view, () => true, waiting); // or its end might come before it is looked at
    const [deleted] = await deleteWorkload({ coordinator, workload: name }, {
      client,
      namespace,
      signal: AbortSignal.any(signals),
    });
    let seen = deleted === undefined; // what is shown may be older than what was deleted
    await waitFor(view, () => {
      const uid = this.#find(view)?.metadata?.uid;
      if (uid !== undefined && uid === deleted) seen = true;
      else if (seen) return uid !== undefined || this.#states(view).length === 0 || undefined;
      return undefined;
    }, waiting);
  }

  /** The workload's pods as they are now. Works before `start()` too. */
  async pods(options: { signal?: AbortSignal } = {}): Promise<PodState[]> {
    const view = this.#view();
    return await waitFor(view, () => this.#states(view), {
      signals: this.#signals(options.signal),
    });
  }

  #view(): NamespaceView {
    this.#context.life.throwIfAborted();
    return this.#context.view.namespace(this.namespace);
  }

  #signals(signal: AbortSignal | undefined): AbortSignal[] {
    return signal === undefined ? [this.#context.life] : [signal, this.#context.life];
  }

  #find({ deployments }: NamespaceView): Deployment | undefined {
    return deployments.store.get(`${this.namespace}/${this.name}`);
  }

  #states({ pods }: NamespaceView): PodState[] {
    return [...pods.store.values()]
      .filter((pod) => pod.metadata?.labels?.[LABELS.workload] === this.name)
      .map((pod) => podState(pod));
  }

  /** What is there, and for what is not ready why. */
  #explain(view: NamespaceView): string {
    const found = this.#find(view);
    if (found === undefined) return "no deployment is to be seen";
    const { readyReplicas, replicas, reason, message } = deploymentState(found);
    const parts = [`${readyReplicas} of ${replicas} ready`];
    if (found.status?.conditions?.some((c) => c.type === "ReplicaFailure" && c.status === "True")) {
      parts.push([reason, message].filter(Boolean).join(": "));
    }
    const waiting = this.#states(view).filter((pod) => !pod.ready);
    for (const pod of waiting.slice(0, EXPLAINED_PODS)) {
      const why = [pod.reason ?? pod.phase, pod.message].filter(Boolean).join(": ");
      parts.push(`pod "${pod.name}" ${why}`);
    }
    if (waiting.length > EXPLAINED_PODS) parts.push(`${waiting.length - EXPLAINED_PODS} more pods`);
    return parts.join("; ");
  }

  #timeout(state: string, ms: number, why: string): DOMException {
    const text = `Cannot wait longer for "${this.name}": ${state} after ${ms / 1000} s, ${why}`;
    return new DOMException(text, "TimeoutError");
  }
}
