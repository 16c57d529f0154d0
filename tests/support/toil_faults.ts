import { seededRandom } from "../../testing/mod.ts";
import { isAlive, type Strike, type ToilProcess, toilProcesses } from "./toil_record.ts";

/** Whom to strike, and how. */
export interface ToilFaultsOptions {
  /** Where the workers' processes leave their files. */
  dir: string;
  seed: number;
  /** Fewer workers than this are not left. */
  spare: number;
  /** Milliseconds from one fault to the next, at least and at most. */
  between: readonly [number, number];
  /** What else may happen, of the network. @default nothing */
  network?: (random: () => number) => Promise<void>;
}

/** Longest pauses: with the first one a worker is given up, later ones it may be over before. */
const LONG_PAUSE = 22_000;
const SHORT_PAUSES = [300, 4_000] as const;

/** Kills and pauses processes of workers, and lets the network go wrong, as a seed says, until it is closed. */
export class ToilFaults implements AsyncDisposable {
  readonly strikes: Strike[] = [];
  readonly #options: ToilFaultsOptions;
  readonly #random: () => number;
  readonly #paused = new Map<number, () => void>();
  readonly #end = Promise.withResolvers<void>();
  #over = false;
  readonly #running: Promise<void>;
  readonly #pauses = new Set<Promise<void>>();

  /** Begins at once. */
  constructor(options: ToilFaultsOptions) {
    this.#options = options;
    this.#random = seededRandom(options.seed);
    this.#running = this.#run();
  }

  /** Ends it; those that are paused go on. */
  async close(): Promise<void> {
    this.#over = true;
    this.#end.resolve();
    await this.#running;
    for (const resume of this.#paused.values()) resume();
    await Promise.all(this.#pauses);
  }

  /** As `close()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #run(): Promise<void> {
    for (let nth = 0; !this.#over; nth++) {
      const dice = this.#random();
      const victim = this.#victim();
      if (nth > 0 && dice < 0.25) await this.#options.network?.(this.#random);
      else if (victim !== undefined && nth > 0 && dice < 0.75) this.#kill(victim);
      else if (victim !== undefined) {
        this.#pause(victim, nth === 0 ? LONG_PAUSE : this.#between(...SHORT_PAUSES));
      }
      await this.#wait(this.#between(...this.#options.between));
    }
  }

  #victim(): ToilProcess | undefined {
    const { dir, spare } = this.#options;
    const there = toilProcesses(dir).filter((process) =>
      !this.#paused.has(process.pid) && isAlive(dir, process)
    );
    return there.length > spare ? there[Math.floor(this.#random() * there.length)] : undefined;
  }

  #kill({ pod, pid }: ToilProcess): void {
    const from = Date.now();
    if (signal(pid, "SIGKILL")) {
      this.strikes.push({ kind: "kill", pod, pid, from, to: Date.now() });
    }
  }

  #pause({ pod, pid }: ToilProcess, ms: number): void {
    const from = Date.now();
    if (!signal(pid, "SIGSTOP")) return;
    const paused = (async () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#paused.set(pid, resolve);
      await this.#wait(ms, promise);
      signal(pid, "SIGCONT");
      this.#paused.delete(pid);
      this.strikes.push({ kind: "pause", pod, pid, from, to: Date.now() });
    })();
    this.#pauses.add(paused);
    paused.finally(() => this.#pauses.delete(paused));
  }

  #between(least: number, most: number): number {
    return Math.round(least + this.#random() * (most - least));
  }

  async #wait(ms: number, sooner: Promise<void> = this.#end.promise): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    await Promise.race([promise, sooner]);
    clearTimeout(timer);
  }
}

/** Whether the process was there to get it. */
function signal(pid: number, name: Deno.Signal): boolean {
  try {
    Deno.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}
