import { AppsV1Api } from "@cloudydeno/kubernetes-apis/apps/v1";
import type { OwnerReference } from "@cloudydeno/kubernetes-apis/meta/v1";
import type { RestClient } from "@cloudydeno/kubernetes-client";
import { type ServerVersion, serverVersion } from "../../kube/mod.ts";
import { defineWorkload, type Definition, minimumVersion } from "./definition/mod.ts";
import { ownedBy } from "./complete_parts.ts";
import type { CheckedRunParams } from "./run_params.ts";

/** Options of {@linkcode Definitions}. */
export interface DefinitionsOptions {
  /** Asks how old the cluster is, and for the owner. */
  client: RestClient;
  /** The coordinator's name. */
  coordinator: string;
  /** Whether workers with a contract hear messages by TLS. */
  tls?: boolean;
  /** Aborts when the coordinator has stopped. */
  life: AbortSignal;
  /** The Deployment that workloads belong to; without one they belong to nobody. */
  owner: { name: string; namespace: string } | undefined;
}

/** Makes definitions of parameters, with what only the cluster can tell. */
export class Definitions {
  readonly #options: DefinitionsOptions;
  #version: ServerVersion | undefined;

  /** Asks nothing yet. */
  constructor(options: DefinitionsOptions) {
    this.#options = options;
  }

  /**
   * What a workload should be.
   *
   * @throws {Error} when the cluster is too old for it
   * @throws {TypeError} when its owner is in another namespace
   */
  async of(params: CheckedRunParams): Promise<Definition> {
    const { client, coordinator, life, tls } = this.#options;
    const needed = minimumVersion(params);
    if (needed !== undefined) {
      const version = this.#version ??= await serverVersion(client, { signal: life });
      if (version.minor < needed.minor) {
        throw new Error(
          `Cannot run "${params.name}": ${needed.feature} needs Kubernetes 1.${needed.minor} or ` +
            `later, the cluster is ${version.major}.${version.minor}`,
        );
      }
    }
    return defineWorkload(params, { coordinator, owners: await this.#owners(params), tls });
  }

  /** Asks anew each time: an owner that was replaced must not take the workload with it. */
  async #owners({ name, namespace }: CheckedRunParams): Promise<OwnerReference[] | undefined> {
    const { client, life, owner } = this.#options;
    if (owner === undefined) return undefined;
    if (owner.namespace !== namespace) {
      throw new TypeError(
        `Cannot run "${name}" in namespace "${namespace}": ` +
          `its owner, Deployment "${owner.name}", is in namespace "${owner.namespace}"`,
      );
    }
    const api = new AppsV1Api(client).namespace(namespace);
    const found = await api.getDeployment(owner.name, { abortSignal: life });
    return [ownedBy(found)];
  }
}
