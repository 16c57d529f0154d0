/**
 * What a head begins as: as little as the API server takes, and nothing that runs.
 *
 * A head is created by POST, not by an apply that may create: so a create that comes late finds
 * "already exists". But who creates by POST owns the fields as an updater, and an apply takes away
 * only what appliers own: so the seed has nothing that a later definition may leave out, and the
 * apply that follows brings the rest. A Job is created whole, as its template cannot be changed.
 *
 * @module
 */
import type { Container, PodSpec, PodTemplateSpec } from "@cloudydeno/kubernetes-apis/core/v1";
import type { MergePatch } from "../../kube/mod.ts";
import type { Head } from "../heads.ts";
import { ANNOTATIONS, LABELS } from "../labels.ts";

/** No node has this label, so that a daemon set that selects it runs nothing. */
const NOWHERE = "troupe.dev/nowhere";

/** The seed of a head. */
export function seedOf(head: Head): Head {
  switch (head.kind) {
    case "Deployment":
      return {
        ...bare(head),
        spec: {
          replicas: 0,
          selector: head.spec!.selector,
          template: bareTemplate(head.spec!.template),
        },
      };
    case "StatefulSet": {
      const { selector, template, serviceName, podManagementPolicy, volumeClaimTemplates } = head
        .spec!;
      return {
        ...bare(head),
        spec: {
          replicas: 0,
          selector,
          serviceName, // this and the following cannot be changed later
          podManagementPolicy,
          volumeClaimTemplates,
          template: bareTemplate(template),
        },
      };
    }
    case "DaemonSet":
      return {
        ...bare(head),
        spec: {
          selector: head.spec!.selector,
          template: bareTemplate(head.spec!.template, { nodeSelector: { [NOWHERE]: "true" } }),
        },
      };
    case "CronJob": {
      const { schedule, jobTemplate } = head.spec!;
      const template = bareTemplate(jobTemplate.spec!.template);
      return {
        ...bare(head),
        spec: { schedule, suspend: true, jobTemplate: { spec: { template } } },
      };
    }
    case "Job":
      return { ...head, metadata: unhashed(head), spec: { ...head.spec!, parallelism: 0 } };
  }
}

/** Whether nothing was applied yet to what was created. */
export function isSeed(head: Head): boolean {
  return head.metadata?.annotations?.[ANNOTATIONS.definition] === undefined;
}

/** Whether it is still as `seedOf` makes it, so that nothing runs: it may be removed. */
export function isUntouched(head: Head): boolean {
  if (!isSeed(head)) return false;
  switch (head.kind) {
    case "Deployment":
    case "StatefulSet":
      return head.spec?.replicas === 0;
    case "DaemonSet":
      return head.spec?.template.spec?.nodeSelector?.[NOWHERE] !== undefined;
    case "CronJob":
      return head.spec?.suspend === true;
    case "Job":
      return head.spec?.parallelism === 0;
  }
}

/** What is left of the seed in a head that was applied, as a patch that takes it away. */
export function remainder(live: Head): MergePatch | undefined {
  if (live.kind !== "DaemonSet") return undefined;
  if (live.spec?.template.spec?.nodeSelector?.[NOWHERE] === undefined) return undefined;
  return { spec: { template: { spec: { nodeSelector: { [NOWHERE]: null } } } } };
}

/** Without the hash of the definition, which says that it was applied. */
function unhashed({ metadata }: Head): Head["metadata"] {
  const { [ANNOTATIONS.definition]: _, ...annotations } = metadata?.annotations ?? {};
  return { ...metadata, annotations };
}

function bare<H extends Head>(head: H): Pick<H, "apiVersion" | "kind" | "metadata"> {
  const { name, namespace, labels } = head.metadata!;
  return {
    apiVersion: head.apiVersion,
    kind: head.kind,
    metadata: { name, namespace, labels: ownOf(labels) },
  };
}

function bareTemplate(
  template: PodTemplateSpec,
  extra: Partial<PodSpec> = {},
): PodTemplateSpec {
  const { containers, restartPolicy, securityContext, ...rest } = template.spec!;
  return {
    metadata: { labels: ownOf(template.metadata?.labels) },
    spec: {
      containers: containers.map(bareContainer),
      restartPolicy,
      serviceAccountName: rest.serviceAccountName,
      securityContext,
      ...extra,
    },
  };
}

function bareContainer({ name, image, securityContext }: Container): Container {
  return { name, image, securityContext };
}

/** Troupe's own labels, which every definition has. */
function ownOf(
  labels: Readonly<Record<string, string>> | null | undefined,
): Record<string, string> {
  const own: string[] = Object.values(LABELS);
  return Object.fromEntries(Object.entries(labels ?? {}).filter(([key]) => own.includes(key)));
}
