/** Most lines that are kept. */
const LINES = 20;

/** Most characters that are kept, and the longest line: a longer one is told in pieces. */
const CHARACTERS = 4_096;

/** Hands on the lines of a text that comes in pieces, and keeps the last ones. */
export class Tail {
  readonly #onLine: (line: string) => unknown;
  readonly #decoder = new TextDecoder();
  readonly #lines: string[] = [];
  #rest = "";

  /** @param onLine gets each line when it is complete */
  constructor(onLine: (line: string) => unknown) {
    this.#onLine = onLine;
  }

  /** The last lines: at most 20, and at most 4,096 characters. */
  get text(): string {
    return this.#lines.join("\n").slice(-CHARACTERS);
  }

  /** Adds a piece. */
  add(chunk: Uint8Array): void {
    const lines = (this.#rest + this.#decoder.decode(chunk, { stream: true })).split("\n");
    this.#rest = lines.pop()!;
    for (const line of lines) this.#line(line.replace(/\r$/, ""));
    while (this.#rest.length > CHARACTERS) {
      this.#line(this.#rest.slice(0, CHARACTERS));
      this.#rest = this.#rest.slice(CHARACTERS);
    }
  }

  /** Nothing follows: what there is of a last line is one. */
  end(): void {
    const last = this.#rest + this.#decoder.decode();
    this.#rest = "";
    if (last !== "") this.#line(last);
  }

  #line(line: string): void {
    this.#lines.push(line.slice(0, CHARACTERS));
    if (this.#lines.length > LINES) this.#lines.shift();
    this.#onLine(line);
  }
}
