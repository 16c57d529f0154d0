/**
 * A scripted HTTP server for tests of protocol faults: it expects certain calls in a certain
 * order and answers each by a program that can pause until the test says go on, stall for
 * ever, end one half of the connection, or cut it at any byte. Nothing in it waits for time.
 *
 * ```ts
 * import { ScriptedServer } from "@troupe/troupe/testing";
 *
 * await using server = ScriptedServer.start();
 * const hello = server.expect({ path: "/hello" }, [
 *   { status: 200 },
 *   { line: { say: "hello" } },
 *   "pause",
 *   { bytes: '{"say":"goo' },
 *   "cut",
 * ]);
 * const response = await fetch(`${server.url}/hello`);
 * const reader = response.body!.getReader();
 * await reader.read(); // {"say":"hello"}
 * hello.release();
 * await reader.read().catch(() => "it was cut");
 * await reader.cancel().catch(() => {});
 * ```
 *
 * @module
 */
import { type Framing, type RecordedCall, ScriptedConnection } from "./scripted_connection.ts";

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

/** Options of {@linkcode ScriptedServer.start}. */
export interface ScriptedServerOptions {
  /**
   * Whether calls may come in any order: each is answered by the first pattern that fits.
   *
   * @default false
   */
  anyOrder?: boolean;
}

/** Answers expected calls as a script says, and fails the test on any other. */
export class ScriptedServer implements AsyncDisposable {
  /** Every call that came in, in order. */
  readonly calls: RecordedCall[] = [];
  readonly #listener: Deno.TcpListener;
  readonly #anyOrder: boolean;
  readonly #script: Expectation[] = [];
  readonly #connections: Set<ScriptedConnection> = new Set();
  readonly #violated: PromiseWithResolvers<never> = Promise.withResolvers();
  readonly #work: Promise<void>;
  #accepted = 0;
  #violation: Error | undefined;

  private constructor(options: ScriptedServerOptions) {
    this.#anyOrder = options.anyOrder ?? false;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#violated.promise.catch(() => {}); // told by verify() too
    this.#work = this.#accept();
  }

  /** Listens on a free port of the loopback address. */
  static start(options: ScriptedServerOptions = {}): ScriptedServer {
    return new ScriptedServer(options);
  }

  /** Where it listens, such as `http://127.0.0.1:41234`. */
  get url(): string {
    return `http://127.0.0.1:${this.#listener.addr.port}`;
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Adds a call to the end of the script. */
  expect(pattern: CallPattern, reply: readonly ReplyStep[]): ScriptedCall {
    const expectation = new Expectation(pattern, reply, this.#violated.promise);
    this.#script.push(expectation);
    return expectation;
  }

  /**
   * Checks that every expected call came, and no other.
   *
   * @throws {Error} Saying which call was not expected, and what was instead.
   */
  verify(): void {
    if (this.#violation) throw this.#violation;
    const missing = this.#script.filter((expectation) => expectation.isMissing());
    if (missing.length === 0) return;
    const lines = missing.map((expectation) => `  ${expectation}`);
    throw new Error(`Cannot finish the script: these calls did not come\n${lines.join("\n")}`);
  }

  /** Cuts every connection and stops listening; checks nothing. */
  async close(): Promise<void> {
    try {
      this.#listener.close();
    } catch { /* closed already */ }
    for (const connection of this.#connections) connection.close();
    await this.#work;
  }

  /**
   * Closes, and throws if a call came that was not expected. For calls that did not come, end
   * the test with {@linkcode ScriptedServer.verify}: thrown here, that would hide the failed
   * assertion which made the test end early.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    if (this.#violation) throw this.#violation;
  }

  async #accept(): Promise<void> {
    const serving: Promise<void>[] = [];
    for (;;) {
      const conn = await this.#listener.accept().catch(() => undefined);
      if (!conn) break;
      const connection = new ScriptedConnection(conn, ++this.#accepted);
      this.#connections.add(connection);
      serving.push(this.#serve(connection));
    }
    await Promise.all(serving);
  }

  async #serve(connection: ScriptedConnection): Promise<void> {
    for (let call = await connection.request(); call; call = await connection.request()) {
      this.calls.push(call);
      const expectation = this.#match(call);
      if (expectation) await expectation.play(connection, call);
      else await connection.answer(500, {}, new TextEncoder().encode(this.#violation?.message));
    }
    connection.close();
    await connection.left;
    this.#connections.delete(connection);
  }

  #match(call: RecordedCall): Expectation | undefined {
    const open = this.#script.filter((expectation) => expectation.isOpen());
    // In order, the next one counts, and those after it only if it need not come (again).
    let candidates = open;
    if (!this.#anyOrder) {
      const must = open.findIndex((expectation) => expectation.isMissing());
      candidates = must < 0 ? open : open.slice(0, must + 1);
    }
    const found = candidates.find((expectation) => expectation.mismatch(call) === undefined);
    if (!found) this.#violate(call, candidates);
    return found;
  }

  #violate(call: RecordedCall, candidates: Expectation[]): void {
    const lines = candidates.map((expectation) =>
      `  expected ${expectation}\n    but ${expectation.mismatch(call)}`
    );
    if (lines.length === 0) lines.push("  expected no further call");
    const query = call.query.size > 0 ? `?${decodeURIComponent(call.query.toString())}` : "";
    this.#violation ??= new Error(
      `Cannot answer call ${this.calls.length}, ${call.method} ${call.path}${query}: ` +
        `it is not in the script\n${lines.join("\n")}`,
    );
    this.#violated.reject(this.#violation);
  }
}

/** One line of the script. */
class Expectation implements ScriptedCall {
  readonly #pattern: CallPattern;
  readonly #reply: readonly ReplyStep[];
  readonly #violated: Promise<never>;
  readonly #calls: RecordedCall[] = [];
  #arrived: PromiseWithResolvers<void> = Promise.withResolvers();
  #released = 0;
  #passed: PromiseWithResolvers<void> = Promise.withResolvers();
  #connection: ScriptedConnection | undefined;

  constructor(pattern: CallPattern, reply: readonly ReplyStep[], violated: Promise<never>) {
    this.#pattern = pattern;
    this.#reply = reply;
    this.#violated = violated;
  }

  get count(): number {
    return this.#calls.length;
  }

  async called(nth = 1): Promise<RecordedCall> {
    for (;;) {
      const call = this.#calls[nth - 1];
      if (call) return call;
      await Promise.race([this.#arrived.promise, this.#violated]);
    }
  }

  release(): void {
    this.#released++;
    this.#passed.resolve();
    this.#passed = Promise.withResolvers();
  }

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
