/**
 * A process that uses primitives until SIGTERM, and writes into a file of its own what it asks and is
 * told, as its one argument, JSON, says. Loops run side by side: two use locks, and a bucket that is guarded
 * by them; one the registers of another bucket; one counters and a sequence.
 */
import { z } from "zod";
import {
  type KeyValue,
  Primitives,
  StaleTokenError,
  VersionMismatchError,
} from "../../../primitives/mod.ts";
import { anySignal } from "../../../runtime/mod.ts";
import {
  type CounterInput,
  type CounterOutput,
  type FencedRegisterInput,
  type FencedRegisterOutput,
  HistoryRecorder,
  type LockInput,
  type LockOutput,
  type RegisterInput,
  type RegisterOutput,
  seededRandom,
  type SequenceInput,
  type SequenceOutput,
} from "../../../testing/mod.ts";
import { BadClock } from "./bad_clock.ts";
import { BrokenLock } from "./broken_lock.ts";
import { type HeldLock, type Lock, lockOf } from "./lock.ts";
import { machineNow } from "./machine_now.ts";

/** What a client is told. */
export interface HistoryClientConfig {
  client: string;
  seed: number;
  namespace: string;
  kubeconfig: string;
  /** Where the files go: `<client>.<loop>.<history>.ndjson`. */
  dir: string;
  leaseDuration: number;
  /** How fast its clock runs. */
  rate: number;
  lock: "mutex" | "broken";
}

/** The histories that a client records. */
export type HistoryName = "lock" | "fenced" | "register" | "counter" | "sequence";

/** Milliseconds after which an answer is given up, by the client's own clock. */
const PATIENCE = 5_000;

/** Milliseconds for which the same registers and counters are used: a check takes one after another. */
const EPOCH = 30_000;

const REGISTERS = 3;

const LOCKS = 4;

/** The keys of this time. */
export function keyOf(kind: string, nth = 0): string {
  return `${kind}-${Math.floor(machineNow() / EPOCH)}-${nth}`;
}

type Recorder<I, O> = HistoryRecorder<I, O>;

class HistoryClient {
  readonly #config: HistoryClientConfig;
  readonly #primitives: Primitives;
  readonly #clock: BadClock;
  readonly #random: () => number;
  readonly #stop = new AbortController();
  #values = 0;

  constructor(config: HistoryClientConfig, primitives: Primitives, clock: BadClock) {
    this.#config = config;
    this.#primitives = primitives;
    this.#clock = clock;
    this.#random = seededRandom(config.seed);
  }

  stop(): void {
    this.#stop.abort();
  }

  async run(): Promise<void> {
    const loops = [this.#useLocks(1), this.#useLocks(2), this.#useRegisters()];
    if (this.#config.lock === "mutex") loops.push(this.#useCounters());
    await Promise.all(loops);
  }

  async #useLocks(loop: number): Promise<void> {
    const locks = this.#recorder<LockInput, LockOutput>("lock", loop);
    const fenced = this.#recorder<FencedRegisterInput, FencedRegisterOutput>("fenced", loop);
    const bucket = this.#primitives.keyValue("guarded", z.string());
    while (!this.#stop.signal.aborted) {
      const key = `lock-${Math.floor(this.#random() * LOCKS)}`;
      const acquiring = locks.start({ op: "acquire", key });
      const patience = anySignal([this.#stop.signal, AbortSignal.timeout(2 * PATIENCE)]);
      const held = await this.#lock(key).acquire({ signal: patience }).catch(() => undefined);
      if (held === undefined) {
        acquiring.failed(); // nobody has a token of it
        continue;
      }
      acquiring.returned({ token: held.token });
      const { token } = held;
      for (let steps = 1 + Math.floor(this.#random() * 4); steps > 0; steps--) {
        const checking = locks.start({ op: "check", key, token });
        checking.returned({ held: held.isHeld() });
        await this.#write(bucket, key, { held, fenced });
        if (this.#random() < 0.3) await this.#read(bucket, key, fenced);
        await this.#idle();
      }
      const releasing = locks.start({ op: "release", key, token });
      await held.release().then((held) => releasing.returned({ held }), () => {});
      await this.#idle();
    }
  }

  /** Writes whether it still holds the lock or not: that is what the fence is there for. */
  async #write(
    bucket: KeyValue<string>,
    key: string,
    { held, fenced }: {
      held: HeldLock;
      fenced: Recorder<FencedRegisterInput, FencedRegisterOutput>;
    },
  ): Promise<void> {
    const { token, fence } = held;
    const value = this.#value();
    const writing = fenced.start({ op: "put", key, value, token });
    try {
      await bucket.put(key, value, { timeout: PATIENCE, ...(fence && { fence }) });
      writing.returned({ accepted: true });
    } catch (error) {
      if (error instanceof StaleTokenError) writing.returned({ accepted: false });
    }
  }

  async #read(
    bucket: KeyValue<string>,
    key: string,
    fenced: Recorder<FencedRegisterInput, FencedRegisterOutput>,
  ): Promise<void> {
    const reading = fenced.start({ op: "get", key });
    try {
      const value = await bucket.get(key, { timeout: PATIENCE });
      reading.returned({ value: value ?? null });
    } catch {
      reading.failed();
    }
  }

  async #useRegisters(): Promise<void> {
    const recorder = this.#recorder<RegisterInput, RegisterOutput>("register");
    const bucket = this.#primitives.keyValue("registers", z.string());
    const versions = new Map<string, number | null>();
    while (!this.#stop.signal.aborted) {
      const key = keyOf("r", Math.floor(this.#random() * REGISTERS));
      const input = this.#registerInput(key, versions.get(key));
      const asking = recorder.start(input);
      try {
        const output = await ask(bucket, input);
        if (input.op === "get") versions.set(key, output.version ?? null);
        asking.returned(output);
      } catch {
        if (input.op === "get") asking.failed(); // of others the outcome is unknown
      }
      await this.#idle();
    }
  }

  #registerInput(key: string, version: number | null | undefined): RegisterInput {
    const kind = this.#random();
    if (kind < 0.4) return { op: "get", key };
    if (kind < 0.45) return { op: "delete", key };
    const value = this.#value();
    if (kind < 0.7) return { op: "put", key, value };
    if (kind < 0.85 || version === undefined) return { op: "update", key, value };
    return { op: "cas", key, version, value };
  }

  async #useCounters(): Promise<void> {
    const counts = this.#recorder<CounterInput, CounterOutput>("counter");
    const numbers = this.#recorder<SequenceInput, SequenceOutput>("sequence");
    const options = { timeout: PATIENCE };
    while (!this.#stop.signal.aborted) {
      const key = keyOf("hits");
      const counter = this.#primitives.counter(key);
      const kind = this.#random();
      if (kind < 0.5) {
        const adding = counts.start({ op: "add", key, by: 1 });
        await counter.add(1, options).then((value) => adding.returned({ value }), () => {});
      } else if (kind < 0.7) {
        const reading = counts.start({ op: "get", key });
        await counter.get(options)
          .then((value) => reading.returned({ value }), () => reading.failed());
      } else {
        const taking = numbers.start({ op: "next", key: "numbers" });
        await this.#primitives.sequence("numbers").next(options)
          .then((value) => taking.returned({ value }), () => taking.failed()); // it has no number then
      }
      await this.#idle();
    }
  }

  #lock(key: string): Lock {
    const { leaseDuration: duration, lock } = this.#config;
    if (lock === "mutex") return lockOf(this.#primitives.mutex(key), this.#clock);
    const schema = z.object({ holder: z.string(), until: z.number() });
    const bucket = this.#primitives.keyValue("broken", schema);
    return new BrokenLock({ bucket, key, clock: this.#clock, duration });
  }

  #recorder<I, O>(name: HistoryName, loop = 1): Recorder<I, O> {
    const { client, dir } = this.#config;
    const path = `${dir}/${client}.${loop}.${name}.ndjson`;
    const file = Deno.openSync(path, { create: true, append: true });
    const encoder = new TextEncoder();
    return new HistoryRecorder(`${client}.${loop}`, (line) => {
      file.writeSync(encoder.encode(`${line}\n`)); // at once: the process may be killed
    }, { now: machineNow });
  }

  /** One that is written once. */
  #value(): string {
    return `${this.#config.client}:${++this.#values}`;
  }

  async #idle(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, this.#random() * 30));
  }
}

/** Asks a bucket what is asked of a register. */
export async function ask(bucket: KeyValue<string>, input: RegisterInput): Promise<RegisterOutput> {
  const { key } = input;
  const options = { timeout: PATIENCE };
  switch (input.op) {
    case "get": {
      const entry = await bucket.entry(key, options);
      return entry ? { value: entry.value, version: entry.version } : { value: null };
    }
    case "delete":
      return { ok: await bucket.delete(key, options) };
    case "put":
      return { version: await bucket.put(key, String(input.value), options) };
    case "update": {
      let before: string | undefined;
      await bucket.update(key, (value) => {
        before = value;
        return String(input.value);
      }, options);
      return { value: before ?? null };
    }
    case "cas":
      try {
        const ifVersion = input.version ?? 0;
        return {
          ok: true,
          version: await bucket.put(key, String(input.value), { ...options, ifVersion }),
        };
      } catch (error) {
        if (error instanceof VersionMismatchError) return { ok: false };
        throw error;
      }
  }
}

if (import.meta.main) {
  const config = JSON.parse(Deno.args[0] ?? "{}") as HistoryClientConfig;
  const { client, seed, namespace, kubeconfig, leaseDuration, rate } = config;
  const clock = new BadClock(rate, seededRandom(seed + 1));
  const primitives = await Primitives.create({
    namespace,
    kubeconfig,
    identity: client,
    leaseDuration,
    clock,
    budget: { perSecond: 200, burst: 200 },
  });
  primitives.onError(() => {}); // there are many, on purpose
  const running = new HistoryClient(config, primitives, clock);
  Deno.addSignalListener("SIGTERM", () => running.stop());
  console.log("ready");
  await running.run();
  await primitives.close();
  console.log(`jumps ${clock.jumps}`);
  Deno.exit(0); // the listener would keep it alive
}
