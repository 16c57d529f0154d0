import { setImmediate } from "node:timers";
import { FakeTime } from "@std/testing/time";
import { ObjectServer } from "./object_server.ts";
import { SimulatedProcess, type SimulatedProcessOptions } from "./simulated_process.ts";

/** A server and processes in virtual time. */
export class VirtualScene implements AsyncDisposable {
  readonly server: ObjectServer = new ObjectServer();
  readonly time: FakeTime = new FakeTime();
  readonly processes: SimulatedProcess[] = [];
  /** Called after everything that happens. */
  check: () => void = () => {};

  /** Starts a process. */
  process(name: string, options: Partial<SimulatedProcessOptions> = {}): SimulatedProcess {
    const process = new SimulatedProcess({ name, server: this.server, ...options });
    this.processes.push(process);
    return process;
  }

  /** Lets that much time pass. */
  async pass(ms: number): Promise<void> {
    let over = false;
    setTimeout(() => over = true, ms);
    await this.until(() => over, Infinity);
  }

  /** Lets time pass until the condition holds; returns how much passed. */
  async until(condition: () => boolean, limit = 60_000): Promise<number> {
    const start = this.time.now;
    await this.#settled();
    while (!condition()) {
      if (this.time.now - start > limit) throw new Error(`It did not happen within ${limit} ms`);
      this.time.next();
      await this.#settled();
    }
    return this.time.now - start;
  }

  /** Lets time pass until the promise has settled. */
  async settle<T>(promise: Promise<T>, limit?: number): Promise<T> {
    let over = false;
    const done = () => void (over = true);
    promise.then(done, done);
    await this.until(() => over, limit);
    return await promise;
  }

  /** Ends the faults, and all processes that live. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.check = () => {};
    this.server.fault = () => undefined;
    const closed = Promise.all(this.processes.map((it) => it.close()));
    await this.settle(closed).finally(() => this.time.restore());
  }

  async #settled(): Promise<void> {
    // all that follows from what happened; unlike FakeTime's runMicrotasks() this waits for no timer of the system
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.check();
  }
}
