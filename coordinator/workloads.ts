import type { RestClient } from "@cloudydeno/kubernetes-client";
import { applyWorkload } from "./apply.ts";
import type { ClusterView } from "./cluster_view.ts";
import type { CheckedRunParams } from "./run_params.ts";
import { SerialWrites } from "./serial_writes.ts";
import { waitFor } from "./wait.ts";
import { type Applied, Workload, type WorkloadContext, workloadKey } from "./workload.ts";

/** Options of {@linkcode Workloads}. */
export interface WorkloadsOptions {
  /** Sends the requests. */
  client: RestClient;
  /** The coordinator's name. */
  coordinator: string;
  /** What is seen of the cluster. */
  view: ClusterView;
  /** Aborts when the coordinator has stopped. */
  life: AbortSignal;
}

/**
 * What a coordinator runs. Writes of one workload (`run`, `scale`, `delete`) go one after another
 * in the order of the calls, so the last call wins; different workloads go side by side.
 */
export class Workloads {
  readonly #context: WorkloadContext;

  /** Nothing runs yet. */
  constructor(options: WorkloadsOptions) {
    this.#context = { ...options, applied: new Map(), writes: new SerialWrites() };
  }

  /** Namespaces in which something was run and not deleted. */
  get namespaces(): string[] {
    return [...this.#context.applied.values()].map(({ params }) => params.namespace);
  }

  /** Makes the cluster match the parameters; resolves when that is stored. */
  async run(params: CheckedRunParams): Promise<Workload> {
    const { applied, life, writes } = this.#context;
    const key = workloadKey(params);
    return await writes.add(key, life, async () => {
      const deployment = await this.#apply(params);
      const shared: Applied = Object.assign(applied.get(key) ?? {}, { params, deployment });
      applied.set(key, shared);
      return new Workload(shared, this.#context);
    });
  }

  /** Applies; when it meets a Deployment that is being deleted, waits for its end and begins anew. */
  async #apply(params: CheckedRunParams): Promise<Applied["deployment"]> {
    const { client, coordinator, life, view } = this.#context;
    while (true) {
      const deployment = await applyWorkload(params, { client, coordinator, signal: life });
      const { uid, deletionTimestamp } = deployment.metadata ?? {};
      if (deletionTimestamp == null) return deployment;
      const seen = view.namespace(params.namespace);
      await waitFor(seen, life, () => {
        const found = seen.deployments.store.get(workloadKey(params));
        return found?.metadata?.uid === uid ? undefined : true;
      });
    }
  }
}
