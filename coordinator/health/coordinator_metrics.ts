import type { RequestRecord } from "../../kube/mod.ts";
import { Counter } from "./counter.ts";
import { expositionText } from "./exposition.ts";
import { Histogram } from "./histogram.ts";
import type { Metric } from "./metric.ts";
import type { MetricsSource } from "./metrics_source.ts";
import { processMetrics } from "./process_metrics.ts";
import { sourceMetrics } from "./source_metrics.ts";

/** Seconds: a handler may take anything from nothing to minutes. */
const HANDLER_BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300];

/** Seconds: a request is given up after 30. */
const REQUEST_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 10, 30];

/** Seconds: up to what fails `/livez`. */
const LAG_BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

/**
 * The metrics of a coordinator. What happens is told to it as it happens; what the coordinator keeps
 * anyway is read from its source when somebody asks for the text.
 */
export class CoordinatorMetrics {
  readonly #events = new Counter({
    name: "troupe_events_total",
    help: "Events that were handed to handlers.",
    labels: ["kind", "type"],
  });
  readonly #handlers = new Histogram({
    name: "troupe_handler_duration_seconds",
    help: "How long handlers took.",
    labels: ["kind"],
    buckets: HANDLER_BUCKETS,
  });
  readonly #handlerErrors = new Counter({
    name: "troupe_handler_errors_total",
    help: "Calls of handlers that threw or rejected.",
    labels: ["kind"],
  });
  readonly #requests = new Counter({
    name: "troupe_api_requests_total",
    help: "Requests to the API server, retries included; code is error if no answer came.",
    labels: ["verb", "resource", "code"],
  });
  readonly #requestTimes = new Histogram({
    name: "troupe_api_request_duration_seconds",
    help: "How long requests to the API server took; of a watch until its headers came.",
    labels: ["verb", "resource"],
    buckets: REQUEST_BUCKETS,
  });
  readonly #transitions = new Counter({
    name: "troupe_leadership_transitions_total",
    help: "How often this coordinator began or ceased to lead.",
    labels: [],
  });
  readonly #lag = new Histogram({
    name: "troupe_event_loop_lag_seconds",
    help: "How late the event loop got around to a timer.",
    labels: [],
    buckets: LAG_BUCKETS,
  });
  readonly #all: readonly Metric[];

  /** @param source is read at each `text()` */
  constructor(source: MetricsSource) {
    this.#all = [
      this.#events,
      this.#handlers,
      this.#handlerErrors,
      this.#requests,
      this.#requestTimes,
      this.#transitions,
      this.#lag,
      ...sourceMetrics(source),
      ...processMetrics(),
    ];
  }

  /** An event was handed to a handler. */
  event(kind: string, type: string): void {
    this.#events.add({ kind, type });
  }

  /** A handler has ended, after so many milliseconds. */
  handled(kind: string, outcome: { readonly ms: number; readonly failed: boolean }): void {
    this.#handlers.observe({ kind }, outcome.ms / 1000);
    // a kind that never failed is there with 0, so that its first failure can be seen
    this.#handlerErrors.add({ kind }, Number(outcome.failed));
  }

  /** A request was answered or failed; for the transport's `onRequest`. */
  readonly request = (record: RequestRecord): void => {
    const { verb, resource, code = "error", ms } = record;
    this.#requests.add({ verb, resource, code: String(code) });
    this.#requestTimes.observe({ verb, resource }, ms / 1000);
  };

  /** The coordinator began or ceased to lead. */
  transition(): void {
    this.#transitions.add({});
  }

  /** A beat of the event loop was so many milliseconds late; for the monitor's `onBeat`. */
  readonly lag = (ms: number): void => this.#lag.observe({}, ms / 1000);

  /** All of them, as Prometheus reads them. */
  text(): string {
    return expositionText(this.#all);
  }
}
