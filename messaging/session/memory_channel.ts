import type { CalleeFrame, CallerFrame } from "../wire/frame.ts";
import type { CalleeChannel, CallerChannel, Channel, ChannelEnd, Limits, Peer } from "./channel.ts";

/** Options of {@linkcode memoryChannels}. */
export interface MemoryChannelsOptions {
  /** The caller, as the callee sees it. @default a coordinator */
  caller?: Partial<Peer>;
  /** The callee, as the caller sees it. @default a worker */
  callee?: Partial<Peer>;
  /** @default "session" */
  session?: string;
  /** @default false */
  resumed?: boolean;
  /** @default 16 at once, 64 waiting, 1 MiB a frame */
  limits?: Partial<Limits>;
  /** Methods that both have. @default none */
  methods?: Iterable<string>;
  /** @default false */
  draining?: boolean;
  /** Milliseconds that the next frame takes. @default none: a frame arrives in a microtask */
  latency?: () => number;
  /** Hears each frame as it arrives, before the side that it is for; may `cut` instead. */
  onArrival?: (frame: CallerFrame | CalleeFrame) => void;
}

/** Two channels that are each other's other end. */
export interface MemoryChannels {
  readonly caller: CallerChannel;
  readonly callee: CalleeChannel;
  /** Breaks the connection: what is on its way is lost, and both ends are `broken`. */
  cut(): void;
}

/** A connection in memory, for tests: what crosses it has been JSON, and it can be cut at any frame. */
export function memoryChannels(options: MemoryChannelsOptions = {}): MemoryChannels {
  const { session = "session", resumed = false, draining = false } = options;
  const limits = { concurrency: 16, queue: 64, frameBytes: 2 ** 20, ...options.limits };
  const methods = new Set(options.methods);
  const coordinator: Peer = { role: "coordinator", name: "boss", instance: "boss-1" };
  const worker: Peer = { role: "worker", name: "w-1", instance: "w-1-1" };
  const caller = new MemoryChannel<CallerFrame, CalleeFrame>(
    { ...worker, ...options.callee },
    session,
    limits.frameBytes,
    options,
  );
  const callee = new MemoryChannel<CalleeFrame, CallerFrame>(
    { ...coordinator, ...options.caller },
    session,
    limits.frameBytes,
    options,
  );
  caller.other = callee;
  callee.other = caller;
  function cut(): void {
    for (const side of [caller, callee]) side.end({ code: "broken", message: "it was cut" });
  }
  return {
    caller: Object.assign(caller, { resumed, draining, limits, methods }),
    callee: Object.assign(callee, { resumed }),
    cut,
  };
}

class MemoryChannel<Out extends object, In extends object> implements Channel<Out, In> {
  readonly peer: Peer;
  readonly session: string;
  readonly ended: Promise<ChannelEnd>;
  /** The other end; set as soon as there is one. */
  other: MemoryChannel<In, Out> | undefined;
  readonly #end = Promise.withResolvers<ChannelEnd>();
  readonly #frameBytes: number;
  readonly #options: MemoryChannelsOptions;
  /** What is on its way: frames as JSON, or that this end was closed. */
  #sent: (string | ChannelEnd)[] = [];
  #moving = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #over = false;
  #hear: ((frame: In) => void) | undefined;
  #early: In[] = [];

  constructor(peer: Peer, session: string, frameBytes: number, options: MemoryChannelsOptions) {
    this.peer = peer;
    this.session = session;
    this.#frameBytes = frameBytes;
    this.#options = options;
    this.ended = this.#end.promise;
  }

  get queuedBytes(): number {
    return this.#sent.reduce(
      (sum, frame) => sum + (typeof frame === "string" ? frame.length : 0),
      0,
    );
  }

  async writable(): Promise<void> {
    // what is sent is taken at once
  }

  send(frame: Out): void {
    if (this.#over) return;
    const text = JSON.stringify(frame);
    if (text.length > this.#frameBytes) {
      throw new RangeError(
        `Cannot send a frame of ${text.length} bytes: the other side takes ${this.#frameBytes}`,
      );
    }
    this.#post(text);
  }

  onFrame(hear: (frame: In) => void): void {
    this.#hear = hear;
    for (const frame of this.#early.splice(0)) hear(frame);
  }

  close(
    reason: { code: "stopping" | "deposed" | "replaced" | "limit"; message: string } = {
      code: "stopping",
      message: "it was closed",
    },
  ): void {
    if (this.#over) return;
    this.#post(reason);
    this.#over = true;
    this.#end.resolve({ code: "closed", message: reason.message });
  }

  /** Ends this side; nothing that is on its way from here arrives. */
  end(end: ChannelEnd): void {
    clearTimeout(this.#timer);
    this.#over = true;
    this.#sent = [];
    this.#end.resolve(end);
  }

  #post(item: string | ChannelEnd): void {
    this.#sent.push(item);
    if (this.#moving) return;
    this.#moving = true;
    const { latency } = this.#options;
    if (latency === undefined) queueMicrotask(() => this.#moveAll());
    else this.#timer = setTimeout(() => this.#moveOne(), latency());
  }

  #moveAll(): void {
    // one after another, as `cut` may come between two
    for (let item = this.#sent.shift(); item !== undefined; item = this.#sent.shift()) {
      this.#arrive(item);
    }
    this.#moving = false;
  }

  #moveOne(): void {
    const item = this.#sent.shift();
    if (item !== undefined) this.#arrive(item);
    this.#moving = this.#sent.length > 0;
    if (this.#moving) this.#timer = setTimeout(() => this.#moveOne(), this.#options.latency?.());
  }

  #arrive(item: string | ChannelEnd): void {
    if (typeof item !== "string") this.other?.end(item);
    else this.other?.take(JSON.parse(item));
  }

  /** Takes a frame that has arrived. */
  take(frame: In): void {
    if (this.#over) return;
    this.#options.onArrival?.(frame as unknown as CallerFrame | CalleeFrame);
    if (this.#over) return;
    if (this.#hear === undefined) this.#early.push(frame);
    else this.#hear(frame);
  }
}
