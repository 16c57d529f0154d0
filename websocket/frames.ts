/** Frames of RFC 6455, as bytes. */

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
const MASK_BYTES = 4;

/** The bytes of a whole message in one frame; a client must give a random `mask` of 4 bytes. */
export function encodeFrame(opcode: number, payload: Uint8Array, mask?: Uint8Array): Uint8Array {
  const { length } = payload;
  const lengthBytes = length < LENGTH_16 ? 0 : length < 2 ** 16 ? 2 : 8;
  const start = 2 + lengthBytes + (mask ? MASK_BYTES : 0);
  const frame = new Uint8Array(start + length);
  const view = new DataView(frame.buffer);
  frame[0] = FINAL | opcode;
  const short = lengthBytes === 0 ? length : lengthBytes === 2 ? LENGTH_16 : LENGTH_64;
  frame[1] = (mask ? MASKED : 0) | short;
  if (lengthBytes === 2) view.setUint16(2, length);
  if (lengthBytes === 8) view.setBigUint64(2, BigInt(length));
  frame.set(payload, start);
  if (mask) {
    frame.set(mask, start - MASK_BYTES);
    unmask(frame.subarray(start), mask);
  }
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
    let offset = 0;
    for (;;) {
      const rest = all.subarray(offset);
      const found = this.#frame(rest);
      if (typeof found === "number") {
        this.#needed = found;
        this.#chunks = rest.length > 0 ? [rest] : [];
        this.#length = rest.length;
        return frames;
      }
      frames.push(found.frame);
      offset += found.size;
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

  /** The first frame, or how many bytes it needs at least. */
  #frame(bytes: Uint8Array): { frame: Frame; size: number } | number {
    if (bytes.length < 2) return 2;
    const [first = 0, second = 0] = bytes;
    if (first & RESERVED) throw new TypeError("a frame has reserved bits");
    const short = second & ~MASKED;
    const lengthBytes = short === LENGTH_16 ? 2 : short === LENGTH_64 ? 8 : 0;
    const start = 2 + lengthBytes + (second & MASKED ? MASK_BYTES : 0);
    if (bytes.length < start) return start;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const length = lengthBytes === 2
      ? view.getUint16(2)
      : lengthBytes === 8
      ? Number(view.getBigUint64(2))
      : short;
    if (length > this.#maxPayload) {
      throw new RangeError(`a frame has ${length} bytes, more than ${this.#maxPayload}`);
    }
    const size = start + length;
    if (bytes.length < size) return size;
    let payload = bytes.subarray(start, size);
    if (second & MASKED) {
      payload = payload.slice();
      unmask(payload, bytes.subarray(start - MASK_BYTES, start));
    }
    return { frame: { final: (first & FINAL) !== 0, opcode: first & 0x0f, payload }, size };
  }
}

/** Masks and unmasks in place. */
function unmask(bytes: Uint8Array, mask: Uint8Array): void {
  for (let i = 0; i < bytes.length; i++) bytes[i]! ^= mask[i & 3]!;
}
