import { headSize, writeHead } from "./frames.ts";
import { applyMask, randomMask } from "./mask.ts";

const FIRST_BYTES = 4 * 1024;
/** A buffer that had to grow beyond this is not kept. */
const KEPT_BYTES = 64 * 1024;
/** Texts of up to so many code units are encoded in place. */
const SHORT_TEXT = 4 * 1024;
/** UTF-8 needs no more for a UTF-16 code unit. */
const BYTES_PER_UNIT = 3;
const encoder = new TextEncoder();

/** Frames of a client, encoded and masked where they wait to be written. */
export class FrameBuffer {
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(FIRST_BYTES);
  #length = 0;

  /** How many bytes wait. */
  get length(): number {
    return this.#length;
  }

  /** What waits; valid until `clear()`. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Forgets what waited. */
  clear(): void {
    this.#length = 0;
    if (this.#bytes.length > KEPT_BYTES) this.#bytes = new Uint8Array(FIRST_BYTES);
  }

  /** Adds a message. */
  push(opcode: number, payload: Uint8Array | string): void {
    if (typeof payload !== "string") this.#pushBytes(opcode, payload);
    else if (payload.length > SHORT_TEXT) this.#pushBytes(opcode, encoder.encode(payload));
    else this.#pushText(opcode, payload);
  }

  #pushBytes(opcode: number, payload: Uint8Array): void {
    const { length } = payload;
    this.#reserve(headSize(length, true) + length);
    const mask = randomMask();
    const start = writeHead(this.#bytes, this.#length, { opcode, length, mask });
    const end = start + length;
    this.#bytes.set(payload, start);
    applyMask(this.#bytes, mask, { start, end });
    this.#length = end;
  }

  /** Where the text goes depends on its length in bytes; most have one byte a code unit. */
  #pushText(opcode: number, text: string): void {
    const most = text.length * BYTES_PER_UNIT;
    this.#reserve(headSize(most, true) + most);
    const bytes = this.#bytes;
    const guess = this.#length + headSize(text.length, true);
    const length = encoder.encodeInto(text, bytes.subarray(guess)).written;
    const mask = randomMask();
    const start = this.#length + headSize(length, true);
    if (start !== guess) bytes.copyWithin(start, guess, guess + length);
    writeHead(bytes, this.#length, { opcode, length, mask });
    applyMask(bytes, mask, { start, end: start + length });
    this.#length = start + length;
  }

  #reserve(size: number): void {
    const needed = this.#length + size;
    if (needed <= this.#bytes.length) return;
    const bytes = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    bytes.set(this.bytes);
    this.#bytes = bytes;
  }
}
