import type { RequestRecord } from "../../kube/mod.ts";
import { errorText } from "./error_text.ts";
import type { FlightRecorder } from "./flight_recorder.ts";

/** The verbs that change nothing. */
const READS = new Set(["get", "list", "watch", "head", "options"]);

/**
 * Records the writes of a transport, for its `onRequest`. Renewals of a Lease that succeed are left
 * out: in a quiet hour they would be all that is left in the recorder.
 */
export function recordWrites(recorder: FlightRecorder): (record: RequestRecord) => void {
  return (record) => {
    const { verb, resource, namespace, name, code, ms, error } = record;
    if (READS.has(verb)) return;
    if (resource === "leases" && verb === "update" && error === undefined) return;
    recorder.record({
      kind: "write",
      verb,
      resource,
      ...(namespace !== undefined && { namespace }),
      ...(name !== undefined && { name }),
      ...(code !== undefined && { code }),
      ms: Math.round(ms * 1000) / 1000,
      ...(error !== undefined && { error: errorText(error) }),
    });
  };
}
