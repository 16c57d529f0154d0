import type { Pod } from "@cloudydeno/kubernetes-apis/core/v1";
import type { RestClient } from "@cloudydeno/kubernetes-client";
import { type MergePatch, ObjectApi, type WritableKind } from "../../kube/mod.ts";
import type { ClusterView } from "../cluster_view.ts";
import type { Head } from "../heads.ts";
import type { Mandate } from "../leadership/mandate.ts";
import type { Workloads } from "../workloads/workloads.ts";
import type { Supervised } from "./policy.ts";
import type { SupervisedCluster, WorkloadName } from "./supervised_cluster.ts";

/** What a coordinator sees of its cluster and has declared, for its supervisor. */
export class ViewCluster implements SupervisedCluster {
  readonly #client: RestClient;
  readonly #view: ClusterView;
  readonly #workloads: Workloads;

  /** Reads through `client` what must not be a copy. */
  constructor(client: RestClient, view: ClusterView, workloads: Workloads) {
    this.#client = client;
    this.#view = view;
    this.#workloads = workloads;
  }

  /** See {@linkcode SupervisedCluster}. */
  supervised(): readonly Supervised[] {
    return this.#workloads.supervised;
  }

  /** See {@linkcode SupervisedCluster}. */
  async pods(namespace: string, signal: AbortSignal): Promise<readonly Pod[]> {
    const { pods } = this.#view.namespace(namespace);
    await pods.synced({ signal });
    return [...pods.store.values()];
  }

  /** See {@linkcode SupervisedCluster}. */
  head({ name, namespace }: WorkloadName): Head | undefined {
    return this.#view.head(namespace, name);
  }

  /** See {@linkcode SupervisedCluster}. */
  async read({ name, namespace }: WorkloadName, signal: AbortSignal): Promise<Head | undefined> {
    const head = this.#view.head(namespace, name);
    const reflector = head && this.#view.namespace(namespace).heads.get(head.kind);
    if (reflector === undefined) return undefined;
    const api = new ObjectApi(this.#client, reflector.kind as WritableKind<Head>, namespace);
    return await api.get(name, { signal });
  }

  /** See {@linkcode SupervisedCluster}. */
  async amend(
    workload: WorkloadName,
    mandate: Mandate,
    decide: (live: Head) => MergePatch,
  ): Promise<Head | undefined> {
    return await this.#workloads.workload(workload).amend(mandate, decide);
  }
}
