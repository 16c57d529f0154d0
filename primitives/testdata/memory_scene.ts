import { FakeTime } from "@std/testing/time";
import { MemoryApi } from "./memory_api.ts";
import { MemoryProcess, type MemoryProcessOptions } from "./memory_process.ts";

/** How often nothing may be due, while streams are read. */
const MAX_IDLE = 100;

/** A server and processes in virtual time. */
export class MemoryScene implements AsyncDisposable {
  readonly api: MemoryApi = new MemoryApi();
  readonly time: FakeTime = new FakeTime();
  readonly processes: MemoryProcess[] = [];

  /** Starts a process. */
  async start(
    name: string,
    options: Partial<MemoryProcessOptions> = {},
  ): Promise<MemoryProcess> {
    const process = await MemoryProcess.start({ name, api: this.api, ...options });
    this.processes.push(process);
    return process;
  }

  /** Starts so many. */
  async startAll(n: number, options: Partial<MemoryProcessOptions> = {}): Promise<MemoryProcess[]> {
    return await Promise.all(
      Array.from({ length: n }, (_, i) => this.start(`process-${i}`, options)),
    );
  }

  /** Lets that much time pass. */
  async pass(ms: number): Promise<void> {
    let over = false;
    setTimeout(() => over = true, ms);
    await this.until(() => over, ms);
  }

  /** Lets time pass until the condition holds; returns how much passed. */
  async until(condition: () => boolean, limit = 60_000): Promise<number> {
    const start = this.time.now;
    await this.time.runMicrotasks();
    for (let idle = 0; !condition();) {
      if (this.time.now - start > limit) throw new Error(`It did not happen within ${limit} ms`);
      idle = await this.time.nextAsync() ? 0 : idle + 1;
      if (idle > MAX_IDLE) throw new Error("It does not happen: nothing is due");
      await this.time.runMicrotasks();
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

  async [Symbol.asyncDispose](): Promise<void> {
    this.api.fault = () => undefined;
    const closed = Promise.all(this.processes.map((it) => it[Symbol.asyncDispose]()));
    await this.settle(closed).finally(() => this.time.restore());
  }
}
