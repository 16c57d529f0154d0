/**
 * Makes frames of the messages of a peer that is not trusted with more than its share: of bytes, of
 * depth, of frames a second, and of long frames that it begins and does not end.
 */
import { checkFrame, type Hears } from "./check_frame.ts";
import type { ControlFrame, Frame, Json, PartFrame } from "./frame.ts";
import { isDeeper, isLonger } from "./bounds.ts";
import { TokenBucket } from "./token_bucket.ts";
import { WireError } from "./wire_error.ts";

/** What a peer may send. */
export interface ReaderLimits {
  /** Bytes of a message. @default 1 MiB */
  messageBytes?: number;
  /** Bytes of a frame, put together from its parts. @default 16 MiB */
  frameBytes?: number;
  /** Long frames whose parts come mixed. @default 4 */
  openParts?: number;
  /** Lists and objects within each other, those of the message and the frame included. @default 128 */
  depth?: number;
  /** Frames a second, over long. @default 200_000 */
  framesPerSecond?: number;
  /** Frames at once. @default 200_000 */
  framesBurst?: number;
}

/** The limits that hold if nothing else is said; see {@linkcode ReaderLimits}. */
export const READER_LIMITS: Required<ReaderLimits> = {
  messageBytes: 1024 * 1024,
  frameBytes: 16 * 1024 * 1024,
  openParts: 4,
  depth: 128,
  framesPerSecond: 200_000,
  framesBurst: 200_000,
};

/** The pieces that have come of a long frame. */
interface OpenFrame {
  readonly texts: string[];
  length: number;
}

/** See the module's text; one for each channel. */
export class MessageReader {
  readonly #hears: Hears;
  readonly #limits: Required<ReaderLimits>;
  readonly #bucket: TokenBucket;
  readonly #open = new Map<number, OpenFrame>();

  /** A reader of what the side `hears` says. */
  constructor(hears: Hears, limits: ReaderLimits = {}) {
    this.#hears = hears;
    this.#limits = { ...READER_LIMITS, ...limits };
    const { framesPerSecond, framesBurst } = this.#limits;
    this.#bucket = new TokenBucket({ rate: framesPerSecond, burst: framesBurst });
  }

  /**
   * The frames of a message, and the long frames that it completes, in order. `now` is in milliseconds
   * of any monotonic clock.
   *
   * @throws {WireError} when the message, or anything in it, is not what may be sent; the reader is not
   *   used after that
   */
  read(message: string, now: number): (Frame | ControlFrame)[] {
    const { messageBytes, depth, framesPerSecond } = this.#limits;
    if (isLonger(message, messageBytes)) {
      throw new WireError("limit", `a message has more than ${messageBytes} bytes`);
    }
    const frames = parsed(message, depth);
    if (!Array.isArray(frames)) throw new WireError("protocol", "a message is no JSON array");
    if (!this.#bucket.take(frames.length, now)) {
      throw new WireError("limit", `more than ${framesPerSecond} frames come in a second`);
    }
    let parts = false;
    for (const frame of frames) {
      checkFrame(frame, this.#hears);
      if (frame.t === "part") parts = true;
    }
    const checked = frames as unknown as (Frame | ControlFrame | PartFrame)[];
    return parts ? this.#joined(checked) : checked as (Frame | ControlFrame)[];
  }

  #joined(frames: readonly (Frame | ControlFrame | PartFrame)[]): (Frame | ControlFrame)[] {
    const joined: (Frame | ControlFrame)[] = [];
    for (const frame of frames) {
      const whole = frame.t === "part" ? this.#add(frame) : frame;
      if (whole) joined.push(whole);
    }
    return joined;
  }

  /** The long frame that a part completes, if it does. */
  #add({ of, text, last }: PartFrame): Frame | ControlFrame | undefined {
    const { frameBytes, openParts, depth } = this.#limits;
    let open = this.#open.get(of);
    if (!open) {
      if (this.#open.size >= openParts) {
        throw new WireError("limit", `more than ${openParts} long frames come at once`);
      }
      this.#open.set(of, open = { texts: [], length: 0 });
    }
    open.texts.push(text);
    open.length += text.length;
    if (open.length > frameBytes) tooLong(frameBytes);
    if (!last) {
      // pieces of nothing would be kept for ever, and count for nothing
      if (text === "") throw new WireError("protocol", "a part is empty and not the last");
      return undefined;
    }
    this.#open.delete(of);
    const whole = open.texts.join("");
    if (isLonger(whole, frameBytes)) tooLong(frameBytes);
    const frame = parsed(whole, depth - 1);
    checkFrame(frame, this.#hears);
    if (frame.t === "part") throw new WireError("protocol", "a part of a part came");
    return frame;
  }
}

function tooLong(frameBytes: number): never {
  throw new WireError("limit", `a frame has more than ${frameBytes} bytes`);
}

function parsed(text: string, depth: number): Json {
  let value: Json;
  try {
    value = JSON.parse(text);
  } catch {
    throw new WireError("protocol", "a message is no JSON");
  }
  if (text.length > 2 * depth && isDeeper(value, depth)) { // each level has two brackets
    throw new WireError("limit", `more than ${depth} lists and objects are within each other`);
  }
  return value;
}
