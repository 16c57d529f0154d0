import type { ClusterView } from "../cluster_view.ts";
import type { Telemetry } from "../telemetry.ts";
import type { EventHub, OwnEvent } from "./event_hub.ts";

/** Events that a coordinator does not have that is alone. */
const REPLICA_EVENTS: readonly string[] = ["leading", "following", "lost"];

/** What {@linkcode OwnEvents} are made of. */
export interface OwnEventsContext {
  readonly hub: EventHub;
  readonly telemetry: Telemetry;
  readonly view: ClusterView;
  /** Whether others stand for election beside it. */
  readonly isReplica: boolean;
  /** Whether it was started, and is not about to stop. */
  readonly isRunning: () => boolean;
}

/** What a coordinator that runs tells of itself: what it decides, whether it leads, how it is connected. */
export class OwnEvents {
  readonly #context: OwnEventsContext;

  /** Nothing is told yet. */
  constructor(context: OwnEventsContext) {
    this.#context = context;
  }

  /** Tells handlers, and the recorder also what handlers do not hear. */
  emit(event: OwnEvent): void {
    const { hub, telemetry, isReplica, isRunning } = this.#context;
    telemetry.onDecision(event);
    if (isRunning() && (isReplica || !REPLICA_EVENTS.includes(event.type))) hub.emit(event);
  }

  /** Tells how it is connected now. */
  emitConnection(error?: Error): void {
    const { hub, view: { state }, isRunning } = this.#context;
    if (!isRunning() || state === undefined || state === "connecting") return;
    if (state === "stale" || state === "disconnected") {
      hub.emit({ type: state, ...(error && { error }) });
    } else hub.emit({ type: state });
  }
}
