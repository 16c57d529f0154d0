import { SilenceError } from "./failure.ts";

/** What one attempt works with. */
export interface Attempt {
  /** Aborts when the attempt must end: stopped from outside, or silent for too long. */
  readonly signal: AbortSignal;
  /** The server was heard: the silence begins anew. */
  heard(): void;
}

/** How much silence {@linkcode attempt} bears, in milliseconds. */
export interface Patience {
  /** Until the server is first heard: a client may wait and try again within that time. */
  readonly first: number;
  /** From then on. */
  readonly next: number;
}

/** Milliseconds that an aborted request has to unwind before it is left alone. */
const UNWIND_MS = 1_000;

/**
 * Runs one request, or one watch from request to end, under a timer that only silence lets
 * run out. Rejects with a {@linkcode SilenceError} then, and with the reason of `stop` when
 * that aborts. Whatever `work` opened is closed when this settles, unless `work` ignores the
 * signal for longer than a second.
 */
export async function attempt<R>(
  work: (attempt: Attempt) => Promise<R>,
  options: { patience: Patience; stop: AbortSignal },
): Promise<R> {
  const { patience, stop } = options;
  stop.throwIfAborted();
  const controller = new AbortController();
  const { signal } = controller;
  const abandoned = Promise.withResolvers<never>();
  let unwinding: ReturnType<typeof setTimeout> | undefined;
  let settled = false; // Deno 2.4 runs timers that were cleared in the turn in which they were due
  const abort = (reason: unknown) => {
    if (settled || signal.aborted) return;
    unwinding = setTimeout(() => abandoned.reject(reason), UNWIND_MS);
    controller.abort(reason);
  };
  const onStop = () => abort(stop.reason);
  const listen = (ms: number) =>
    setTimeout(
      () => abort(new SilenceError(`Cannot hear the server: it has been silent for ${ms} ms`)),
      ms,
    );
  let silence = listen(patience.first);
  const heard = () => {
    clearTimeout(silence);
    if (!signal.aborted) silence = listen(patience.next);
  };
  stop.addEventListener("abort", onStop);
  try {
    return await Promise.race([work({ signal, heard }), abandoned.promise]);
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    settled = true;
    clearTimeout(silence);
    clearTimeout(unwinding);
    stop.removeEventListener("abort", onStop);
  }
}
