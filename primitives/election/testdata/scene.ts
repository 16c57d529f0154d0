import { FakeTime } from "@std/testing/time";
import { LeaseServer } from "./lease_server.ts";
import { SimulatedProcess, type SimulatedProcessOptions } from "./simulated_process.ts";

/** How many promises may wait for each other one after another; some 50 do. */
const PROMISES = 300;

/** A server and processes in virtual time. */
export class Scene implements AsyncDisposable {
  readonly server: LeaseServer = new LeaseServer();
  readonly time: FakeTime = new FakeTime();
  readonly processes: SimulatedProcess[] = [];
  /** Called after everything that happens. */
  check: () => void = () => {};

  /** A process whose own candidate is not started. */
  add(name: string, options: Partial<SimulatedProcessOptions> = {}): SimulatedProcess {
    const process = new SimulatedProcess({ name, server: this.server, ...options });
    this.processes.push(process);
    return process;
  }

  /** Starts a candidate. */
  start(name: string, options: Partial<SimulatedProcessOptions> = {}): SimulatedProcess {
    const process = this.add(name, options);
    process.election.start();
    return process;
  }

  /** Lets that much time pass. */
  async pass(ms: number): Promise<void> {
    let over = false;
    setTimeout(() => over = true, ms);
    while (!over) {
      await this.#next();
      this.check();
    }
    await this.#turn();
    this.check();
  }

  /** Lets time pass until the condition holds; returns how much passed. */
  async until(condition: () => boolean, limit = 60_000): Promise<number> {
    const start = this.time.now;
    await this.#turn();
    while (!condition()) {
      if (this.time.now - start > limit) throw new Error(`It did not happen within ${limit} ms`);
      await this.#next();
      await this.#turn();
      this.check();
    }
    return this.time.now - start;
  }

  /** Lets time pass until the promise has settled. */
  async settle<T>(promise: Promise<T>): Promise<T> {
    let over = false;
    const done = () => void (over = true);
    promise.then(done, done);
    await this.until(() => over);
    return await promise;
  }

  /**
   * Lets all promises settle that can, of chains that are not longer. A turn of the event loop
   * would take any, but Deno 2.4 has none that takes less than a millisecond.
   */
  async #turn(): Promise<void> {
    for (let i = 0; i < PROMISES; i++) await undefined;
  }

  async #next(): Promise<void> {
    await this.#turn();
    this.time.next();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.check = () => {};
    this.server.fault = () => undefined;
    const closed = Promise.all(this.processes.map((it) => it[Symbol.asyncDispose]()));
    await this.settle(closed).finally(() => this.time.restore());
  }
}
