/** The wire format of protobuf: tags, varints and length-prefixed bytes. */

/** Reads one message's fields in order. */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Whether nothing is left. */
  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** The next field's number and wire type. */
  tag(): { number: number; wire: number } {
    const tag = this.varint();
    return { number: Math.floor(tag / 8), wire: tag % 8 };
  }

  /** An integer; negative ones are written with ten bytes. */
  varint(): number {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new RangeError("unexpected EOF");
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return Number(BigInt.asIntN(64, value));
    }
    throw new RangeError("integer overflow");
  }

  /** Bytes with their length before them. */
  bytes(): Uint8Array {
    const length = this.varint();
    const start = this.#at;
    if (length < 0 || start + length > this.#bytes.length) throw new RangeError("unexpected EOF");
    this.#at += length;
    return this.#bytes.subarray(start, this.#at);
  }

  /** A float of eight bytes. */
  double(): number {
    const value = this.#view.getFloat64(this.#at, true);
    this.#at += 8;
    return value;
  }

  /** Passes over a field that is not known. */
  skip(wire: number): void {
    if (wire === 0) this.varint();
    else if (wire === 1) this.#at += 8;
    else if (wire === 2) this.bytes();
    else if (wire === 5) this.#at += 4;
    else throw new RangeError(`illegal wireType ${wire}`);
  }
}
