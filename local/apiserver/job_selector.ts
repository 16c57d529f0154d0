/** The selector and the labels that the server gives a new Job, so that its pods are its own. */
import { type ApiObject, at, isObject, type JsonObject } from "./object.ts";

const UID_LABEL = "batch.kubernetes.io/controller-uid";

/** Fills in what a Job without a manual selector leaves out; what contradicts is refused later. */
export function withGeneratedSelector(job: ApiObject): ApiObject {
  const spec = partOf(job.spec);
  if (spec.manualSelector === true) return withOwnLabels(job);
  const { uid = "", name = "" } = job.metadata;
  const template = partOf(spec.template);
  const metadata = partOf(template.metadata);
  const labels = {
    "batch.kubernetes.io/controller-uid": uid,
    "batch.kubernetes.io/job-name": name,
    "controller-uid": uid,
    "job-name": name,
    ...partOf(metadata.labels),
  };
  const selector = partOf(spec.selector);
  const matchLabels = { [UID_LABEL]: uid, ...partOf(selector.matchLabels) };
  return withOwnLabels({
    ...job,
    spec: {
      ...spec,
      selector: { ...selector, matchLabels },
      template: { ...template, metadata: { ...metadata, labels } },
    },
  });
}

/** A Job without labels has those of its pods. */
function withOwnLabels(job: ApiObject): ApiObject {
  if (Object.keys(job.metadata.labels ?? {}).length > 0) return job;
  const labels = { ...partOf(at(job.spec, "template", "metadata", "labels")) };
  return { ...job, metadata: { ...job.metadata, labels: labels as Record<string, string> } };
}

function partOf(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}
