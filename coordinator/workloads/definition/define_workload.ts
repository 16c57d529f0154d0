import type { OwnerReference } from "@cloudydeno/kubernetes-apis/meta/v1";
import type { Head, Part } from "../../heads.ts";
import type { CheckedRunParams } from "../run_params.ts";
import { workloadHead } from "./workload_head.ts";
import { workloadParts } from "./workload_parts.ts";

/** What a workload should be. */
export interface Definition {
  /** The head as it is applied, with the hash of all of it. */
  readonly head: Head;
  /** What belongs to it. */
  readonly parts: readonly Part[];
}

/** What the parameters of `run` say, for a coordinator of that name. */
export function defineWorkload(
  params: CheckedRunParams,
  options: { coordinator: string; owners?: OwnerReference[] },
): Definition {
  const { coordinator, owners } = options;
  const owner = { coordinator, workload: params.name };
  return { head: workloadHead(params, owner, { owners }), parts: workloadParts(params, owner) };
}
