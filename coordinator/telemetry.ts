/**
 * What a coordinator tells of itself: flight recorder, metrics, and the health server that shows
 * both and answers probes.
 *
 * The transport, the reflectors and the handlers hand in what happens, synchronously; nothing here
 * waits or asks the API server. The server is started before anything else, so that probes are
 * answered while the coordinator starts, and closed last.
 *
 * @module
 */
import type { Change, KubeObject, RequestRecord, TransportStats } from "../kube/mod.ts";
import type { Handler } from "../runtime/mod.ts";
import type { AnyReflector } from "./cluster_view.ts";
import type { OwnEvent } from "./events/event_hub.ts";
import type { Handled } from "./events/observed.ts";
import { coordinatorChecks } from "./health/coordinator_checks.ts";
import { CoordinatorMetrics } from "./health/coordinator_metrics.ts";
import { EventLoopMonitor } from "./health/event_loop_monitor.ts";
import type { HealthOptions } from "./health/health_options.ts";
import { HealthServer } from "./health/health_server.ts";
import type { QueueDepth } from "./health/metrics_source.ts";
import type { WatchHealth } from "./health/watch_health.ts";
import type { LeadershipChange } from "./leadership/leadership.ts";
import { errorText } from "./recorder/error_text.ts";
import { FlightRecorder } from "./recorder/flight_recorder.ts";
import { recordChanges } from "./recorder/record_changes.ts";
import { recordWrites } from "./recorder/record_writes.ts";

/** A server may be silent for three idle times in one attempt; then a reflector counts as stuck. */
const STUCK_IDLE_TIMES = 4;

/** A reflector's idle time if it is not told, in milliseconds. */
const IDLE_TIMEOUT = 90_000;

/** What is read of the coordinator when somebody asks. */
export interface TelemetrySource {
  /** All reflectors. */
  reflectors(): readonly AnyReflector[];
  /** What waits for handlers. */
  queues(): Iterable<QueueDepth>;
  /** Whether it leads, and its term's token. */
  leadership(): { readonly leading: boolean; readonly token?: number };
  /** What was sent. */
  transport(): TransportStats;
  /** Whether it is about to end. */
  stopping(): boolean;
}

/** See the module's text. */
export class Telemetry {
  /** The last things that happened. */
  readonly recorder: FlightRecorder = new FlightRecorder();
  readonly #source: TelemetrySource;
  readonly #metrics: CoordinatorMetrics;
  readonly #loop: EventLoopMonitor;
  readonly #recordWrite: (record: RequestRecord) => void = recordWrites(this.recorder);
  #server: HealthServer | undefined;

  /** @param source is read when somebody asks, not before */
  constructor(source: TelemetrySource) {
    this.#source = source;
    this.#metrics = new CoordinatorMetrics({
      watches: () => this.#watches(),
      queues: () => source.queues(),
      leadership: () => source.leadership(),
      transport: () => source.transport(),
      recorder: () => this.recorder,
    });
    this.#loop = new EventLoopMonitor({ onBeat: this.#metrics.lag });
  }

  /** Where it answers, once it does. */
  get port(): number | undefined {
    return this.#server?.port;
  }

  /** Begins to answer, unless `options` say nothing. */
  start(
    options: HealthOptions | undefined,
    { idleTimeout = IDLE_TIMEOUT }: { idleTimeout?: number } = {},
  ): void {
    if (options === undefined) return;
    const { stopping } = this.#source;
    const source = {
      loop: this.#loop,
      watches: () => this.#watches(),
      get stopping() {
        return stopping();
      },
    };
    this.#server = HealthServer.start({
      port: options.port,
      hostname: options.hostname,
      checks: coordinatorChecks(source, { stuckAfter: STUCK_IDLE_TIMES * idleTimeout }),
      metrics: () => this.#metrics.text(),
      recording: options.debug ? (o) => this.recorder.toNDJSON(o) : undefined,
    });
    this.#loop.start();
  }

  /** A request was answered or failed; for the transport. */
  readonly onRequest = (record: RequestRecord): void => {
    this.#metrics.request(record);
    this.#recordWrite(record);
  };

  /** An object changed; before anybody acts on it. */
  readonly onObject = (change: Change<KubeObject>): void => {
    recordChanges(this.recorder, { kind: change.object.kind ?? "" })(change);
  };

  /** Leadership changed. */
  onLeadership(change: LeadershipChange): void {
    if (change.type !== "following") this.#metrics.transition();
    this.recorder.record({
      kind: "leadership",
      type: change.type,
      ...(change.type === "following"
        ? { leader: change.leader }
        : { token: change.mandate.token }),
    });
  }

  /** Does an operation on a workload, and records when it begins and how it ends. */
  operation<R>(
    operation: string,
    { name, namespace }: { readonly name: string; readonly namespace: string },
    fn: () => Promise<R>,
  ): Promise<R> {
    return this.recorder.operation({
      operation,
      object: { kind: "Workload", name, namespace },
    }, fn);
  }

  /** Calls the handler of a timer, and records how it ended and what it does meanwhile. */
  timer(name: string, call: () => Promise<void>): Promise<void> {
    return this.recorder.handler({ object: { kind: "Timer", name }, cause: undefined }, call);
  }

  /** An event of the coordinator itself; those that tell what it decided are recorded. */
  onDecision(event: OwnEvent): void {
    const { type: decision } = event;
    if ("object" in event) {
      const reason = event.fields.join(", ") || "it was deleted";
      this.recorder.record({ kind: "decision", decision, object: event.object, reason });
    } else if ("workload" in event) {
      const object = { kind: "Workload", name: event.workload, namespace: event.namespace };
      this.recorder.record({ kind: "decision", decision, object });
    }
  }

  /** A handler on whose behalf is recorded what it does, as caused by the change that it hears of. */
  caused<E extends { readonly source: object }>(handler: Handler<E>): Handler<E> {
    return (event) => this.recorder.within(this.recorder.idOf(event.source), () => handler(event));
  }

  /** A handler has ended with an event. */
  readonly onHandled = ({ event, ms, failure }: Handled): void => {
    const { kind, type, name, namespace, source } = event;
    this.#metrics.event(kind, type);
    this.#metrics.handled(kind, { ms, failed: failure !== undefined });
    this.recorder.record({
      kind: "handler",
      object: { kind, name, ...(namespace ? { namespace } : {}) },
      outcome: failure === undefined ? "ok" : "error",
      ms: Math.round(ms * 1000) / 1000,
      ...(failure && { error: errorText(failure.error) }),
    }, { cause: this.recorder.idOf(source) });
  };

  /** Stops answering. */
  async close(): Promise<void> {
    this.#loop[Symbol.dispose]();
    await this.#server?.close();
  }

  #watches(): WatchHealth[] {
    return this.#source.reflectors().map(({ kind, namespace, health }) => ({
      resource: kind.plural,
      ...(namespace === undefined ? {} : { namespace }),
      health,
    }));
  }
}
