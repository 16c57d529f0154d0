import type { DaemonSetSpec } from "@cloudydeno/kubernetes-apis/apps/v1";
import { type Ownership, selectorLabels } from "../../labels.ts";
import type { CheckedRunParams } from "../run_params.ts";
import { podTemplate } from "./pod_template.ts";

/** A workload with one worker on every node. */
export function daemonSetSpec(params: CheckedRunParams, owner: Ownership): DaemonSetSpec {
  const { maxSurge, maxUnavailable } = params.strategy ?? {};
  // one of the two must be 0, which the server's default for the other is not
  const rollingUpdate = maxSurge === undefined
    ? { maxUnavailable }
    : { maxSurge, maxUnavailable: maxUnavailable ?? (parseInt(String(maxSurge)) > 0 ? 0 : 1) };
  return {
    selector: { matchLabels: selectorLabels(owner) },
    ...(params.strategy && { updateStrategy: { type: "RollingUpdate", rollingUpdate } }),
    template: podTemplate(params, owner),
  };
}
