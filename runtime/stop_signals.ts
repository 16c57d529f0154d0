/** What ends a process from outside: Kubernetes sends SIGTERM, a terminal SIGINT. */
const SIGNALS: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGTERM", "SIGINT"];

/** Exit codes of a process that a signal ended: 128 + the signal's number. */
const EXIT_CODES: Partial<Record<Deno.Signal, number>> = { SIGINT: 130, SIGTERM: 143 };

/**
 * Calls `stop` at the first SIGTERM or SIGINT; the second one ends the process at once.
 *
 * The listeners keep the process alive until the returned handle is disposed of.
 */
export function onStopSignal(stop: (signal: Deno.Signal) => void): Disposable {
  let received = 0;
  const listeners = SIGNALS.map((signal) => {
    const listener = (): void => {
      received++;
      if (received > 1) Deno.exit(EXIT_CODES[signal] ?? 1);
      stop(signal);
    };
    Deno.addSignalListener(signal, listener);
    return { signal, listener };
  });
  return {
    [Symbol.dispose](): void {
      for (const { signal, listener } of listeners.splice(0)) {
        Deno.removeSignalListener(signal, listener);
      }
    },
  };
}
