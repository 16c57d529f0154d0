import type { Deployment } from "@cloudydeno/kubernetes-apis/apps/v1";
import type { ServiceAccount } from "@cloudydeno/kubernetes-apis/core/v1";
import type { OwnerReference } from "@cloudydeno/kubernetes-apis/meta/v1";
import type { KubeObject } from "../../kube/mod.ts";
import { type ObjectOptions, workloadHead } from "./definition/mod.ts";
import { accountPart } from "./definition/workload_parts.ts";
import type { CheckedRunParams } from "./run_params.ts";

/**
 * The deployment of a workload, as it is applied. `uid` demands that it be that very one.
 *
 * @throws {TypeError} when the workload is no long-running one
 */
export function workloadDeployment(
  params: CheckedRunParams,
  coordinator: string,
  options: ObjectOptions = {},
): Deployment {
  const head = workloadHead(params, { coordinator, workload: params.name }, options);
  if (head.kind === "Deployment") return head;
  throw new TypeError(`Cannot run "${params.name}": a ${head.kind} is not supported yet`);
}

/** The ServiceAccount of a workload's pods: without any permission, and tied to its deployment. */
export function workloadServiceAccount(
  params: CheckedRunParams,
  coordinator: string,
  options: ObjectOptions = {},
): ServiceAccount {
  return accountPart(params, { coordinator, workload: params.name }, options);
}

/** The reference that lets an object's deletion take another with it. */
export function ownedBy(owner: KubeObject): OwnerReference {
  return {
    apiVersion: owner.apiVersion ?? "apps/v1",
    kind: owner.kind ?? "Deployment",
    name: owner.metadata?.name ?? "",
    uid: owner.metadata?.uid ?? "",
  };
}
