import { setImmediate } from "node:timers";
import { FakeTime } from "@std/testing/time";
import { ObjectServer } from "./object_server.ts";
import { SimulatedProcess, type SimulatedProcessOptions } from "./simulated_process.ts";

/** How often nothing may be due, while what has no timer happens. */
const MAX_IDLE = 100;

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

  /** Starts so many, named `process-0` and so on. */
  team(n: number, options: Partial<SimulatedProcessOptions> = {}): SimulatedProcess[] {
    return Array.from({ length: n }, (_, i) => this.process(`process-${i}`, options));
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
    for (let idle = 0; !condition();) {
      if (this.time.now - start > limit) throw new Error(`It did not happen within ${limit} ms`);
      idle = this.time.next() ? 0 : idle + 1;
      if (idle > MAX_IDLE) throw new Error("It does not happen: nothing is due");
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
