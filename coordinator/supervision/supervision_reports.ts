import { type Handler, SerialHandlers } from "../../runtime/mod.ts";
import type {
  Escalation,
  GroupRestart,
  Quarantine,
  StoppedBySupervision,
  SupervisionListener,
} from "./escalation.ts";

/** An event of what supervision did, but for its `kind`. */
export type SupervisionReport =
  | { readonly type: "groupRestarted" } & GroupRestart
  | { readonly type: "quarantined" } & Quarantine
  | { readonly type: "stoppedBySupervision" } & StoppedBySupervision
  | { readonly type: "escalated" } & Escalation;

/** Options of {@linkcode SupervisionReports}. */
export interface SupervisionReportsOptions {
  /** Hears everything. */
  emit: (report: SupervisionReport) => void;
  /** Hears what a handler throws, and an escalation for which there is no handler. */
  onError: (error: unknown) => void;
}

/** Tells what supervision does: as events of the coordinator, escalations also to handlers of their own. */
export class SupervisionReports implements SupervisionListener {
  readonly #options: SupervisionReportsOptions;
  readonly #handlers: SerialHandlers<Escalation>;
  #count = 0;

  /** There are no handlers yet. */
  constructor(options: SupervisionReportsOptions) {
    this.#options = options;
    this.#handlers = new SerialHandlers(options.onError);
  }

  /** Adds a handler of escalations; returns what removes it. */
  onEscalation(handler: Handler<Escalation>): () => void {
    const remove = this.#handlers.add(handler);
    this.#count++;
    let isThere = true;
    return () => {
      if (isThere) this.#count--;
      isThere = false;
      remove();
    };
  }

  /** Resolves when handlers have ended with what was told so far. */
  async settled(): Promise<void> {
    await this.#handlers.settled();
  }

  /** See {@linkcode SupervisionListener}. */
  escalated(escalation: Escalation): void {
    this.#options.emit({ type: "escalated", ...escalation });
    this.#handlers.emit(escalation);
    if (this.#count > 0) return;
    const { workload, failures, maxRestarts, within } = escalation;
    this.#options.onError(
      new Error(
        `Cannot keep "${workload}" running: ${failures.length} failures within ` +
          `${within / 1000} s, ${maxRestarts} are borne, and there is no handler of onEscalation`,
      ),
    );
  }

  /** See {@linkcode SupervisionListener}. */
  quarantined(fact: Quarantine): void {
    this.#options.emit({ type: "quarantined", ...fact });
  }

  /** See {@linkcode SupervisionListener}. */
  stopped(fact: StoppedBySupervision): void {
    this.#options.emit({ type: "stoppedBySupervision", ...fact });
  }

  /** See {@linkcode SupervisionListener}. */
  restarted(fact: GroupRestart): void {
    this.#options.emit({ type: "groupRestarted", ...fact });
  }
}
