import { isForbidden } from "../../kube/mod.ts";
import { replicasBeforeStop } from "../supervision/record.ts";
import { type ScaleOptions, scaleWorkload } from "../workloads/operations/scale.ts";
import type { Scope } from "../workloads/operations/scope.ts";
import { isStopped } from "../workloads/operations/stop.ts";
import type { ScaleTarget } from "./autoscaler.ts";

/**
 * A workload as an autoscaler sees it. While it is stopped, by its user or by supervision, it has no
 * number that is to be changed.
 */
export function workloadTarget(scope: Scope, { idle }: Pick<ScaleOptions, "idle">): ScaleTarget {
  const { context, name, namespace } = scope;
  return {
    name,
    present: () => {
      const head = scope.applied?.head ?? scope.find();
      const isGone = head === undefined || scope.applied?.deleted;
      if (isGone || isStopped(head) || replicasBeforeStop(head) !== undefined) return undefined;
      const isCounted = head.kind === "Deployment" || head.kind === "StatefulSet";
      return isCounted ? head.spec?.replicas ?? 1 : undefined;
    },
    scale: (replicas, { signal }) =>
      context.record("scale", { name, namespace }, async () => {
        try {
          await scaleWorkload(scope, replicas, { idle, signal });
        } catch (error) {
          // who may not say which workers go first can still have fewer: those that go finish their work
          if (!isForbidden(error)) throw error;
          await scaleWorkload(scope, replicas, { signal });
        }
      }),
    onChange: (hear) => {
      const undo = [...scope.view().heads.values()].map((heads) => heads.onChange(hear));
      return () => undo.forEach((remove) => remove());
    },
  };
}
