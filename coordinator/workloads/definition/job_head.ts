import type { JobSpec } from "@cloudydeno/kubernetes-apis/batch/v1";
import type { Ownership } from "../../labels.ts";
import type { CheckedRunParams } from "../run_params.ts";
import { seconds } from "./params/schemas.ts";
import { podTemplate } from "./pod_template.ts";

/**
 * Work that comes to an end. Its selector is the server's: a Job is the only kind whose pods are
 * told apart by what the server adds to them.
 */
export function jobSpec(params: CheckedRunParams, owner: Ownership): JobSpec {
  const { completions, items, parallelism, retries, deadline, ttl, restartPolicy } = params;
  const template = podTemplate(params, owner);
  return {
    completions: items?.length ?? completions ?? 1,
    parallelism: parallelism ?? 1,
    ...(items && { completionMode: "Indexed" }),
    ...(retries !== undefined && { backoffLimit: retries }),
    ...(deadline !== undefined && { activeDeadlineSeconds: seconds(deadline) }),
    ...(ttl !== undefined && { ttlSecondsAfterFinished: seconds(ttl) }),
    template: {
      ...template,
      spec: {
        ...template.spec!,
        restartPolicy: restartPolicy === "onFailure" ? "OnFailure" : "Never",
      },
    },
  };
}
