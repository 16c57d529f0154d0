import { keyOf } from "../../kube/mod.ts";
import type { Deployment } from "@cloudydeno/kubernetes-apis/apps/v1";
import type { OwnerReference } from "@cloudydeno/kubernetes-apis/meta/v1";
import type { RestClient } from "@cloudydeno/kubernetes-client";
import { deleteWorkload, scaleWorkload } from "./apply.ts";
import type { ClusterView, NamespaceView } from "../cluster_view.ts";
import { deploymentState } from "../events/deployment_state.ts";
import type { PodState } from "../events/events.ts";
import { LABELS } from "../labels.ts";
import { podState } from "../events/pod_state.ts";
import { type CheckedRunParams, checkReplicas } from "./run_params.ts";
import type { SerialWrites } from "./serial_writes.ts";
import { explainWorkload } from "./explain.ts";
import { waitFor, withDeadline } from "../wait.ts";

/** How long `ready()` and `delete()` wait if they are not told, in milliseconds. */
const DEFAULT_TIMEOUT = 300_000;

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
  /** Whom it belongs to; nobody if there is none. */
  owners: OwnerReference[] | undefined;
  deployment: Deployment;
}

/** What a handle needs of its coordinator. */
export interface WorkloadContext {
  readonly client: RestClient;
  readonly coordinator: string;
  readonly view: ClusterView;
  /** Aborts when the coordinator has stopped. */
  readonly life: AbortSignal;
  /** What runs, by key; what is deleted is taken out. */
  readonly applied: Map<string, Applied>;
  /** The order of what is written, by key. */
  readonly writes: SerialWrites;
}

/** Tells workloads apart, and is the key of the Deployment in a store. */
export function workloadKey({ namespace, name }: { namespace: string; name: string }): string {
  return `${namespace}/${name}`;
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
    const { metadata } = this.#applied.deployment;
    const view = this.#view();
    let seen = false;
    await this.#within("not ready", options, (signal) =>
      waitFor(view, signal, () => {
        const found = this.#find(view);
        if (found?.metadata?.uid === metadata?.uid && found?.metadata?.deletionTimestamp == null) {
          seen = true;
        } else if (seen || (found !== undefined && !isOlder(found, this.#applied.deployment))) {
          throw new Error(`Cannot wait for "${this.name}": it was deleted`);
        } else return undefined;
        if ((found?.metadata?.generation ?? 0) < (metadata?.generation ?? 0)) return undefined;
        return deploymentState(found!).ready || undefined;
      }));
  }

  /**
   * Changes how many workers run, and nothing else. Resolves when the change is stored; wait with
   * `ready()`.
   *
   * @throws {TypeError} when it is no integer from 0 up
   * @throws {Error} when the workload was deleted
   */
  async scale(replicas: number): Promise<void> {
    const checked = checkReplicas(replicas);
    const { client, coordinator, life, writes } = this.#context;
    await writes.add(workloadKey(this), life, async () => {
      const params = { ...this.#applied.params, replicas: checked };
      const uid = this.#applied.deployment.metadata?.uid ?? "";
      const { owners } = this.#applied;
      const options = { client, coordinator, signal: life, uid, owners };
      this.#applied.deployment = await scaleWorkload(params, options);
      this.#applied.params = params;
    });
  }

  /**
   * Deletes the workload; resolves when all of it is gone, its pods included, and also when it was
   * gone before.
   *
   * @throws {DOMException} named `TimeoutError`, saying what is still there
   */
  async delete(options: WaitForWorkloadOptions = {}): Promise<void> {
    const { applied, client, coordinator, writes } = this.#context;
    const { name, namespace } = this;
    const key = workloadKey(this);
    const view = this.#view();
    await this.#within("not gone", options, async (signal) => {
      const uids = new Set<string | undefined>(); // of what was ever seen under this name
      const { deployments } = view;
      const stopSeeing = deployments.onChange((change) => {
        if (keyOf(change.object) === key) uids.add(change.object.metadata?.uid ?? undefined);
      });
      try {
        const [deleted, relists] = await writes.add(key, signal, async () => {
          await waitFor(view, signal, () => true);
          uids.add(this.#find(view)?.metadata?.uid ?? undefined);
          const before = deployments.health.relists;
          const owner = { coordinator, workload: name };
          const [uid] = await deleteWorkload(owner, { client, namespace, signal });
          if (applied.get(key) === this.#applied) applied.delete(key);
          return [uid, before] as const;
        });
        await waitFor(view, signal, () => {
          const uid = this.#find(view)?.metadata?.uid;
          if (deleted !== undefined && uid === deleted) return undefined;
          // what is shown may still be older than what was deleted
          const shown = deleted === undefined || uids.has(deleted) ||
            deployments.health.relists > relists;
          if (!shown) return undefined;
          return uid !== undefined || this.#states(view).length === 0 || undefined;
        });
      } finally {
        stopSeeing();
      }
    });
  }

  /**
   * The workload's pods as they are now, in the order of their names. Works before `start()` too;
   * then, and while the connection is down for the first time, it waits for the first list.
   */
  async pods(options: { signal?: AbortSignal } = {}): Promise<PodState[]> {
    const view = this.#view();
    const signal = AbortSignal.any(this.#signals(options.signal));
    return await waitFor(view, signal, () => this.#states(view));
  }

  #view(): NamespaceView {
    this.#context.life.throwIfAborted();
    return this.#context.view.namespace(this.namespace);
  }

  #signals(signal: AbortSignal | undefined): AbortSignal[] {
    return signal === undefined ? [this.#context.life] : [signal, this.#context.life];
  }

  /** Works within the time that `options` give; `state` tells what it is when that is over. */
  #within<T>(
    state: string,
    options: WaitForWorkloadOptions,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { timeout = DEFAULT_TIMEOUT } = options;
    return withDeadline({
      what: this.name,
      timeout,
      signals: this.#signals(options.signal),
      onTimeout: () => {
        const view = this.#view();
        const why = explainWorkload(view, this.#find(view), this.#states(view));
        return new DOMException(
          `Cannot wait longer for "${this.name}": ${state} after ${timeout / 1000} s, ${why}`,
          "TimeoutError",
        );
      },
    }, work);
  }

  #find({ deployments }: NamespaceView): Deployment | undefined {
    return deployments.store.get(workloadKey(this));
  }

  #states({ pods }: NamespaceView): PodState[] {
    return [...pods.store.values()]
      .filter((pod) => pod.metadata?.labels?.[LABELS.workload] === this.name)
      .map((pod) => podState(pod))
      .sort((a, b) => a.name < b.name ? -1 : 1);
  }
}

/** Whether a Deployment of the same name may have been there before another one. */
function isOlder(found: Deployment, applied: Deployment): boolean {
  const [before, after] = [found, applied].map((d) =>
    d.metadata?.creationTimestamp?.getTime() ?? 0
  );
  return found.metadata?.uid !== applied.metadata?.uid && before! <= after!;
}
