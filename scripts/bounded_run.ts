import { signalGroup } from "../local/node/mod.ts";

/** How a run has ended: by itself, or by what has ended it. */
export type RunEnd = "passed" | "failed" | "late" | "interrupted";

/** Options of {@linkcode runBounded}. */
export interface BoundedRunOptions {
  /** Milliseconds after which it is ended. */
  limit: number;
  /** Variables that are added to this one's. @default none */
  env?: Record<string, string>;
  /** Milliseconds from SIGTERM to SIGKILL. @default 3_000, less than who ends this one may wait */
  grace?: number;
}

const STOP_SIGNALS = ["SIGINT", "SIGTERM"] as const;

/**
 * Runs a program to its end, for at most the limit; its output is this one's. It leads a process group of
 * its own, so that what it has started ends with it. SIGINT and SIGTERM end it too.
 */
export async function runBounded(
  program: string,
  args: readonly string[],
  options: BoundedRunOptions,
): Promise<RunEnd> {
  const { limit, env, grace = 3_000 } = options;
  const { promise: told, resolve: tell } = Promise.withResolvers<RunEnd>();
  const interrupt = (): void => tell("interrupted");
  // before it is started: a signal that found no listener would leave it behind
  for (const signal of STOP_SIGNALS) Deno.addSignalListener(signal, interrupt);
  let timer = setTimeout(() => tell("late"), limit);
  try {
    const child = new Deno.Command(program, {
      args: [...args],
      env,
      stdin: "null",
      stdout: "inherit",
      stderr: "inherit",
      detached: true,
    }).spawn();
    const ended = child.status.then(({ success }): RunEnd => success ? "passed" : "failed");
    const end = await Promise.race([ended, told]);
    if (end === "passed" || end === "failed") return end;
    clearTimeout(timer);
    signalGroup(child.pid, "SIGTERM");
    timer = setTimeout(() => signalGroup(child.pid, "SIGKILL"), grace);
    await ended;
    signalGroup(child.pid, "SIGKILL"); // what is left of the group
    return end;
  } finally {
    clearTimeout(timer);
    for (const signal of STOP_SIGNALS) Deno.removeSignalListener(signal, interrupt);
  }
}
