import { AppsV1Api, type Deployment } from "@cloudydeno/kubernetes-apis/apps/v1";
import type { RestClient } from "@cloudydeno/kubernetes-client";
import { applyWorkload } from "./apply.ts";
import type { ClusterView } from "../cluster_view.ts";
import type { CheckedRunParams } from "./run_params.ts";
import { SerialWrites } from "./serial_writes.ts";
import { waitFor } from "../wait.ts";
import { type Applied, Workload, type WorkloadContext, workloadKey } from "./workload.ts";
import { ownedBy } from "./workload_objects.ts";

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
  /** The Deployment that workloads belong to; without one they belong to nobody. */
  owner: { name: string; namespace: string } | undefined;
}

/**
 * What a coordinator runs. Writes of one workload (`run`, `scale`, `delete`) go one after another
 * in the order of the calls, so the last call wins; different workloads go side by side.
 */
export class Workloads {
  readonly #context: WorkloadContext;
  readonly #owner: WorkloadsOptions["owner"];

  /** Nothing runs yet. */
  constructor({ owner, ...options }: WorkloadsOptions) {
    this.#owner = owner;
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
      const owners = await this.#owners(params);
      const deployment = await this.#apply(params, owners);
      const shared = Object.assign(applied.get(key) ?? {}, { params, owners, deployment });
      applied.set(key, shared);
      return new Workload(shared, this.#context);
    });
  }

  /** Asks anew each time: an owner that was replaced must not take the workload with it. */
  async #owners({ name, namespace }: CheckedRunParams): Promise<Applied["owners"]> {
    const { client, life } = this.#context;
    const owner = this.#owner;
    if (owner === undefined) return undefined;
    if (owner.namespace !== namespace) {
      throw new TypeError(
        `Cannot run "${name}" in namespace "${namespace}": ` +
          `its owner, Deployment "${owner.name}", is in namespace "${owner.namespace}"`,
      );
    }
    const api = new AppsV1Api(client).namespace(namespace);
    return [ownedBy(await api.getDeployment(owner.name, { abortSignal: life }))];
  }

  /** Applies; when it meets a Deployment that is being deleted, waits for its end and begins anew. */
  async #apply(params: CheckedRunParams, owners: Applied["owners"]): Promise<Deployment> {
    const { client, coordinator, life, view } = this.#context;
    const options = { client, coordinator, signal: life, owners };
    while (true) {
      const deployment = await applyWorkload(params, options);
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
