import type { Event } from "@cloudydeno/kubernetes-apis/core/v1";

/** What Kubernetes tells about an object of a workload, for people. */
export interface ClusterEvent {
  /** Identifies it; it is told again when it happens again. */
  readonly uid: string;
  /** `Normal`, or `Warning` if something is wrong. */
  readonly type: "Normal" | "Warning";
  /** What happened, in one word, such as `FailedCreate`. */
  readonly reason: string;
  /** The same for people. */
  readonly message: string;
  /** What it is about. */
  readonly object: { readonly kind: string; readonly name: string };
  /** Who tells it, such as `kubelet`. */
  readonly reporter: string;
  /** How often it happened. */
  readonly count: number;
  /** When it happened last. */
  readonly time: Date | undefined;
  /** The object this was read from. */
  readonly source: Event;
}

/** Reads an event of either API that has written it. */
export function clusterEvent(event: Event): ClusterEvent {
  const { metadata, involvedObject, series, source } = event;
  const precise = series?.lastObservedTime ?? event.eventTime;
  const time = event.lastTimestamp ?? (precise && new Date(precise.toISOString())) ??
    metadata.creationTimestamp;
  return {
    uid: metadata.uid ?? "",
    type: event.type === "Warning" ? "Warning" : "Normal",
    reason: event.reason ?? "",
    message: event.message ?? "",
    object: { kind: involvedObject.kind ?? "", name: involvedObject.name ?? "" },
    reporter: event.reportingComponent || source?.component || "",
    count: series?.count ?? event.count ?? 1,
    time: time ?? undefined,
    source: event,
  };
}

/** Puts the oldest first. */
export function byTime(a: ClusterEvent, b: ClusterEvent): number {
  return (a.time?.getTime() ?? 0) - (b.time?.getTime() ?? 0);
}

/** The characters in what controllers add to names: no vowels, so that they make no words. */
const HASH = "[bcdfghjklmnpqrstvwxz2456789]";

/** What names look like that controllers give to what belongs to a workload, behind its own name. */
const OWNED: Readonly<Record<string, RegExp>> = {
  ReplicaSet: new RegExp(`^-${HASH}{1,10}$`),
  Job: /^-\d{8,10}$/,
  Pod: new RegExp(`^(-${HASH}{1,10}-${HASH}{5}|-${HASH}{5}|-\\d+|-\\d+-${HASH}{5})$`),
  PersistentVolumeClaim: /^$/,
};

/**
 * Whether an event is about a workload's head, or about something whose name says that it belongs to
 * it: events carry no labels, and what they are about may be gone.
 */
export function isAbout(
  { involvedObject: { kind = "", name = "", uid } }: Event,
  workload: { name: string; kind: string | undefined; uids: ReadonlySet<string> },
): boolean {
  if (uid && workload.uids.has(uid)) return true;
  if (kind === workload.kind) return name === workload.name;
  if (!name?.startsWith(workload.name)) return false;
  return OWNED[kind ?? ""]?.test(name.slice(workload.name.length)) ?? false;
}
