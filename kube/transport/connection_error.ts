/** No answer, or not a whole one, came from the API server. */
export class ConnectionError extends Error {
  /** Always `"ConnectionError"`. */
  override readonly name = "ConnectionError";
  /** Whether the server was silent for too long. */
  readonly timedOut: boolean;

  /** An error with this text. */
  constructor(message: string, options: ErrorOptions & { timedOut?: boolean } = {}) {
    super(message, options);
    this.timedOut = options.timedOut ?? false;
  }
}

/** What Deno says, without the URL, which the message names already. */
export function networkCause(error: unknown): string {
  const texts: string[] = [];
  for (let it = error; it instanceof Error; it = it.cause) texts.push(it.message);
  // the outermost often says no more than this
  const text = texts.find((it) => it !== "fetch failed") ?? String(error);
  return text
    .replace(/^error sending request(?: from \S+)? for (?:url \([^)]*\)|\S+ \([^)]*\)):? ?/, "")
    .replace(/^client error \(\w+\): /, "")
    .split("\n", 1)[0]!.trim() || "the connection broke";
}
