import type { ObjectMeta, OwnerReference } from "@cloudydeno/kubernetes-apis/meta/v1";
import { ANNOTATIONS, type Ownership, ownLabels } from "../../labels.ts";
import type { CheckedRunParams } from "../run_params.ts";
import { cronJobSpec } from "./cron_job_head.ts";
import { daemonSetSpec } from "./daemon_set_head.ts";
import { definitionHash } from "./definition_hash.ts";
import { deploymentSpec } from "./deployment_head.ts";
import type { Head } from "../../heads.ts";
import { headKind } from "./head_kind.ts";
import { jobSpec } from "./job_head.ts";
import { patched } from "./patched.ts";
import { statefulSetSpec } from "./stateful_set_head.ts";

/** What an object that is applied says beside its definition. */
export interface ObjectOptions {
  /** Whom it belongs to. @default nobody */
  owners?: OwnerReference[];
  /** Demands that it be that very object. @default any */
  uid?: string;
}

/**
 * The object that a workload consists of, as it is applied: with the user's patch, and with the
 * hash of all of it as annotation. The same parameters give the same object.
 *
 * @throws {TypeError} when the user's patch changes what must stay
 */
export function workloadHead(
  params: CheckedRunParams,
  owner: Ownership,
  options: ObjectOptions = {},
): Head {
  const { uid } = options;
  const { primitives } = params;
  const head = patched(unpatched(params, owner, options), params, owner);
  const annotations = {
    ...head.metadata?.annotations,
    ...(primitives && { [ANNOTATIONS.primitives]: [...new Set(primitives)].sort().join(" ") }),
    [ANNOTATIONS.definition]: definitionHash(head),
  };
  return { ...head, metadata: { ...head.metadata, annotations, ...(uid && { uid }) } };
}

function unpatched(params: CheckedRunParams, owner: Ownership, options: ObjectOptions): Head {
  const metadata = metadataOf(params, owner, options);
  const kind = headKind(params);
  switch (kind) {
    case "Deployment":
      return { apiVersion: "apps/v1", kind, metadata, spec: deploymentSpec(params, owner) };
    case "StatefulSet":
      return { apiVersion: "apps/v1", kind, metadata, spec: statefulSetSpec(params, owner) };
    case "DaemonSet":
      return { apiVersion: "apps/v1", kind, metadata, spec: daemonSetSpec(params, owner) };
    case "Job":
      return { apiVersion: "batch/v1", kind, metadata, spec: jobSpec(params, owner) };
    case "CronJob":
      return { apiVersion: "batch/v1", kind, metadata, spec: cronJobSpec(params, owner) };
  }
}

function metadataOf(
  { name, namespace, labels, annotations }: CheckedRunParams,
  owner: Ownership,
  { owners }: ObjectOptions,
): ObjectMeta {
  return {
    name,
    namespace,
    labels: { ...labels, ...ownLabels(owner) },
    ...(annotations && { annotations: { ...annotations } }),
    ...(owners && { ownerReferences: owners.map((reference) => ({ ...reference })) }),
  };
}
