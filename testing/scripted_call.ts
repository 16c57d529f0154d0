import type { Framing, RecordedCall, ScriptedConnection } from "./scripted_connection.ts";

/** Which call is expected. */
export interface CallPattern {
  /**
   * The method.
   *
   * @default "GET"
   */
  method?: string;
  /** The path without the query: all of it, or what it must match. */
  path: string | RegExp;
  /**
   * Query parameters that must be there with that value, match, or (undefined) be absent;
   * others may be there.
   *
   * @default any
   */
  query?: Record<string, string | RegExp | undefined>;
  /**
   * Request headers, judged as `query` is.
   *
   * @default any
   */
  headers?: Record<string, string | RegExp | undefined>;
  /**
   * How many calls in a row it stands for; `Infinity` also allows none.
   *
   * @default 1
   */
  times?: number;
}

/**
 * One step of an answer.
 *
 * - `{ status, json }`: the whole answer; the connection can be used again
 * - `{ status }`: the head of an answer whose body follows, chunked or until the connection ends
 * - `{ line }`: a value as JSON and a line feed
 * - `{ bytes }`: bytes as they are
 * - `"pause"`: goes on when the test calls `release()`
 * - `"stall"`: nothing more, for ever; also what follows on a program that ends in mid-answer
 * - `"end"`: ends the body in good order
 * - `"half-close"`: sends no more (FIN) but goes on to receive
 * - `"cut"`: closes the connection where it stands
 */
export type ReplyStep =
  | { status: number; headers?: Record<string, string>; json: unknown }
  | { status: number; headers?: Record<string, string>; framing?: Framing }
  | { line: unknown }
  | { bytes: string | Uint8Array }
  | "pause"
  | "stall"
  | "end"
  | "half-close"
  | "cut";

/** An expected call, as the test steers it. */
export interface ScriptedCall {
  /** How often it was called. */
  readonly count: number;
  /** Resolves with the nth call when it came in; rejects when the script was violated. */
  called(nth?: number): Promise<RecordedCall>;
  /** Lets the program pass one `"pause"`, the present one or the next. */
  release(): void;
  /** Resolves when the client has closed the connection of the last call. */
  left(): Promise<void>;
}

/** One call of a script, and how far it has come. */
export class Expectation implements ScriptedCall {
  readonly #pattern: CallPattern;
  readonly #reply: readonly ReplyStep[];
  readonly #violated: Promise<never>;
  readonly #calls: RecordedCall[] = [];
  #arrived: PromiseWithResolvers<void> = Promise.withResolvers();
  #released = 0;
  #passed: PromiseWithResolvers<void> = Promise.withResolvers();
  #connection: ScriptedConnection | undefined;

  /** `violated` rejects when a call came that is not in the script. */
  constructor(pattern: CallPattern, reply: readonly ReplyStep[], violated: Promise<never>) {
    this.#pattern = pattern;
    this.#reply = reply;
    this.#violated = violated;
  }

  /** See {@linkcode ScriptedCall}. */
  get count(): number {
    return this.#calls.length;
  }

  /** See {@linkcode ScriptedCall}. */
  async called(nth = 1): Promise<RecordedCall> {
    for (;;) {
      const call = this.#calls[nth - 1];
      if (call) return call;
      await Promise.race([this.#arrived.promise, this.#violated]);
    }
  }

  /** See {@linkcode ScriptedCall}. */
  release(): void {
    this.#released++;
    this.#passed.resolve();
    this.#passed = Promise.withResolvers();
  }

  /** See {@linkcode ScriptedCall}. */
  async left(): Promise<void> {
    await this.called();
    await this.#connection?.left;
  }

  /** Whether it takes another call. */
  isOpen(): boolean {
    return this.#calls.length < (this.#pattern.times ?? 1);
  }

  /** Whether the script is not complete without another call. */
  isMissing(): boolean {
    const { times = 1 } = this.#pattern;
    return times !== Infinity && this.#calls.length < times;
  }

  /** Says why it is not that call; undefined when it is. */
  mismatch(call: RecordedCall): string | undefined {
    const { method = "GET", path, query = {}, headers = {} } = this.#pattern;
    if (call.method !== method) return `the method is ${call.method}`;
    if (!matches(call.path, path)) return `the path is ${call.path}`;
    for (const [name, wanted] of Object.entries(query)) {
      const given = call.query.get(name) ?? undefined;
      if (!matches(given, wanted)) return `the query has ${name}=${given ?? "(absent)"}`;
    }
    for (const [name, wanted] of Object.entries(headers)) {
      const given = call.headers.get(name) ?? undefined;
      if (!matches(given, wanted)) return `the header ${name} is ${given ?? "(absent)"}`;
    }
    return undefined;
  }

  /** Answers the call by the program; resolves when the connection is free or over. */
  async play(connection: ScriptedConnection, call: RecordedCall): Promise<void> {
    this.#connection = connection;
    this.#calls.push(call);
    this.#arrived.resolve();
    this.#arrived = Promise.withResolvers();
    for (const step of this.#reply) {
      if (step === "end") return await connection.end();
      if (step === "cut") return connection.close();
      if (step === "stall") break;
      if (step === "half-close") await connection.halfClose();
      else if (step === "pause") await Promise.race([this.#pass(), connection.left]);
      else if ("line" in step) await connection.piece(encode(`${JSON.stringify(step.line)}\n`));
      else if ("bytes" in step) await connection.piece(encode(step.bytes));
      else if ("json" in step) {
        const headers = { "content-type": "application/json", ...step.headers };
        return await connection.answer(step.status, headers, encode(JSON.stringify(step.json)));
      } else {
        await connection.begin(step.status, step.headers ?? {}, step.framing ?? "chunked");
      }
    }
    await connection.left;
  }

  /** The pattern, for a person. */
  toString(): string {
    const { method = "GET", path, query = {}, times = 1 } = this.#pattern;
    const parts = Object.entries(query).map(([name, wanted]) => `${name}=${wanted ?? "(absent)"}`);
    const suffix = parts.length > 0 ? ` with ${parts.join(", ")}` : "";
    return `${method} ${path}${suffix}${times === 1 ? "" : `, ${times} times`}`;
  }

  async #pass(): Promise<void> {
    while (this.#released === 0) await this.#passed.promise;
    this.#released--;
  }
}

function matches(given: string | undefined, wanted: string | RegExp | undefined): boolean {
  if (wanted instanceof RegExp) return given !== undefined && wanted.test(given);
  return given === wanted;
}

function encode(bytes: string | Uint8Array): Uint8Array {
  return typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
}
