import type { PodState } from "../../events/events.ts";
import { podState } from "../../events/pod_state.ts";
import type { Head } from "../../heads.ts";
import { ANNOTATIONS, fieldManager } from "../../labels.ts";
import { prepareScaleDown } from "../../supervision/deletion_cost.ts";
import { checkReplicas } from "../run_params.ts";
import { changeHead } from "./change_head.ts";
import { noted } from "./kept.ts";
import type { Scope, WaitForWorkloadOptions } from "./scope.ts";

/** Options of `Workload.scale`. */
export interface ScaleOptions extends WaitForWorkloadOptions {
  /**
   * Whether a worker has nothing to do. It is asked of every worker if they are to be fewer; from
   * Kubernetes 1.22 on idle ones go first.
   * @default none has
   */
  idle?: (pod: PodState) => boolean | Promise<boolean>;
}

/** See `Workload.scale`. */
export async function scaleWorkload(
  scope: Scope,
  replicas: number,
  options: ScaleOptions,
): Promise<void> {
  const checked = checkReplicas(replicas);
  await changeHead(scope, {
    verb: "scale",
    sets: { count: true },
    before: (seen, signal) => prepare(scope, seen, { keep: checked, idle: options.idle, signal }),
    decide: (live) => {
      if (live.kind !== "Deployment" && live.kind !== "StatefulSet") {
        throw new TypeError(
          `Cannot scale "${scope.name}": it is a ${live.kind}, which has no number of workers`,
        );
      }
      const stopped = noted(live, ANNOTATIONS.stopped) !== undefined;
      if (live.spec?.replicas === checked && !stopped) return undefined;
      const metadata = stopped ? { annotations: { [ANNOTATIONS.stopped]: null } } : {};
      return { verb: "merge", patch: { metadata, spec: { replicas: checked } } };
    },
  }, options);
}

/** Lets the workers go first that should. */
async function prepare(
  scope: Scope,
  head: Head,
  { keep, idle, signal }: Pick<ScaleOptions, "idle"> & { keep: number; signal: AbortSignal },
): Promise<void> {
  if (head.kind !== "Deployment" || (head.spec?.replicas ?? 1) <= keep) return;
  const { client, coordinator } = scope.context;
  await prepareScaleDown(scope.pods().map(({ source }) => source), {
    client,
    namespace: scope.namespace,
    fieldManager: fieldManager(coordinator),
    keep,
    idle: idle && ((pod) => idle(podState(pod))),
    signal,
  });
}
