import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { seededRandom } from "../testing/mod.ts";
import { encodeFrame, FrameDecoder, OPCODES } from "./frames.ts";

Deno.test("FrameDecoder.push() reads what encodeFrame() made, however it is cut", () => {
  const random = seededRandom(3);
  const sizes = [0, 1, 125, 126, 127, 65_535, 65_536, 70_000];
  for (const mask of [undefined, 0x12ab_34cd | 0]) {
    const payloads = sizes.map((size) => Uint8Array.from({ length: size }, (_, i) => i * 7));
    const frames = payloads.map((payload) => encodeFrame(OPCODES.binary, payload, mask));
    const bytes = new Uint8Array(frames.flatMap((frame) => [...frame]));
    for (const most of [1, 3, 1_000, bytes.length]) {
      const decoder = new FrameDecoder(100_000);
      const read = [];
      for (let start = 0; start < bytes.length;) {
        const size = most === 1 ? 1 : 1 + Math.floor(random() * most);
        read.push(...decoder.push(bytes.slice(start, start + size)));
        start += size;
      }
      deepStrictEqual(read.map(({ payload }) => payload.length), sizes);
      deepStrictEqual(read.map(({ payload }) => new Uint8Array(payload)), payloads);
      strictEqual(read.every(({ final, opcode }) => final && opcode === OPCODES.binary), true);
    }
  }
});

Deno.test("FrameDecoder.push() throws when a frame is too long, or none", () => {
  const long = encodeFrame(OPCODES.binary, new Uint8Array(101));
  throws(() => new FrameDecoder(100).push(long), RangeError);
  throws(() => new FrameDecoder(100).push(Uint8Array.of(0xc2, 0)), TypeError);
});
