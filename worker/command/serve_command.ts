import { Worker } from "../worker.ts";
import { commandContract } from "./command_contract.ts";
import { type CommandFlags, makeRunner } from "./command_flags.ts";
import { commandHandlers } from "./command_handlers.ts";
import { programEnvironment } from "./environment.ts";

/** Time from SIGTERM until the last program has ended, in milliseconds: Kubernetes gives 30 s. */
const STOP_MS = 25_000;

/** Options of {@linkcode serveCommand}. */
export interface ServeCommandOptions {
  /** The worker's namespace. */
  namespace?: string | undefined;
  /** What the command line says. */
  flags: CommandFlags;
  /** Gets the worker before it starts. */
  watch?: (worker: Worker) => void;
}

/**
 * Is a worker that gives its tasks to a program, until it is stopped: then it takes no more tasks, lets
 * the program finish those that it has, and ends it.
 *
 * @throws {StartError} if a program that lives on cannot be started
 * @throws {Error} once a program that lives on cannot be kept alive
 */
export async function serveCommand(
  command: readonly string[],
  { namespace, flags, watch }: ServeCommandOptions,
): Promise<void> {
  const { timeout, concurrency = 1, "stop-after": stopAfter = 5_000 } = flags;
  await using worker = await Worker.create({
    name: "command-worker",
    ...(namespace !== undefined && { namespace }),
    port: 8086,
    grace: Math.max(0, STOP_MS - stopAfter),
  });
  let hopeless: Error | undefined;
  const runner = makeRunner(flags, {
    command,
    env: programEnvironment(Deno.env.toObject()),
    onExit: (exit, tasks) => implemented.emit("exited", { ...exit, tasks: [...tasks] }),
    onHopeless: (error) => {
      hopeless = error;
      worker.stop();
    },
  });
  const kill = (): void => runner.kill();
  addEventListener("unload", kill); // the second signal ends this process at once
  const handlers = commandHandlers(runner, { timeout });
  const implemented = worker.implement(commandContract, handlers, { concurrency });
  watch?.(worker);
  try {
    await worker.start();
  } finally {
    await runner.close();
    removeEventListener("unload", kill);
  }
  if (hopeless !== undefined) throw hopeless;
}
