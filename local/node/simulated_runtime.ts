/**
 * Runs nothing: each container follows a {@linkcode Stage}, so thousands of pods fit on one
 * machine. All of it happens on the given clock and random source, so a test replays exactly.
 */
import type { Clock } from "./clock.ts";
import { systemClock } from "./clock.ts";
import type { ImageSpec } from "./image.ts";
import { formatLog, type LogLine, type LogOptions, LogTimes } from "./log_lines.ts";
import type {
  ActionPurpose,
  ActionResult,
  ContainerConfig,
  ContainerExit,
  ContainerRef,
  PodRef,
  RunningContainer,
  Runtime,
} from "./runtime.ts";
import { StartError } from "./runtime.ts";
import { signalNumber } from "./signals.ts";
import { draw, type Stage, stageOf } from "./stage.ts";

/** Options of {@linkcode SimulatedRuntime}. */
export interface SimulatedRuntimeOptions {
  /** Stage of a container whose pod has no stage annotation. @default {() => ({})} */
  stage?: (config: ContainerConfig) => Stage;
  /** Source of time. @default {systemClock} */
  clock?: Clock;
  /** Source of chance, from 0 to 1; seeded in tests. @default {Math.random} */
  random?: () => number;
}

/** What is kept of an attempt for `logs`. */
interface Attempt {
  readonly lines: LogLine[];
  readonly ended: Promise<unknown>;
}

/** A runtime without processes. Every image name is known to it. */
export class SimulatedRuntime implements Runtime {
  #clock: Clock;
  #random: () => number;
  #stage: (config: ContainerConfig) => Stage;
  #running = new Set<SimulatedContainer>();
  #attempts = new Map<string, Attempt>();
  #count = 0;
  #closed = false;

  /** Takes effect at once; see {@linkcode SimulatedRuntimeOptions}. */
  constructor(options: SimulatedRuntimeOptions = {}) {
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#stage = options.stage ?? (() => ({}));
  }

  /** Any image: nothing of it is run. */
  image(_name: string): ImageSpec {
    return ["simulated"];
  }

  /** Starts to follow the pod's stage; rejects with `StartError` on a stage that cannot be read. */
  // deno-lint-ignore require-await -- rejects, as the contract says, rather than throws
  async start(config: ContainerConfig): Promise<RunningContainer> {
    if (this.#closed) throw new StartError("Cannot start a container: the runtime is closed");
    let stage: Stage;
    try {
      stage = stageOf(config.annotations) ?? this.#stage(config);
    } catch (cause) {
      throw new StartError((cause as Error).message, { cause });
    }
    const container = new SimulatedContainer(stage, {
      id: `simulated://${++this.#count}`,
      attempt: config.attempt,
      clock: this.#clock,
      random: this.#random,
    });
    this.#running.add(container);
    const times = new LogTimes();
    const lines = [line(times.next(this.#clock.date().getTime()), "started")];
    const ended = container.exited.then(({ code, finishedAt }) => {
      lines.push(line(times.next(finishedAt.getTime()), `ended with code ${code}`));
      this.#running.delete(container);
    });
    this.#attempts.set(refKey(config), { lines, ended });
    this.#attempts.delete(refKey({ ...config, attempt: config.attempt - 2 }));
    return container;
  }

  /** Two lines: started, ended. */
  logs(ref: ContainerRef, options: LogOptions): Promise<ReadableStream<Uint8Array> | undefined> {
    const attempt = this.#attempts.get(refKey(ref));
    if (attempt === undefined) return Promise.resolve(undefined);
    return Promise.resolve(formatLog(readLines(attempt, options), options));
  }

  /** Forgets a pod's logs. */
  forget(pod: PodRef): Promise<void> {
    const prefix = `${pod.namespace}/${pod.pod}/${pod.uid}/`;
    for (const key of this.#attempts.keys()) {
      if (key.startsWith(prefix)) this.#attempts.delete(key);
    }
    return Promise.resolve();
  }

  /** Ends every container. */
  async close(): Promise<void> {
    this.#closed = true;
    const running = [...this.#running];
    for (const container of running) container.signal("SIGKILL");
    await Promise.all(running.map((container) => container.exited));
  }

  /** Same as `close()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

class SimulatedContainer implements RunningContainer {
  readonly id: string;
  readonly startedAt: Date;
  readonly exited: Promise<ContainerExit>;
  readonly ready: Promise<void>;
  #stage: Stage;
  #clock: Clock;
  #random: () => number;
  #readyAt: number;
  #unresponsiveAt: number;
  #timers: (() => void)[] = [];
  #resolve: ((exit: ContainerExit) => void) | undefined;
  #stopping = false;

  constructor(
    stage: Stage,
    options: { id: string; attempt: number; clock: Clock; random: () => number },
  ) {
    const { clock, random } = options;
    this.id = options.id;
    this.#stage = stage;
    this.#clock = clock;
    this.#random = random;
    this.startedAt = clock.date();
    const now = clock.now();
    const readyAfter = draw(stage.readyAfter ?? 0, random);
    this.#readyAt = stage.neverReady ? Infinity : now + readyAfter;
    this.#unresponsiveAt = now + draw(stage.unresponsiveAfter ?? Infinity, random);
    this.exited = new Promise((resolve) => this.#resolve = resolve);
    this.ready = new Promise((resolve) => {
      if (stage.neverReady) return;
      if (readyAfter === 0) resolve();
      else this.#timers.push(clock.after(readyAfter, resolve));
    });
    if (stage.crashAfter !== undefined && options.attempt < (stage.crashes ?? Infinity)) {
      const end = () => this.#end(stage.exitCode ?? 1);
      this.#timers.push(clock.after(draw(stage.crashAfter, random), end));
    }
  }

  signal(name: string): void {
    if (name === "SIGKILL") return this.#end(137, signalNumber(name));
    if (this.#stage.ignoreTerm || this.#stopping) return;
    this.#stopping = true;
    const ms = draw(this.#stage.stopAfter ?? 0, this.#random);
    if (ms === 0) this.#end(0);
    else if (this.#resolve) this.#timers.push(this.#clock.after(ms, () => this.#end(0)));
  }

  act(
    _action: unknown,
    { purpose, signal }: { purpose: ActionPurpose; signal: AbortSignal },
  ): Promise<ActionResult> {
    if (signal.aborted) return Promise.reject(signal.reason);
    const now = this.#clock.now();
    const responds = this.#resolve !== undefined && now < this.#unresponsiveAt;
    const waits = purpose === "startup" || purpose === "readiness";
    const ok = responds && (!waits || now >= this.#readyAt);
    return Promise.resolve({ ok, message: ok ? "" : "simulated failure" });
  }

  #end(code: number, signal?: number): void {
    for (const cancel of this.#timers) cancel();
    this.#timers = [];
    this.#resolve?.({ code, signal, finishedAt: this.#clock.date() });
    this.#resolve = undefined;
  }
}

function line(time: string, text: string): LogLine {
  return { time, text: new TextEncoder().encode(`${text}\n`) };
}

function refKey(ref: ContainerRef): string {
  return `${ref.namespace}/${ref.pod}/${ref.uid}/${ref.container}/${ref.attempt}`;
}

async function* readLines(attempt: Attempt, options: LogOptions): AsyncGenerator<LogLine> {
  const { tailLines = Infinity, follow, signal } = options;
  const first = Math.max(0, attempt.lines.length - tailLines);
  const present = attempt.lines.length;
  yield* attempt.lines.slice(first, present);
  if (!follow || signal?.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  signal?.addEventListener("abort", () => resolve(), { once: true });
  await Promise.race([attempt.ended, promise]);
  yield* attempt.lines.slice(present);
}
