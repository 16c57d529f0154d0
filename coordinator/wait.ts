import { isForbidden } from "../kube/mod.ts";
import type { NamespaceView } from "./cluster_view.ts";

/** Options of {@linkcode waitFor}. */
export interface WaitOptions {
  /** Rejects with the signals' reason when one aborts. */
  signals: readonly AbortSignal[];
  /** Milliseconds to wait at most; without them there is no limit. */
  timeout?: number;
  /** What to reject with when the time is over. */
  onTimeout?: () => Error;
}

/**
 * Resolves with the first value that `check` returns. It is asked when both lists of the view are
 * complete, and again after each change.
 *
 * Rejects with what `check` throws, with the signals' reason, with `onTimeout()`, or, as waiting
 * would not end, when a role does not allow to list or watch.
 */
export async function waitFor<T>(
  view: NamespaceView,
  check: () => T | undefined,
  options: WaitOptions,
): Promise<T> {
  const signal = AbortSignal.any([...options.signals]);
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const reflectors = [view.pods, view.deployments];
  let synced = false;
  const look = (): void => {
    if (!synced) return;
    try {
      const found = check();
      if (found !== undefined) resolve(found);
    } catch (e) {
      reject(e);
    }
  };
  const refuse = (error: unknown): void => {
    if (isForbidden(error)) reject(error);
  };
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  const undo = reflectors.flatMap((reflector) => [
    reflector.onChange(look),
    reflector.onError(refuse),
  ]);
  for (const { health } of reflectors) {
    if (health.state === "disconnected") refuse(health.lastError);
  }
  Promise.all(reflectors.map((reflector) => reflector.synced())).then(() => {
    synced = true;
    look();
  }).catch(reject);
  const { timeout } = options;
  const timer = timeout === undefined
    ? undefined
    : setTimeout(() => reject(options.onTimeout?.()), timeout);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
    for (const remove of undo) remove();
  }
}
