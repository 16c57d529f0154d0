import type { StatefulSetSpec } from "@cloudydeno/kubernetes-apis/apps/v1";
import { type Ownership, ownLabels, selectorLabels } from "../../labels.ts";
import type { CheckedRunParams } from "../run_params.ts";
import { podTemplate } from "./pod_template.ts";
import { claimsOf } from "./volumes.ts";

/** A workload whose workers have names and disks of their own. */
export function statefulSetSpec(params: CheckedRunParams, owner: Ownership): StatefulSetSpec {
  const volumeClaimTemplates = claimsOf(params, ownLabels(owner));
  return {
    replicas: params.replicas,
    serviceName: params.name,
    selector: { matchLabels: selectorLabels(owner) },
    // in order, one worker that never becomes ready would keep all others from starting, and a
    // repaired definition from being rolled out
    podManagementPolicy: "Parallel",
    template: podTemplate(params, owner),
    ...(volumeClaimTemplates.length > 0 && { volumeClaimTemplates }),
  };
}
