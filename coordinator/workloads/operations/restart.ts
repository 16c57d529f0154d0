import { ANNOTATIONS } from "../../labels.ts";
import { changeHead } from "./change_head.ts";
import type { Scope, WaitForWorkloadOptions } from "./scope.ts";

/** See `Workload.restart`. */
export async function restartWorkload(
  scope: Scope,
  options: WaitForWorkloadOptions,
): Promise<void> {
  const now = new Date().toISOString();
  await changeHead(scope, {
    verb: "restart",
    decide: (live) => {
      if (live.kind === "Job" || live.kind === "CronJob") {
        const advice = live.kind === "Job" ? "; delete it and run it again" : "";
        throw new TypeError(
          `Cannot restart "${scope.name}": it is a ${live.kind}, whose workers end by themselves` +
            advice,
        );
      }
      const annotations = { [ANNOTATIONS.restartedAt]: now };
      return { verb: "merge", patch: { spec: { template: { metadata: { annotations } } } } };
    },
  }, options);
}
