/** A plain client of a real API server, for tests that compare ours with it. */

import { Agent, request } from "node:https";
import { parse } from "yaml";
import type { JsonObject } from "../../schema/mod.ts";

/** The environment variable that names the kubeconfig of the real API server. */
export const KUBECONFIG_VARIABLE = "TROUPE_TEST_KUBECONFIG";

/** An answer of the API server. */
export interface Answer {
  code: number;
  body: JsonObject;
}

/** Talks to the API server of a kubeconfig's current context. */
export class RealServer implements Disposable {
  readonly #server: string;
  readonly #headers: Record<string, string>;
  // The certificate is not checked: test servers sign their own, which not all Denos take.
  readonly #agent: Agent;

  constructor(kubeconfig: string) {
    const config = parse(Deno.readTextFileSync(kubeconfig));
    const named = (list: JsonObject[], name: string) => list.find((item) => item.name === name)!;
    const { context } = named(config.contexts, config["current-context"]);
    const { cluster } = named(config.clusters, context.cluster);
    const { user } = named(config.users, context.user);
    this.#server = cluster.server;
    this.#headers = user.token ? { authorization: `Bearer ${user.token}` } : {};
    this.#agent = new Agent({
      rejectUnauthorized: false,
      ...(user["client-certificate-data"]
        ? { cert: atob(user["client-certificate-data"]), key: atob(user["client-key-data"]) }
        : {}),
    });
  }

  /** Sends one request; `type` is the body's media type. */
  async request(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const headers: Record<string, string> = {
      ...this.#headers,
      accept: options.accept ?? "application/json",
    };
    if (options.body !== undefined) headers["content-type"] = options.type ?? "application/json";
    return await new Promise((resolve, reject) => {
      const call = request(
        this.#server + path,
        { method, headers, agent: this.#agent },
        (answer) => {
          const chunks: Uint8Array[] = [];
          answer.on("data", (chunk: Uint8Array) => chunks.push(chunk));
          answer.on("error", reject);
          answer.on("end", async () => {
            const text = await new Response(new Blob(chunks as BlobPart[])).text();
            resolve({ code: answer.statusCode ?? 0, body: JSON.parse(text) });
          });
        },
      );
      call.on("error", reject);
      call.end(options.body === undefined ? undefined : JSON.stringify(options.body));
    });
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

/** How to send a request. */
export interface RequestOptions {
  body?: unknown;
  /** The body's media type. @default "application/json" */
  type?: string;
  /** @default "application/json" */
  accept?: string;
}

/** A seeded source of randomness (mulberry32): the same seed gives the same sequence. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 up to, not including, `n`. */
  below(n: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor(((t ^ (t >>> 14)) >>> 0) / 4294967296 * n);
  }

  /** True once in `n` times. */
  oneIn(n: number): boolean {
    return this.below(n) === 0;
  }

  /** One of `items`. */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  /** Some of `items`, in random order. */
  some<T>(items: readonly T[], most: number = items.length): T[] {
    const left = [...items];
    const out: T[] = [];
    for (let n = this.below(Math.min(most, items.length) + 1); n > 0; n--) {
      out.push(...left.splice(this.below(left.length), 1));
    }
    return out;
  }
}
