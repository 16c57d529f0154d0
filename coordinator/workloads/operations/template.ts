import type { Container, Pod, PodTemplateSpec } from "@cloudydeno/kubernetes-apis/core/v1";
import { fromPodTemplateSpec } from "@cloudydeno/kubernetes-apis/core/v1";
import type { Head } from "../../heads.ts";
import { ANNOTATIONS } from "../../labels.ts";

/** Labels that controllers add to the templates that they keep. */
const ADDED_LABELS = ["pod-template-hash", "controller-revision-hash"];

/** The template of a head's pods. */
export function templateOfHead(head: Head): PodTemplateSpec | undefined {
  return head.kind === "CronJob" ? head.spec?.jobTemplate.spec?.template : head.spec?.template;
}

/**
 * Whether a pod was made of the template that a head has now, as far as a pod shows it: what admission
 * changes, such as volumes and resources, is not compared. All pods of Jobs are: a Job never changes.
 */
export function isOfTemplate({ metadata, spec }: Pod, head: Head): boolean {
  const template = templateOfHead(head);
  if (head.kind === "Job" || head.kind === "CronJob" || template === undefined) return true;
  const contains = (all: Texts, some: Texts): boolean =>
    Object.entries(some ?? {}).every(([key, value]) => all?.[key] === value);
  return contains(metadata?.annotations, template.metadata?.annotations) &&
    contains(metadata?.labels, template.metadata?.labels) &&
    (template.spec?.containers ?? []).every((wanted) => {
      const container = spec?.containers.find(({ name }) => name === wanted.name);
      return container !== undefined && essence(container) === essence(wanted);
    });
}

type Texts = Readonly<Record<string, string>> | null | undefined;

function essence({ image, command, args, env, envFrom }: Container): string {
  return text([image, command ?? [], args ?? [], env ?? [], envFrom ?? []]);
}

/** A template as it was defined: without what controllers add. */
export function bareTemplate(template: PodTemplateSpec): PodTemplateSpec {
  const labels = Object.entries(template.metadata?.labels ?? {})
    .filter(([key]) => !ADDED_LABELS.includes(key));
  return {
    ...template,
    metadata: { ...template.metadata, labels: Object.fromEntries(labels) },
  };
}

/** Whether two templates make the same pods; that `restart()` was called makes no other ones. */
export function isSameTemplate(a: PodTemplateSpec, b: PodTemplateSpec): boolean {
  const [one, other] = [a, b].map((template) => {
    const { metadata, ...rest } = bareTemplate(template);
    const { [ANNOTATIONS.restartedAt]: _, ...annotations } = metadata?.annotations ?? {};
    const { labels } = metadata ?? {};
    return text(fromPodTemplateSpec({ ...rest, metadata: { labels, annotations } }));
  });
  return one === other;
}

/** JSON with sorted keys, without what is not there. */
function text(value: unknown): string {
  return JSON.stringify(value, (_, item) => {
    if (item === null) return undefined;
    if (typeof item !== "object" || Array.isArray(item)) return item;
    return Object.fromEntries(Object.entries(item).sort(([a], [b]) => a < b ? -1 : 1));
  });
}
