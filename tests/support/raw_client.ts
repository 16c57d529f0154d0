import { MESSAGES_PATH, SUBPROTOCOL } from "../../messaging/mod.ts";
import { type ClientSocket, dialWebSocket } from "../../websocket/mod.ts";

/** Says to a worker what it likes, in a session of messages or not. */
export class RawClient implements AsyncDisposable {
  /** All that it has said. */
  readonly said: string[] = [];
  readonly #socket: ClientSocket;

  private constructor(socket: ClientSocket) {
    this.#socket = socket;
  }

  /** Connects to `host:port`. */
  static async dial(address: string): Promise<RawClient> {
    const url = `ws://${address}${MESSAGES_PATH}`;
    return new RawClient(await dialWebSocket(url, { protocols: [SUBPROTOCOL] }));
  }

  /** Says that; whether it was heard tells the answer. */
  async say(message: string | object | Uint8Array): Promise<void> {
    const isObject = typeof message === "object" && !(message instanceof Uint8Array);
    const text = isObject ? JSON.stringify(message) : message as string | Uint8Array;
    if (typeof text === "string") this.said.push(text);
    await this.#socket.send(text).catch(() => {}); // it has hung up on us
  }

  /** The next answer; undefined once the worker has hung up. */
  async hear(): Promise<{ t?: string; code?: string; message?: string } | undefined> {
    const text = await this.#socket.receive().catch(() => undefined);
    return text === undefined ? undefined : JSON.parse(text as string);
  }

  /** Why the worker has hung up: what it said last of it, or undefined. */
  async refusal(): Promise<string | undefined> {
    let last: string | undefined;
    for (let answer = await this.hear(); answer; answer = await this.hear()) {
      const all = Array.isArray(answer) ? answer : [answer];
      for (const { t, code, message } of all) {
        if (t === "refused" || t === "bye") last = `${t} ${code}: ${message}`;
      }
    }
    return last;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#socket.close().catch(() => {});
  }
}
