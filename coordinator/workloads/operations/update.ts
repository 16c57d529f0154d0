import { unlessAborted } from "../../wait.ts";
import type { Head } from "../../heads.ts";
import { checkRunParams, type RunParams } from "../run_params.ts";
import { type ReadyOptions, waitUntilReady } from "./ready.ts";
import type { Scope } from "./scope.ts";
import { countOf } from "./stop.ts";

/** See `Workload.update`. */
export async function updateWorkload(
  scope: Scope,
  changes: Partial<RunParams>,
  options: ReadyOptions,
): Promise<void> {
  const { name, namespace } = scope;
  const { context } = scope;
  options.signal?.throwIfAborted();
  context.tenure.require(`update "${name}"`);
  const present = context.declared.get(scope.key) ?? scope.applied?.params;
  if (present === undefined) {
    throw new Error(
      `Cannot update "${name}": this process has not run it, and so does not know its parameters; ` +
        "call run() with all of them",
    );
  }
  for (const [field, own] of Object.entries({ name, namespace })) {
    const given = changes[field as "name" | "namespace"];
    if (given === undefined || given === own) continue;
    throw new TypeError(
      `Cannot update "${name}": "${field}" given "${given}", allowed is "${own}", as it tells which ` +
        "workload it is",
    );
  }
  const { replicas: _, ...others } = present;
  const workers = "workers" in changes ? changes.workers : present.workers;
  // what there is to do decides how many
  const count = workers ? {} : replicasOf(scope.applied?.head ?? scope.find(), present.replicas);
  const params = checkRunParams({ ...others, ...count, ...changes, name, namespace }, namespace);
  await scope.within("not rolled out", options, async (signal) => {
    await unlessAborted(signal, context.run(params));
    await waitUntilReady(scope, { ...options, signal, timeout: Infinity });
  });
}

/** As many workers as there are, whatever was declared; other kinds have no number. */
function replicasOf(head: Head | undefined, declared: number): { replicas?: number } {
  if (head !== undefined && head.kind !== "Deployment" && head.kind !== "StatefulSet") return {};
  return { replicas: head === undefined ? declared : countOf(head) };
}
