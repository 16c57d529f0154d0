/** Masks of RFC 6455: what a client sends is XORed with four random bytes, again and again. */

/** Bytes of a mask. */
export const MASK_BYTES = 4;
/** Below this, looking for words costs more than it saves. */
const MIN_FOR_WORDS = 32;
/** One call for random bytes serves this many masks. */
const POOLED_MASKS = 1024;

/** A mask as an integer: its first byte is the one that comes first in memory. */
export type Mask = number;

const pool = new Int32Array(POOLED_MASKS);
let used = POOLED_MASKS;

/** A random mask that nobody can foresee. */
export function randomMask(): Mask {
  if (used === POOLED_MASKS) {
    crypto.getRandomValues(pool);
    used = 0;
  }
  return pool[used++]!;
}

const scratch = new Int32Array(1);
const scratchBytes = new Uint8Array(scratch.buffer);
/** A mask two times: from each of its bytes on, four bytes of it follow. */
const twice = new Int32Array(2);
const twiceBytes = new Uint8Array(twice.buffer);

/** The mask of these four bytes. */
export function readMask(bytes: Uint8Array, at: number): Mask {
  for (let i = 0; i < MASK_BYTES; i++) scratchBytes[i] = bytes[at + i]!;
  return scratch[0]!;
}

/** Writes a mask's four bytes. */
export function writeMask(bytes: Uint8Array, at: number, mask: Mask): void {
  scratch[0] = mask;
  for (let i = 0; i < MASK_BYTES; i++) bytes[at + i] = scratchBytes[i]!;
}

/**
 * Masks or unmasks `bytes` from `start` to `end` in place. Where the payload is aligned is up to the
 * frames before it, so the mask is turned to fit the words in memory.
 */
export function applyMask(
  bytes: Uint8Array,
  mask: Mask,
  { start, end }: { start: number; end: number },
): void {
  let i = start;
  if (end - start >= MIN_FOR_WORDS) {
    const ahead = (4 - ((bytes.byteOffset + start) & 3)) & 3;
    twice[0] = twice[1] = mask;
    for (; i < start + ahead; i++) bytes[i]! ^= twiceBytes[i - start]!;
    const turned = readMask(twiceBytes, ahead);
    const count = (end - i) >> 2;
    const words = new Int32Array(bytes.buffer, bytes.byteOffset + i, count);
    for (let word = 0; word < count; word++) words[word]! ^= turned;
    i += count * 4;
  }
  scratch[0] = mask;
  for (; i < end; i++) bytes[i]! ^= scratchBytes[(i - start) & 3]!;
}
