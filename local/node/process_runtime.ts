/**
 * Runs a pod's containers as processes of this machine.
 *
 * Folder of a pod: `<dir>/pods/<namespace>_<name>_<uid>/`, with `<container>/<attempt>.log` for
 * the last two attempts and `tmp/`. The pod's folder is its HOME and, unless said otherwise, its working
 * directory.
 *
 * An attempt ends in this order: the main process ends; what is left of its process group is
 * killed (as a container's processes are when its first one ends); processes that left the group
 * are found by their mark and killed; the pipes are read to their end, the log is closed, and
 * only then `exited` resolves. See `watchdog.ts` for the death of the agent, and
 * `process_table.ts` for what the next agent in the same folder does.
 */
import { performAction } from "./actions.ts";
import { startExec } from "./exec_process.ts";
import type { ImageSpec } from "./image.ts";
import { LogWriter, olderPath } from "./log_file.ts";
import { formatLog, type LogOptions } from "./log_lines.ts";
import { ProcessTable } from "./process_table.ts";
import { killMarked, MARKER, signalGroup } from "./processes.ts";
import {
  type ContainerConfig,
  type ContainerExit,
  type ContainerRef,
  type PodRef,
  type RunningContainer,
  type Runtime,
  StartError,
} from "./runtime.ts";
import { readLog } from "./read_log.ts";
import { signalNumber } from "./signals.ts";
import { Watchdog } from "./watchdog.ts";

/** How long the pipes of a dead container may stay open before they are cut (ms). */
const DRAIN_MS = 1000;

/** Options of {@linkcode ProcessRuntime}. */
export interface ProcessRuntimeOptions {
  /** Folder for logs and pods' folders; one agent at a time uses it. */
  dir: string;
  /** What stands for each image. Looked up at each start, so it may change. */
  images: Record<string, ImageSpec>;
}

/** Runs containers as local processes. */
export class ProcessRuntime implements Runtime {
  #dir: string;
  #images: Record<string, ImageSpec>;
  #table: ProcessTable;
  #watchdog: Watchdog | undefined;
  #running = new Map<string, { container: RunningContainer; log: LogWriter }>();
  #closing: Promise<void> | undefined;

  /** Claims `dir` and ends what a dead agent left running there; throws if a living one holds it. */
  constructor(options: ProcessRuntimeOptions) {
    this.#images = options.images;
    this.#table = new ProcessTable(options.dir);
    this.#dir = Deno.realPathSync(options.dir);
  }

  /** The command that stands for an image. */
  image(name: string): ImageSpec {
    if (Object.hasOwn(this.#images, name)) return this.#images[name]!;
    const known = Object.keys(this.#images).map((one) => `"${one}"`).join(", ");
    throw new RangeError(`no such image on this node; known images: ${known || "none"}`);
  }

  /** Folder of a pod. */
  podDir(pod: PodRef): string {
    return podDir(this.#dir, pod);
  }

  /** Starts a process that leads its own group; rejects with `StartError` if it cannot be run. */
  // deno-lint-ignore require-await -- rejects, as the contract says, rather than throws
  async start(config: ContainerConfig): Promise<RunningContainer> {
    if (this.#closing) throw new StartError("Cannot start a container: the runtime is closed");
    const home = this.podDir(config);
    const key = refKey(config);
    Deno.mkdirSync(`${home}/tmp`, { recursive: true });
    Deno.mkdirSync(`${home}/${config.container}`, { recursive: true });
    this.#watchdog ??= new Watchdog(this.#table.dir, `${MARKER}=${this.#table.mark()}`);
    const mark = this.#table.mark(key);
    const child = spawn(config, { home, mark });
    this.#table.add(child.pid);
    const log = new LogWriter(logPath(this.#dir, config));
    this.#forgetLog({ ...config, attempt: config.attempt - 2 });
    const exited = this.#finish(child, { key, log, mark });
    let ended = false;
    let execs = 0;
    exited.then(() => ended = true);
    const container: RunningContainer = {
      id: `process://${child.pid}`,
      startedAt: new Date(),
      exited,
      signal: (name) => void (ended || signalGroup(child.pid, name)),
      act: (action, { signal }) =>
        performAction(action, { signal, exec: execOptions(config, { home, mark }) }),
      exec(command) {
        if (ended) throw new StartError(`Cannot run "${command[0]}": the container has ended`);
        // begins with the container's mark, so that it ends with the container
        const own = `${mark}exec-${++execs}|`;
        return startExec(command, {
          options: execOptions(config, { home, mark: own }),
          mark: own,
        });
      },
    };
    this.#running.set(key, { container, log });
    return container;
  }

  /** The log file of an attempt. */
  logs(ref: ContainerRef, options: LogOptions): Promise<ReadableStream<Uint8Array> | undefined> {
    const path = logPath(this.#dir, ref);
    try {
      Deno.statSync(path);
    } catch {
      return Promise.resolve(undefined);
    }
    const writer = options.follow ? this.#running.get(refKey(ref))?.log : undefined;
    const lines = readLog(path, { tailLines: options.tailLines, writer, signal: options.signal });
    return Promise.resolve(formatLog(lines, options));
  }

  /** Removes a pod's folder with its logs. */
  async forget(pod: PodRef): Promise<void> {
    await Deno.remove(this.podDir(pod), { recursive: true }).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }

  /** The pods that have a folder. */
  kept(): PodRef[] {
    try {
      return Array.from(Deno.readDirSync(`${this.#dir}/pods`), ({ name }) => {
        const [namespace = "", pod = "", uid = ""] = name.split("_");
        return { namespace, pod, uid };
      });
    } catch {
      return []; // No pod was ever here.
    }
  }

  /** Kills what runs, waits for its end and gives the folder back. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  /** Same as `close()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    const containers = [...this.#running.values()].map(({ container }) => container);
    for (const container of containers) container.signal("SIGKILL");
    await Promise.all(containers.map((container) => container.exited));
    await this.#watchdog?.close();
    this.#table.close();
  }

  /** Removes an attempt's log: `kubectl logs --previous` asks for the one before only. */
  #forgetLog(ref: ContainerRef): void {
    const path = logPath(this.#dir, ref);
    for (const file of [path, olderPath(path)]) {
      try {
        Deno.removeSync(file);
      } catch {
        // There is none.
      }
    }
  }

  async #finish(
    child: Deno.ChildProcess,
    { key, log, mark }: { key: string; log: LogWriter; mark: string },
  ): Promise<ContainerExit> {
    const cut = new AbortController();
    const copies = Promise.allSettled([
      copy(child.stdout, { log, stream: "stdout", cut: cut.signal }),
      copy(child.stderr, { log, stream: "stderr", cut: cut.signal }),
    ]);
    const status = await child.status;
    const finishedAt = new Date();
    signalGroup(child.pid, "SIGKILL");
    killMarked(mark);
    const timer = setTimeout(() => cut.abort(), DRAIN_MS);
    await copies;
    clearTimeout(timer);
    log.close();
    this.#table.remove(child.pid);
    this.#running.delete(key);
    if (status.signal === null) return { code: status.code, finishedAt };
    const signal = signalNumber(status.signal);
    return { code: 128 + signal, signal, finishedAt };
  }
}

/** Folder of a pod below the folder of its node. */
export function podDir(dir: string, pod: PodRef): string {
  return `${dir}/pods/${pod.namespace}_${pod.pod}_${pod.uid}`;
}

function logPath(dir: string, ref: ContainerRef): string {
  return `${podDir(dir, ref)}/${ref.container}/${ref.attempt}.log`;
}

function refKey(ref: ContainerRef): string {
  return `${ref.namespace}/${ref.pod}/${ref.uid}/${ref.container}/${ref.attempt}`;
}

/** Where a container's program, its exec probes and hooks run. */
function execOptions(
  config: ContainerConfig,
  { home, mark }: { home: string; mark: string },
): Deno.CommandOptions {
  const env = { HOME: home, TMPDIR: `${home}/tmp`, ...config.env, [MARKER]: mark };
  return { cwd: config.cwd ?? home, env, clearEnv: true };
}

function spawn(
  config: ContainerConfig,
  place: { home: string; mark: string },
): Deno.ChildProcess {
  const [program, ...args] = config.command;
  if (program === undefined || program === "") {
    throw new StartError(`Cannot start container "${config.container}": it has no command`);
  }
  try {
    return new Deno.Command(program, {
      ...execOptions(config, place),
      args,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      detached: true,
    }).spawn();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new StartError(`Cannot start container "${config.container}": ${reason}`, { cause });
  }
}

/** Copies a pipe into the log until it ends or `cut` aborts. */
async function copy(
  source: ReadableStream<Uint8Array>,
  { log, stream, cut }: { log: LogWriter; stream: "stdout" | "stderr"; cut: AbortSignal },
): Promise<void> {
  const through = new TransformStream<Uint8Array, Uint8Array>();
  const piped = source.pipeTo(through.writable, { signal: cut });
  await Promise.allSettled([piped, log.copy(through.readable, stream)]);
}
