import type { CalleeFrame, CallerFrame, Frame } from "../wire/frame.ts";
import type { Agreed, CalleeChannel, CallerChannel, Channel } from "./channel.ts";

/** One channel, as those see it who call over it, and those who are called. */
export interface BothWays {
  /** What is said by a caller, and what is heard by it. */
  readonly caller: CallerChannel;
  /** What is said by who is called, and what is heard by it. */
  readonly callee: CalleeChannel & Agreed;
}

const FROM_CALLEE: ReadonlySet<string> = new Set<CalleeFrame["t"]>([
  "done",
  "failed",
  "item",
  "unknown",
  "event",
  "drain",
]);

/** Gives each of the two the frames that are for it; takes the channel's `onFrame` for that. */
export function bothWays(channel: Channel<Frame, Frame> & Agreed): BothWays {
  const caller = new OneWay<CallerFrame, CalleeFrame>(channel);
  const callee = new OneWay<CalleeFrame, CallerFrame>(channel);
  channel.onFrame((frame) => {
    if (FROM_CALLEE.has(frame.t)) caller.take(frame as CalleeFrame);
    else callee.take(frame as CallerFrame);
  });
  return { caller, callee };
}

class OneWay<Out extends Frame, In extends Frame> implements Channel<Out, In>, Agreed {
  readonly #channel: Channel<Frame, Frame> & Agreed;
  #hear?: (frame: In) => void;
  #unheard: In[] = [];

  constructor(channel: Channel<Frame, Frame> & Agreed) {
    this.#channel = channel;
  }

  get peer(): Channel<Out, In>["peer"] {
    return this.#channel.peer;
  }

  get session(): string {
    return this.#channel.session;
  }

  get resumed(): boolean {
    return this.#channel.resumed;
  }

  get limits(): Agreed["limits"] {
    return this.#channel.limits;
  }

  get methods(): ReadonlySet<string> {
    return this.#channel.methods;
  }

  get draining(): boolean {
    return this.#channel.draining;
  }

  get queuedBytes(): number {
    return this.#channel.queuedBytes;
  }

  get ended(): Channel<Out, In>["ended"] {
    return this.#channel.ended;
  }

  send(frame: Out): void {
    this.#channel.send(frame);
  }

  writable(): Promise<void> {
    return this.#channel.writable();
  }

  close(reason?: Parameters<Channel<Out, In>["close"]>[0]): void {
    this.#channel.close(reason);
  }

  onFrame(hear: (frame: In) => void): void {
    this.#hear = hear;
    for (const frame of this.#unheard.splice(0)) hear(frame);
  }

  /** Takes a frame that has come. */
  take(frame: In): void {
    if (this.#hear) this.#hear(frame);
    else this.#unheard.push(frame);
  }
}
