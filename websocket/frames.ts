/** Frames of RFC 6455, as bytes. */
import { applyMask, type Mask, MASK_BYTES, readMask, writeMask } from "./mask.ts";

/** What a frame can be. */
export const OPCODES = {
  continuation: 0,
  text: 1,
  binary: 2,
  close: 8,
  ping: 9,
  pong: 10,
} as const;

/** A frame. */
export interface Frame {
  /** Whether it is the last one of its message. */
  readonly final: boolean;
  /** One of {@linkcode OPCODES}. */
  readonly opcode: number;
  /** Unmasked; may be a view of what was pushed. */
  readonly payload: Uint8Array;
}

const FINAL = 0x80;
const MASKED = 0x80;
/** Reserved bits belong to extensions, and none was offered. */
const RESERVED = 0x70;
const LENGTH_16 = 126;
const LENGTH_64 = 127;
/** From this opcode on they are about the connection: never in parts, and short. */
const FIRST_CONTROL = 8;

/** Bytes before the payload of a frame with so many. */
export function headSize(length: number, masked: boolean): number {
  return 2 + (length < LENGTH_16 ? 0 : length < 2 ** 16 ? 2 : 8) + (masked ? MASK_BYTES : 0);
}

/** Writes the head of a frame that is a whole message; returns where its payload begins. */
export function writeHead(
  bytes: Uint8Array,
  at: number,
  frame: { opcode: number; length: number; mask?: Mask },
): number {
  const { opcode, length, mask } = frame;
  const masked = mask === undefined ? 0 : MASKED;
  bytes[at++] = FINAL | opcode;
  if (length < LENGTH_16) {
    bytes[at++] = masked | length;
  } else if (length < 2 ** 16) {
    bytes[at++] = masked | LENGTH_16;
    bytes[at++] = length >> 8;
    bytes[at++] = length & 0xff;
  } else {
    bytes[at++] = masked | LENGTH_64;
    new DataView(bytes.buffer, bytes.byteOffset).setBigUint64(at, BigInt(length));
    at += 8;
  }
  if (mask === undefined) return at;
  writeMask(bytes, at, mask);
  return at + MASK_BYTES;
}

/** The bytes of a whole message in one frame; a client must give a random `mask`. */
export function encodeFrame(opcode: number, payload: Uint8Array, mask?: Mask): Uint8Array {
  const { length } = payload;
  const frame = new Uint8Array(headSize(length, mask !== undefined) + length);
  const start = writeHead(frame, 0, { opcode, length, mask });
  frame.set(payload, start);
  if (mask !== undefined) applyMask(frame, mask, { start, end: frame.length });
  return frame;
}

/** Puts bytes together to frames, however they are cut. */
export class FrameDecoder {
  readonly #maxPayload: number;
  #chunks: Uint8Array[] = [];
  #length = 0;
  /** With fewer bytes there is nothing to do. */
  #needed = 2;

  /** @param maxPayload Bytes that a frame may have before `push` throws a RangeError. */
  constructor(maxPayload: number) {
    this.#maxPayload = maxPayload;
  }

  /** The frames that `bytes` complete; throws when they are none. */
  push(bytes: Uint8Array): Frame[] {
    this.#chunks.push(bytes);
    this.#length += bytes.length;
    if (this.#length < this.#needed) return [];
    const all = this.#joined();
    const frames: Frame[] = [];
    for (let at = 0;;) {
      const found = this.#frame(all, at);
      if (typeof found === "number") {
        const rest = all.subarray(at);
        this.#needed = found;
        this.#chunks = rest.length > 0 ? [rest] : [];
        this.#length = rest.length;
        return frames;
      }
      frames.push(found.frame);
      at = found.end;
    }
  }

  #joined(): Uint8Array {
    if (this.#chunks.length === 1) return this.#chunks[0]!;
    const all = new Uint8Array(this.#length);
    let offset = 0;
    for (const chunk of this.#chunks) {
      all.set(chunk, offset);
      offset += chunk.length;
    }
    return all;
  }

  /** The frame that begins there, or how many bytes it needs at least. */
  #frame(bytes: Uint8Array, at: number): { frame: Frame; end: number } | number {
    const there = bytes.length - at;
    if (there < 2) return 2;
    const first = bytes[at]!;
    const second = bytes[at + 1]!;
    if (first & RESERVED) throw new TypeError("a frame has reserved bits");
    const opcode = first & 0x0f;
    const final = (first & FINAL) !== 0;
    const masked = (second & MASKED) !== 0;
    const short = second & ~MASKED;
    if (opcode >= FIRST_CONTROL && (!final || short >= LENGTH_16)) {
      throw new TypeError(`a frame of opcode ${opcode} is long or in parts`);
    }
    const lengthBytes = short === LENGTH_16 ? 2 : short === LENGTH_64 ? 8 : 0;
    const head = 2 + lengthBytes + (masked ? MASK_BYTES : 0);
    if (there < head) return head;
    let length = short;
    if (lengthBytes === 2) length = bytes[at + 2]! << 8 | bytes[at + 3]!;
    else if (lengthBytes === 8) {
      length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(at + 2));
    }
    if (length > this.#maxPayload) {
      throw new RangeError(`a frame has ${length} bytes, more than ${this.#maxPayload}`);
    }
    if (there < head + length) return head + length;
    const start = at + head;
    const end = start + length;
    let payload = bytes.subarray(start, end);
    if (masked) {
      payload = payload.slice();
      applyMask(payload, readMask(bytes, start - MASK_BYTES), { start: 0, end: length });
    }
    return { frame: { final, opcode, payload }, end };
  }
}
