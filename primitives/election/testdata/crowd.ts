import { Scene } from "./scene.ts";
import type { SimulatedProcess } from "./simulated_process.ts";

/** A resource that two leaders must not write at once, outside of the cluster. */
export interface GuardedResource {
  /** The highest token that wrote. */
  token: number;
  accepted: number;
  /** Writes of an older term that came after one of a newer: without the tokens they were harm. */
  refused: number;
}

/** Options of {@linkcode Crowd}. */
export interface CrowdOptions {
  readonly size: number;
  /** Decides about clocks, messages and jitter. */
  readonly random: () => number;
  /** Milliseconds that a message is on its way, from and to. */
  readonly latency: readonly [number, number];
}

/**
 * Many candidates for one election in virtual time, each with a monotonic clock that is up to 10 %
 * too fast or too slow. Who leads writes a guarded resource each 100 ms, by messages that take their
 * time. After all that happens it is looked whether two terms are trusted at once.
 */
export class Crowd implements AsyncDisposable {
  readonly scene: Scene = new Scene();
  readonly random: () => number;
  readonly resource: GuardedResource = { token: 0, accepted: 0, refused: 0 };
  /** Tokens of all terms, in the order in which they were won. */
  readonly tokens: number[] = [];
  /** Who leads, as far as it knows. */
  readonly #leading = new Set<SimulatedProcess>();
  readonly #options: CrowdOptions;
  #started = 0;
  #stopAtWrite: number | undefined;

  constructor(options: CrowdOptions) {
    this.#options = options;
    this.random = options.random;
    this.scene.check = () => {
      const trusted = [...this.#leading].filter((it) => it.running && it.election.term);
      if (trusted.length < 2) return;
      throw new Error(`${trusted.map((it) => it.name)} lead at ${this.scene.time.now}`);
    };
    for (let i = 0; i < options.size; i++) this.start();
  }

  /** A number between these. */
  between(from: number, to: number): number {
    return from + this.random() * (to - from);
  }

  /** One more candidate. */
  start(): SimulatedProcess {
    const process = this.scene.start(`p${this.#started++}`, {
      latency: () => this.between(...this.#options.latency),
      rate: this.between(0.9, 1.1),
      random: this.random,
    });
    process.election.onEvent((event) => {
      if (event.type === "lost") this.#leading.delete(process);
      if (event.type !== "leading") return;
      this.#leading.add(process);
      const { term } = event;
      // one that was paused in between may tell of an older term, which is over by then
      if (term.remainingMs() > 0) this.tokens.push(term.token);
      const work = () => {
        if (term.remainingMs() === 0) return;
        this.#write(process, term.token);
        process.clock.timer(100, work);
      };
      work();
    });
    process.election.onError(() => {});
    return process;
  }

  /** Who leads and runs. */
  get leader(): SimulatedProcess | undefined {
    return [...this.#leading].find((it) => it.running && it.election.term);
  }

  /** Stops the leader for so long when it has found that it leads, and is about to write. */
  stopAtWrite(ms: number): void {
    this.#stopAtWrite = ms;
  }

  /** Lets time pass until somebody leads; returns how much that was. */
  led(limit?: number): Promise<number> {
    return this.scene.until(() => this.leader !== undefined, limit);
  }

  /** What was asked of the server since the last time, watches and lists included. */
  requests(): { writes: number; refused: number; reads: number; lists: number; watches: number } {
    const { calls, listed, watched } = this.scene.server;
    const writes = calls.filter((it) => it.method !== "GET");
    const refused = writes.filter((it) => it.code === 409).length;
    const reads = calls.length - writes.length;
    const told = { writes: writes.length, refused, reads, lists: listed, watches: watched };
    this.scene.server.forget();
    return told;
  }

  /** Closes all at once, without what each would still write. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.scene[Symbol.asyncDispose]();
  }

  /** A message to the resource, on its way longer if the sender is stopped. */
  #write(process: SimulatedProcess, token: number): void {
    if (this.#stopAtWrite !== undefined) {
      process.pause();
      setTimeout(() => process.resume(), this.#stopAtWrite);
      this.#stopAtWrite = undefined;
    }
    process.clock.timer(this.between(...this.#options.latency), () => {
      if (token < this.resource.token) return void this.resource.refused++;
      this.resource.token = token;
      this.resource.accepted++;
    });
  }
}
