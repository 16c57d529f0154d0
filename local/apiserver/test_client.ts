/** A small HTTP client for this room's tests. */
import type { ApiServer } from "./server.ts";

/** An answer: code, parsed body, headers. */
export interface Answer {
  readonly code: number;
  // deno-lint-ignore no-explicit-any
  readonly body: any;
  readonly headers: Headers;
}

/** Options of {@linkcode call}. */
export interface CallOptions {
  body?: unknown;
  headers?: Record<string, string>;
}

/** Sends a request such as `"GET /api/v1/pods"` and reads the whole answer. */
export async function call(
  server: ApiServer,
  request: string,
  options: CallOptions = {},
): Promise<Answer> {
  const [method = "GET", path = "/"] = request.split(" ");
  const { body } = options;
  const response = await fetch(server.url + path, {
    method,
    headers: { "content-type": "application/json", ...options.headers },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.startsWith("application/json");
  return {
    code: response.status,
    body: isJson ? JSON.parse(text) : text,
    headers: response.headers,
  };
}

/** A watch event. */
export interface Event {
  readonly type: string;
  // deno-lint-ignore no-explicit-any
  readonly object: any;
}

/** A watch that is read event by event. */
export class Watching implements AsyncDisposable {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();
  #rest = "";

  private constructor(body: ReadableStream<Uint8Array>) {
    this.#reader = body.getReader();
  }

  /** Starts a watch; resolves when the server has answered. */
  static async start(
    server: ApiServer,
    path: string,
    headers: Record<string, string> = {},
  ): Promise<Watching> {
    const response = await fetch(server.url + path, { headers });
    if (response.status !== 200) throw new Error(await response.text());
    return new Watching(response.body as ReadableStream<Uint8Array>);
  }

  /** The next event; undefined at the end. */
  async next(): Promise<Event | undefined> {
    for (;;) {
      const end = this.#rest.indexOf("\n");
      if (end >= 0) {
        const line = this.#rest.slice(0, end);
        this.#rest = this.#rest.slice(end + 1);
        return JSON.parse(line);
      }
      const { done, value } = await this.#reader.read();
      if (done) return undefined;
      this.#rest += this.#decoder.decode(value, { stream: true });
    }
  }

  /** The next events, as `"ADDED a"`. */
  async take(count: number): Promise<string[]> {
    const texts: string[] = [];
    while (texts.length < count) {
      const event = await this.next();
      if (!event) throw new Error(`Cannot read event ${texts.length + 1}: the watch has ended`);
      texts.push(`${event.type} ${event.object.metadata.name}`);
    }
    return texts;
  }

  /** Leaves. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader.cancel();
  }
}
