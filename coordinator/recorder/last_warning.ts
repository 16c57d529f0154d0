import type { Event } from "@cloudydeno/kubernetes-apis/core/v1";

/** The newest warning about an object that gives one of these reasons. */
export function lastWarning(
  { uid }: { uid: string },
  events: readonly Event[] = [],
  reasons: readonly string[],
): Event | undefined {
  return events
    .filter(({ type, involvedObject, reason }) =>
      type === "Warning" && involvedObject.uid === uid && reasons.includes(reason ?? "")
    )
    .sort((a, b) => timeOf(a) < timeOf(b) ? 1 : -1)[0];
}

/** When it happened last, as text that sorts. */
function timeOf({ lastTimestamp, eventTime, series }: Event): string {
  const time = series?.lastObservedTime ?? lastTimestamp ?? eventTime;
  return time?.toISOString() ?? "";
}
