import { type Frame, OPCODES } from "./frames.ts";

/** What one end tells the other: a string came as text, bytes as binary. */
export type Message = string | Uint8Array;

/** Puts the parts of messages together. */
export class MessageAssembler {
  readonly #maxMessage: number;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  /** Of the message that is not complete. */
  #opcode: number | undefined;
  #parts: Uint8Array[] = [];
  #length = 0;

  /** @param maxMessage Bytes that a message may have before `take` throws a RangeError. */
  constructor(maxMessage: number) {
    this.#maxMessage = maxMessage;
  }

  /** The message that a frame completes, if it does; throws a TypeError when it belongs to none. */
  take({ opcode, payload, final }: Frame): Message | undefined {
    if (opcode === OPCODES.continuation) {
      if (this.#opcode === undefined) throw new TypeError("a frame goes on with no message");
    } else {
      if (opcode !== OPCODES.text && opcode !== OPCODES.binary) {
        throw new TypeError(`a frame has the unknown opcode ${opcode}`);
      }
      if (this.#opcode !== undefined) throw new TypeError("a message begins within another");
      if (final) return this.#message(opcode, payload);
      this.#opcode = opcode;
    }
    this.#parts.push(payload);
    this.#length += payload.length;
    if (this.#length > this.#maxMessage) {
      throw new RangeError(`a message has more than ${this.#maxMessage} bytes`);
    }
    if (!final) return undefined;
    const whole = new Uint8Array(this.#length);
    let offset = 0;
    for (const part of this.#parts) {
      whole.set(part, offset);
      offset += part.length;
    }
    const message = this.#message(this.#opcode!, whole);
    this.#opcode = undefined;
    this.#parts = [];
    this.#length = 0;
    return message;
  }

  #message(opcode: number, payload: Uint8Array): Message {
    if (opcode === OPCODES.binary) return payload;
    try {
      return this.#decoder.decode(payload);
    } catch {
      throw new TypeError("a text message is not UTF-8");
    }
  }
}
