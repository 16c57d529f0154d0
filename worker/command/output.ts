import type { Json } from "../../messaging/mod.ts";

/** What a program wrote, up to a bound. */
export class Output {
  readonly #max: number;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;

  /** @param max most bytes that are kept */
  constructor(max: number) {
    this.#max = max;
  }

  /** Adds a piece; false if it is too much, and nothing is kept any more. */
  add(chunk: Uint8Array): boolean {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#max) {
      this.#chunks.length = 0;
      return false;
    }
    this.#chunks.push(chunk);
    return true;
  }

  /** Takes what was added, as text. */
  take(): string {
    const decoder = new TextDecoder();
    const text = this.#chunks.splice(0).map((chunk) => decoder.decode(chunk, { stream: true }));
    this.#bytes = 0;
    return text.join("") + decoder.decode();
  }
}

/** What a text says as a result: its JSON; the text itself, trimmed, if it is none; `null` if it is empty. */
export function resultOf(text: string): Json {
  const trimmed = text.trim();
  if (trimmed === "") return null;
  try {
    return JSON.parse(trimmed);
  } catch {
    return trimmed;
  }
}
