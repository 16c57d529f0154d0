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
import {
  type CallPattern,
  Expectation,
  type ReplyStep,
  type ScriptedCall,
} from "./scripted_call.ts";
import { type RecordedCall, ScriptedConnection } from "./scripted_connection.ts";

export type { CallPattern, ReplyStep, ScriptedCall } from "./scripted_call.ts";
export type { Framing, RecordedCall } from "./scripted_connection.ts";

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
