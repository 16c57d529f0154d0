import { AppsV1Api, toStatefulSet } from "@cloudydeno/kubernetes-apis/apps/v1";
import type { PodTemplateSpec } from "@cloudydeno/kubernetes-apis/core/v1";
import type { JSONObject, JSONValue, RestClient } from "@cloudydeno/kubernetes-client";
import type { Head } from "../../heads.ts";
import { LABELS } from "../../labels.ts";
import { bareTemplate } from "./template.ts";

/** A template that was rolled out once. */
export interface Revision {
  /** Its number, which grows. */
  readonly number: number;
  readonly template: PodTemplateSpec;
}

/** Where the controller of Deployments writes the number of a ReplicaSet's revision. */
const REVISION = "deployment.kubernetes.io/revision";

/**
 * The templates of a head that its controller has kept, the newest first.
 *
 * A Deployment's are its ReplicaSets; those of a StatefulSet or DaemonSet are ControllerRevisions. It
 * needs the verb `list` of these.
 */
export async function revisionsOf(
  head: Head,
  options: { client: RestClient; signal: AbortSignal },
): Promise<Revision[]> {
  const { namespace, labels, uid } = head.metadata!;
  const api = new AppsV1Api(options.client).namespace(namespace!);
  const own = [LABELS.coordinator, LABELS.workload].map((key) => `${key}=${labels?.[key]}`);
  const request = { labelSelector: own.join(","), abortSignal: options.signal };
  const isOwned = ({ metadata }: Owned): boolean =>
    metadata?.ownerReferences?.some((owner) => owner.uid === uid) ?? false;
  const found: Revision[] = [];
  if (head.kind === "Deployment") {
    for (const set of (await api.getReplicaSetList(request)).items.filter(isOwned)) {
      const number = Number(set.metadata?.annotations?.[REVISION]);
      const template = set.spec?.template;
      if (number > 0 && template != null) found.push({ number, template: bareTemplate(template) });
    }
  } else {
    for (const kept of (await api.getControllerRevisionList(request)).items.filter(isOwned)) {
      const template = templateOf(kept.data ?? null);
      if (template !== undefined) found.push({ number: kept.revision, template });
    }
  }
  return found.sort((a, b) => b.number - a.number);
}

interface Owned {
  metadata?: { ownerReferences?: readonly { uid: string }[] | null } | null;
}

/** The template in a ControllerRevision: a patch of the object's spec, which replaces it whole. */
function templateOf(data: JSONValue): PodTemplateSpec | undefined {
  const { spec } = (data ?? {}) as { spec?: { template?: JSONObject } };
  if (spec?.template === undefined) return undefined;
  const { $patch: _, ...template } = spec.template;
  const set = toStatefulSet({ spec: { selector: {}, serviceName: "", template } });
  return set.spec?.template;
}
