import type { Handler } from "../../runtime/mod.ts";
import type { NodeEvent, PodEvent, WorkloadEvent } from "./events.ts";

/** A handler has ended with an event. */
export interface Handled {
  /** What it handled. */
  readonly event: PodEvent | WorkloadEvent | NodeEvent;
  /** How long that took, in milliseconds. */
  readonly ms: number;
  /** Whether it threw or rejected, and then what with. */
  readonly failure?: { readonly error: unknown };
}

/** Lets `onHandled` hear how a handler ends with each event, and how long it takes. */
export function observed<E extends Handled["event"]>(
  handler: Handler<E>,
  onHandled: (handled: Handled) => void,
): Handler<E> {
  return async (event) => {
    const begun = performance.now();
    try {
      await handler(event);
    } catch (error) {
      onHandled({ event, ms: performance.now() - begun, failure: { error } });
      throw error;
    }
    onHandled({ event, ms: performance.now() - begun });
  };
}
