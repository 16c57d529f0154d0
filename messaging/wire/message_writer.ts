/**
 * Makes messages of frames. What one tick says goes out as one message. A long frame goes out in
 * parts, one in each message, taking turns with other long frames, so that short frames never wait
 * for more than one part; as a rule, that is: behind a long frame stay those that only make sense
 * after it, such as the next item of the same stream.
 *
 * While the socket has much to do, frames wait here, where the urgent ones can still overtake them.
 */
import { quote } from "../../runtime/mod.ts";
import type { ControlFrame, Frame } from "./frame.ts";
import { READER_LIMITS } from "./message_reader.ts";
import { isLonger } from "./bounds.ts";

/** Where messages go. */
export interface TextSink {
  /** Takes a message, to be sent after those before it; nothing happens after its end. */
  send(message: string): void;
  /** Bytes that it has taken and not sent yet. */
  readonly queuedBytes: number;
  /** Resolves when it has little to send, or has ended. */
  drained(): Promise<void>;
}

/** UTF-16 units of a frame's JSON, beyond which it goes out in parts of that length. */
const PART_LENGTH = 64 * 1024;
/** Units of short frames in one message: with a part, less than a message may have (1 MiB). */
const MESSAGE_LENGTH = 128 * 1024;
/** Bytes that the socket may have to send; more would only stand before what is urgent. */
const SINK_BYTES = 256 * 1024;
/** Bytes that may wait before who sends is asked to. */
const HIGH_WATER_BYTES = 1024 * 1024;
/**
 * Turns of the microtask queue without a new frame, after which a message goes out: a handler that waits
 * for nothing takes a few to its next item or answer. They cost a hundredth of what a message costs.
 */
const QUIET_TURNS = 16;
/** Milliseconds that frames wait for others at most, as handlers may take their time in microtasks. */
const GATHER_MS = 0.5;

/** Frames that go out one after another, the first of them long. */
interface Lane {
  readonly key: number | string;
  readonly texts: string[];
  /** Where the next part of the first frame begins. */
  offset: number;
  /** Which long frame it is. */
  of: number;
}

/** See the module's text; one for each channel. */
export class MessageWriter {
  readonly #sink: TextSink;
  readonly #frameBytes: number;
  #urgent: string[] = [];
  #short: string[] = [];
  #shortFrom = 0;
  readonly #lanes = new Map<number | string, Lane>();
  /** The lanes that take turns: no more than a reader takes at once. */
  readonly #active: Lane[] = [];
  readonly #waiting: Lane[] = [];
  #turn = 0;
  #longFrames = 0;
  #queued = 0;
  #writers: (() => void)[] = [];
  #flushers: (() => void)[] = [];
  #scheduled = false;
  /** Turns since the last frame, and when the first one came. */
  #quietTurns = 0;
  #gatheringSince = 0;
  #draining = false;
  #closed = false;

  /** A writer of frames of at most `frameBytes`. */
  constructor(sink: TextSink, frameBytes: number) {
    this.#sink = sink;
    this.#frameBytes = frameBytes;
  }

  /** Bytes, or UTF-16 units where they have not been sent, that wait. */
  get queuedBytes(): number {
    return this.#queued + this.#sink.queuedBytes;
  }

  /**
   * Sends a frame in this tick's message.
   *
   * @throws {RangeError} when it is longer than a frame may be
   */
  send(frame: Frame): void {
    if (this.#closed) return;
    const text = JSON.stringify(frame);
    const isLong = text.length > PART_LENGTH;
    if (isLong && isLonger(text, this.#frameBytes)) {
      throw new RangeError(
        `Cannot send ${whatIsSent(frame)}: it has more than ${this.#frameBytes} bytes as JSON, ` +
          "which is as many as the other side takes",
      );
    }
    this.#queued += text.length;
    const key = isLong || this.#lanes.size > 0 ? this.#keyOf(frame) : undefined;
    const lane = key === undefined ? undefined : this.#lanes.get(key);
    if (lane) lane.texts.push(text);
    else if (isLong) this.#open(key!, text);
    else this.#short.push(text);
    this.#schedule();
  }

  /** Sends a frame of the channel's own, before all others. */
  sendUrgent(frame: ControlFrame): void {
    if (this.#closed) return;
    const text = JSON.stringify(frame);
    this.#queued += text.length;
    this.#urgent.push(text);
    this.#schedule();
  }

  /** Resolves when less waits than is good to have. */
  writable(): Promise<void> {
    if (this.#closed || this.queuedBytes <= HIGH_WATER_BYTES) return Promise.resolve();
    return new Promise((resolve) => {
      this.#writers.push(resolve);
      this.#schedule();
    });
  }

  /** Resolves when the socket has taken all that was sent, or it is closed. */
  flushed(): Promise<void> {
    if (this.#closed || !this.#hasMore()) return Promise.resolve();
    return new Promise((resolve) => this.#flushers.push(resolve));
  }

  /** Sends what is short, and a last frame if there is one; what is long is given up. */
  close(last?: ControlFrame): void {
    if (this.#closed) return;
    this.#clearLanes();
    if (last) {
      // who does not read would not get it anyway
      while (this.#hasMore() && this.#sink.queuedBytes <= SINK_BYTES) {
        this.#sink.send(this.#compose());
      }
      this.#sink.send(`[${JSON.stringify(last)}]`);
    }
    this.#closed = true;
    this.#urgent = [];
    this.#short = [];
    this.#queued = 0;
    for (const resolve of this.#flushers.splice(0)) resolve();
    this.#release();
  }

  /** Frames of one key keep their order, also when one of them is long. */
  #keyOf(frame: Frame): number | string {
    if (this.#lanes.has("resume")) return "resume"; // whatever follows is about what it names
    return "id" in frame ? frame.id : frame.t;
  }

  #open(key: number | string, text: string): void {
    const lane: Lane = { key, texts: [text], offset: 0, of: ++this.#longFrames };
    this.#lanes.set(key, lane);
    this.#waiting.push(lane);
    this.#activate();
  }

  #activate(): void {
    while (this.#active.length < READER_LIMITS.openParts && this.#waiting.length > 0) {
      this.#active.push(this.#waiting.shift()!);
    }
  }

  #schedule(): void {
    this.#quietTurns = 0;
    if (this.#scheduled || this.#draining) return;
    this.#scheduled = true;
    this.#gatheringSince = performance.now();
    queueMicrotask(this.#gather);
  }

  readonly #gather = (): void => {
    const isOver = ++this.#quietTurns >= QUIET_TURNS ||
      performance.now() - this.#gatheringSince > GATHER_MS;
    if (!isOver) return queueMicrotask(this.#gather);
    this.#scheduled = false;
    this.#flush();
  };

  #flush(): void {
    while (this.#hasMore()) {
      if (this.#sink.queuedBytes > SINK_BYTES) return this.#awaitSink();
      this.#sink.send(this.#compose());
    }
    for (const resolve of this.#flushers.splice(0)) resolve();
    if (this.#writers.length > 0) this.#awaitSink();
  }

  #hasMore(): boolean {
    return this.#urgent.length > 0 || this.#short.length > 0 || this.#active.length > 0;
  }

  #awaitSink(): void {
    if (this.queuedBytes <= HIGH_WATER_BYTES) this.#release();
    if (!this.#hasMore() && this.#writers.length === 0) return;
    this.#draining = true;
    this.#sink.drained().then(() => {
      this.#draining = false;
      this.#flush();
    });
  }

  #release(): void {
    const writers = this.#writers;
    this.#writers = [];
    for (const resolve of writers) resolve();
  }

  /** The next message. */
  #compose(): string {
    const texts = this.#urgent;
    this.#urgent = [];
    this.#takeShort(texts);
    let length = 0;
    for (const text of texts) length += text.length;
    this.#queued -= length;
    this.#takeLong(texts);
    return `[${texts.join(",")}]`;
  }

  #takeShort(texts: string[]): void {
    let length = 0;
    const short = this.#short;
    let i = this.#shortFrom;
    for (; i < short.length && length < MESSAGE_LENGTH; i++) {
      const text = short[i]!;
      length += text.length;
      texts.push(text);
    }
    if (i < short.length) this.#shortFrom = i;
    else if (i > 0) {
      this.#short = [];
      this.#shortFrom = 0;
    }
  }

  /** Takes one part of the lane whose turn it is, or short frames of it. */
  #takeLong(texts: string[]): void {
    if (this.#active.length === 0) return;
    this.#turn %= this.#active.length;
    const lane = this.#active[this.#turn]!;
    const [text = ""] = lane.texts;
    if (text.length > PART_LENGTH) this.#takePart(lane, text, texts);
    else {
      let length = 0;
      while (lane.texts.length > 0 && (length += lane.texts[0]!.length) <= PART_LENGTH) {
        const taken = lane.texts.shift()!;
        this.#queued -= taken.length;
        texts.push(taken);
      }
    }
    if (lane.texts.length > 0) {
      this.#turn++;
      return;
    }
    this.#active.splice(this.#turn, 1);
    this.#lanes.delete(lane.key);
    this.#activate();
  }

  #takePart(lane: Lane, text: string, texts: string[]): void {
    let end = lane.offset + PART_LENGTH;
    // a pair of surrogates stays together: not every JSON parser takes half of one
    if (end < text.length && isHighSurrogate(text.charCodeAt(end - 1))) end--;
    const isLast = end >= text.length;
    const piece = text.slice(lane.offset, end);
    texts.push(
      JSON.stringify({ t: "part", of: lane.of, text: piece, ...(isLast && { last: true }) }),
    );
    this.#queued -= piece.length;
    lane.offset = end;
    if (!isLast) return;
    lane.texts.shift();
    lane.offset = 0;
    lane.of = ++this.#longFrames;
  }

  #clearLanes(): void {
    this.#lanes.clear();
    this.#active.length = 0;
    this.#waiting.length = 0;
  }
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}

/** What a frame carries, as who has given it knows it. */
function whatIsSent(frame: Frame): string {
  if ("method" in frame) return `the input of ${quote(frame.method)}`;
  if (frame.t === "done") return "an output";
  if (frame.t === "item") return "an item of a stream";
  return frame.t === "event" ? "an event" : `a frame "${frame.t}"`;
}
