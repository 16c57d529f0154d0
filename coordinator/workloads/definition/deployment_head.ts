import type { DeploymentSpec } from "@cloudydeno/kubernetes-apis/apps/v1";
import { type Ownership, selectorLabels } from "../../labels.ts";
import type { CheckedRunParams } from "../run_params.ts";
import { seconds } from "./params/schemas.ts";
import { podTemplate } from "./pod_template.ts";

/** A long-running workload. */
export function deploymentSpec(params: CheckedRunParams, owner: Ownership): DeploymentSpec {
  const { replicas, strategy, progressDeadline } = params;
  return {
    replicas,
    selector: { matchLabels: selectorLabels(owner) },
    ...(strategy && { strategy: { type: "RollingUpdate", rollingUpdate: { ...strategy } } }),
    ...(progressDeadline !== undefined && { progressDeadlineSeconds: seconds(progressDeadline) }),
    template: podTemplate(params, owner),
  };
}
