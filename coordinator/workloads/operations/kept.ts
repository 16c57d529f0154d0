/**
 * What operations have set on a head, and what a definition that is applied again leaves as it is.
 *
 * A definition says how many workers there are and what their template is; `scale`, `stop` and `undo`
 * set it otherwise, and that lasts until another definition is run, also under the next leader, which
 * knows only what stands on the head. `pause` and `restart` set what no definition says, so nothing
 * takes it back.
 *
 * @module
 */
import type { Head } from "../../heads.ts";
import { ANNOTATIONS } from "../../labels.ts";

/** What is left as it is. */
export interface Kept {
  /** The number of workers, and whether they were stopped. */
  readonly count: boolean;
  /**
   * Between which the number of workers is left as it is, even if the definition was changed, as
   * something else decides on it.
   */
  readonly within?: { readonly min: number; readonly max: number };
  /** The template that `undo` has put in the place of the definition's. */
  readonly template: boolean;
}

/** A head as defined, with what operations have set on the live one. */
export function kept(desired: Head, live: Head, what: Kept): Head {
  const counted = what.count ? withCountOf(desired, live) : desired;
  return what.template ? withTemplateOf(counted, live) : counted;
}

/** A head as defined, with what was left as it is when it was applied. */
export function setOn(desired: Head, stored: Head, what: Kept): Head {
  return kept(desired, stored, { ...what, count: what.count || what.within !== undefined });
}

/** A head as defined, with as many workers as the live one has or had, within bounds. */
export function countedWithin(
  desired: Head,
  live: Head,
  { min, max }: Exclude<Kept["within"], undefined>,
): Head {
  if (desired.kind !== "Deployment" && desired.kind !== "StatefulSet") return desired;
  if (live.kind !== desired.kind) return desired;
  const before = noted(live, ANNOTATIONS.stopped);
  const count = before === undefined ? live.spec?.replicas ?? min : Number(before);
  const replicas = Math.min(Math.max(count, min), max);
  return { ...desired, spec: { ...desired.spec!, replicas } } as Head;
}

/** What an operation has written down on a head. */
export function noted(head: Head, annotation: string): string | undefined {
  return head.metadata?.annotations?.[annotation];
}

/** A head with another value of an annotation, or without it. */
export function withNote<H extends Head>(
  head: H,
  annotation: string,
  value: string | undefined,
): H {
  const { [annotation]: before, ...others } = head.metadata?.annotations ?? {};
  if (before === value) return head;
  const annotations = value === undefined ? others : { ...others, [annotation]: value };
  return { ...head, metadata: { ...head.metadata, annotations } };
}

function withCountOf(desired: Head, live: Head): Head {
  const head = withNote(desired, ANNOTATIONS.stopped, noted(live, ANNOTATIONS.stopped));
  if (head.kind === "Deployment" && live.kind === "Deployment") {
    return { ...head, spec: { ...head.spec!, replicas: live.spec?.replicas } };
  }
  if (head.kind === "StatefulSet" && live.kind === "StatefulSet") {
    return { ...head, spec: { ...head.spec!, replicas: live.spec?.replicas } };
  }
  // these are not scaled, but stopped, and started again
  const changed = [live, desired].some((one) => noted(one, ANNOTATIONS.stopped) !== undefined);
  if (changed && head.kind === "Job" && live.kind === "Job") {
    return { ...head, spec: { ...head.spec!, parallelism: live.spec?.parallelism } };
  }
  if (changed && head.kind === "CronJob" && live.kind === "CronJob") {
    return { ...head, spec: { ...head.spec!, suspend: live.spec?.suspend } };
  }
  return desired;
}

function withTemplateOf(desired: Head, live: Head): Head {
  const undone = noted(live, ANNOTATIONS.undone);
  if (undone === undefined || undone !== noted(desired, ANNOTATIONS.definition)) {
    return withNote(desired, ANNOTATIONS.undone, undefined);
  }
  if (live.kind !== desired.kind || live.kind === "CronJob") return desired;
  const spec = { ...desired.spec, template: live.spec!.template };
  return withNote({ ...desired, spec } as Head, ANNOTATIONS.undone, undone);
}
