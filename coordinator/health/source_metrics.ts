import type { Metric } from "./metric.ts";
import type { MetricsSource } from "./metrics_source.ts";
import { type Read, Reading, type ReadingInfo } from "./reading.ts";
import type { WatchHealth } from "./watch_health.ts";

/** Labels of a watch; one without a namespace has an empty one. */
type WatchLabels = "resource" | "namespace";

/** The metrics whose values a coordinator keeps anyway. */
export function sourceMetrics(source: MetricsSource): Metric[] {
  return [...queueMetrics(source), ...watchMetrics(source), ...singleMetrics(source)];
}

function queueMetrics(source: MetricsSource): Metric[] {
  function sum(field: "depth" | "running"): Read<"kind">[] {
    const sums = new Map<string, number>();
    for (const queue of source.queues()) {
      sums.set(queue.kind, (sums.get(queue.kind) ?? 0) + queue[field]);
    }
    return [...sums].map(([kind, value]) => [{ kind }, value]);
  }
  return [
    new Reading({
      name: "troupe_dispatcher_depth",
      help: "Changes that wait for a handler.",
      type: "gauge",
      labels: ["kind"],
      read: () => sum("depth"),
    }),
    new Reading({
      name: "troupe_handlers_running",
      help: "Objects that are being handled.",
      type: "gauge",
      labels: ["kind"],
      read: () => sum("running"),
    }),
  ];
}

function watchMetrics(source: MetricsSource): Metric[] {
  type Info = Pick<ReadingInfo<WatchLabels>, "name" | "help" | "type">;
  function metric(info: Info, value: (health: WatchHealth["health"]) => number): Metric {
    return new Reading<WatchLabels>({
      ...info,
      labels: ["resource", "namespace"],
      read: () =>
        [...source.watches()].map(({ resource, namespace = "", health }) =>
          [{ resource, namespace }, value(health)] as const
        ),
    });
  }
  return [
    metric({
      name: "troupe_watch_synced",
      help: "Whether what is known is complete and kept up to date, 1 or 0.",
      type: "gauge",
    }, ({ state }) => Number(state === "synced")),
    metric({
      name: "troupe_watch_staleness_seconds",
      help: "Time since the API server was heard on the watch; infinite before the first time.",
      type: "gauge",
    }, ({ lastHeardMs }) => lastHeardMs / 1000),
    metric({
      name: "troupe_watch_reconnects_total",
      help: "Watches that were opened after the first one.",
      type: "counter",
    }, ({ reconnects }) => reconnects),
    metric({
      name: "troupe_watch_relists_total",
      help: "Lists that were read after the first one.",
      type: "counter",
    }, ({ relists }) => relists),
    metric({
      name: "troupe_watch_malformed_total",
      help: "Lines and pages that could not be decoded.",
      type: "counter",
    }, ({ malformed }) => malformed),
  ];
}

function singleMetrics(source: MetricsSource): Metric[] {
  type Info = Pick<ReadingInfo<never>, "name" | "help" | "type">;
  function metric(info: Info, value: () => number | undefined): Metric {
    return new Reading({
      ...info,
      labels: [],
      read: () => {
        const present = value();
        return present === undefined ? [] : [[{}, present]];
      },
    });
  }
  return [
    metric({
      name: "troupe_leader",
      help: "Whether this coordinator leads, 1 or 0.",
      type: "gauge",
    }, () => Number(source.leadership().leading)),
    metric({
      name: "troupe_leader_term",
      help: "Fencing token of the term in which it leads.",
      type: "gauge",
    }, () => {
      const { leading, token } = source.leadership();
      return leading && token !== undefined ? Number(token) : undefined;
    }),
    metric({
      name: "troupe_api_retries_total",
      help: "Requests to the API server that were sent again after a failure.",
      type: "counter",
    }, () => source.transport().retries),
    metric({
      name: "troupe_api_throttled_seconds_total",
      help: "Time that requests to the API server waited for the budget.",
      type: "counter",
    }, () => source.transport().throttledMs / 1000),
    metric({
      name: "troupe_recorder_entries",
      help: "Entries in the flight recorder.",
      type: "gauge",
    }, () => source.recorder().size),
    metric({
      name: "troupe_recorder_bytes",
      help: "Memory that the entries in the flight recorder take, estimated.",
      type: "gauge",
    }, () => source.recorder().bytes),
    metric({
      name: "troupe_recorder_entries_total",
      help: "Entries that were ever recorded.",
      type: "counter",
    }, () => source.recorder().lastId),
  ];
}
