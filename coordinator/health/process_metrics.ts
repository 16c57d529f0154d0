import type { Metric } from "./metric.ts";
import { Reading } from "./reading.ts";

/** Metrics of this process, by the names that Prometheus' own libraries use; needs no permission. */
export function processMetrics(): Metric[] {
  return [
    new Reading({
      name: "process_start_time_seconds",
      help: "When the process began, in seconds since 1970.",
      type: "gauge",
      labels: [],
      read: () => [[{}, performance.timeOrigin / 1000]],
    }),
    new Reading({
      name: "process_resident_memory_bytes",
      help: "Memory that the process occupies.",
      type: "gauge",
      labels: [],
      read: () => [[{}, Deno.memoryUsage().rss]],
    }),
    new Reading({
      name: "process_heap_bytes",
      help: "Memory of JavaScript objects in use.",
      type: "gauge",
      labels: [],
      read: () => [[{}, Deno.memoryUsage().heapUsed]],
    }),
  ];
}
