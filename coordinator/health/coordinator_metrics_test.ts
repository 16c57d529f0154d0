import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { CoordinatorMetrics } from "./coordinator_metrics.ts";
import type { MetricsSource } from "./metrics_source.ts";
import { type ParsedFamily, parseExposition } from "./testdata/parse_exposition.ts";
import { watchHealth } from "./testdata/watch_health.ts";

const SOURCE: MetricsSource = {
  watches: () => [
    watchHealth({ reconnects: 3, relists: 2, malformed: 1, lastHeardMs: 1_500 }),
    watchHealth({ state: "connecting", lastHeardMs: Infinity }, {
      resource: "nodes",
      namespace: undefined,
    }),
  ],
  queues: () => [
    { kind: "Pod", depth: 2, running: 1 },
    { kind: "Pod", depth: 5, running: 0 },
  ],
  leadership: () => ({ leading: true, token: 4711n }),
  transport: () => ({ retries: 7, throttledMs: 250 }),
  recorder: () => ({ size: 3, bytes: 900, lastId: 12 }),
};

function read(metrics: CoordinatorMetrics): (line: string) => number | undefined {
  const families = parseExposition(metrics.text());
  return (line) => {
    const [name = "", labels = ""] = line.split(" ");
    const all: ParsedFamily["samples"] = [...families.values()].flatMap(({ samples }) => samples);
    return all.find((sample) =>
      sample.name === name && Object.values(sample.labels).join() === labels
    )?.value;
  };
}

Deno.test("CoordinatorMetrics.text() tells what its source says", () => {
  const value = read(new CoordinatorMetrics(SOURCE));
  const expected: Record<string, number> = {
    "troupe_watch_synced pods,team": 1,
    "troupe_watch_synced nodes,": 0,
    "troupe_watch_staleness_seconds pods,team": 1.5,
    "troupe_watch_staleness_seconds nodes,": Infinity,
    "troupe_watch_reconnects_total pods,team": 3,
    "troupe_watch_relists_total pods,team": 2,
    "troupe_watch_malformed_total pods,team": 1,
    "troupe_dispatcher_depth Pod": 7,
    "troupe_handlers_running Pod": 1,
    "troupe_leader": 1,
    "troupe_leader_term": 4711,
    "troupe_leadership_transitions_total": 0,
    "troupe_api_retries_total": 7,
    "troupe_api_throttled_seconds_total": 0.25,
    "troupe_recorder_entries": 3,
    "troupe_recorder_bytes": 900,
    "troupe_recorder_entries_total": 12,
  };
  for (const [line, wanted] of Object.entries(expected)) strictEqual(value(line), wanted, line);
  ok(value("process_resident_memory_bytes")! > 1e6);
  ok(value("process_heap_bytes")! > 1e5);
  ok(Math.abs(Date.now() / 1000 - value("process_start_time_seconds")!) < 3_600);
});

Deno.test("CoordinatorMetrics tells no term while it does not lead", () => {
  const value = read(
    new CoordinatorMetrics({ ...SOURCE, leadership: () => ({ leading: false, token: 4711 }) }),
  );
  deepStrictEqual([value("troupe_leader"), value("troupe_leader_term")], [0, undefined]);
});

Deno.test("CoordinatorMetrics counts events, handlers, requests and transitions", () => {
  const metrics = new CoordinatorMetrics(SOURCE);
  metrics.event("Pod", "added");
  metrics.event("Pod", "added");
  metrics.handled("Pod", { ms: 20, failed: false });
  metrics.handled("Pod", { ms: 2_000, failed: true });
  metrics.request({ verb: "list", resource: "pods", path: "/", code: 200, ms: 30 });
  metrics.request({ verb: "watch", resource: "pods", path: "/", ms: 30_000, error: new Error() });
  metrics.transition();
  metrics.lag(20);
  const value = read(metrics);
  const expected: Record<string, number> = {
    "troupe_events_total Pod,added": 2,
    "troupe_handler_duration_seconds_bucket Pod,0.05": 1,
    "troupe_handler_duration_seconds_bucket Pod,5": 2,
    "troupe_handler_duration_seconds_sum Pod": 2.02,
    "troupe_handler_errors_total Pod": 1,
    "troupe_api_requests_total list,pods,200": 1,
    "troupe_api_requests_total watch,pods,error": 1,
    "troupe_api_request_duration_seconds_bucket list,pods,0.05": 1,
    "troupe_api_request_duration_seconds_count watch,pods": 1,
    "troupe_leadership_transitions_total": 1,
    "troupe_event_loop_lag_seconds_bucket 0.05": 1,
  };
  for (const [line, wanted] of Object.entries(expected)) strictEqual(value(line), wanted, line);
});

Deno.test({
  name: "CoordinatorMetrics.text() needs no permission",
  permissions: "none",
  fn: () => void new CoordinatorMetrics(SOURCE).text(),
});

Deno.test("docs/operations.md describes each metric with its type and labels", async () => {
  const document = await Deno.readTextFile(new URL("../../docs/operations.md", import.meta.url));
  const metrics = new CoordinatorMetrics(SOURCE);
  metrics.event("Pod", "added");
  metrics.handled("Pod", { ms: 1, failed: false });
  metrics.request({ verb: "list", resource: "pods", path: "/", code: 200, ms: 30 });
  const families = parseExposition(metrics.text());
  const rows = [...document.matchAll(/^\| `([a-z_]+)` \| (\w+) \| (.*?) \|/gm)];
  const documented = Object.fromEntries(
    rows.map(([, name, type, labels]) => [name, [type, labels]]),
  );
  const present = Object.fromEntries(
    [...families].map(([name, { type, samples }]) => {
      const labels = Object.keys(samples[0]!.labels).filter((label) => label !== "le");
      return [name, [type, labels.map((label) => `\`${label}\``).join(", ")]];
    }),
  );
  deepStrictEqual(documented, present);
});
