import { type Clock, Primitives, type PrimitivesOptions } from "../../mod.ts";
import { ConfigMapServer } from "./config_map_server.ts";

/** A clock that FakeTime moves. */
export const fakeClock: Clock = {
  now: () => Date.now(),
  date: () => new Date(),
  timer(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

/** Processes that share a server in memory. */
export class Scene implements AsyncDisposable {
  readonly server: ConfigMapServer = new ConfigMapServer();
  /** What they reported. */
  readonly errors: Error[] = [];
  readonly #stack = new AsyncDisposableStack();

  /** A process of that name. */
  async process(name: string, options: PrimitivesOptions = {}): Promise<Primitives> {
    const client = this.server.client(name);
    const made = await Primitives.create({ client, identity: name, random: () => 0.5, ...options });
    made.onError((error) => this.errors.push(error));
    return this.#stack.use(made);
  }

  /** What stands in the head of a bucket. */
  head(bucket: string): { leaves: { id: string; bytes: number }[]; entries: unknown[][] } {
    return JSON.parse(this.server.objects.get(`troupe-key-value-${bucket}`)!.data!.state!);
  }

  /** Ids of the leaves that there are, in whatever order. */
  leaves(bucket: string): string[] {
    const prefix = `troupe-key-value-${bucket}.`;
    const names = [...this.server.objects.keys()].filter((name) => name.startsWith(prefix));
    return names.map((name) => name.slice(prefix.length)).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** A text that does not get shorter when it is compressed. */
export function noise(length: number, random: () => number = Math.random): string {
  let text = "";
  while (text.length < length) text += random().toString(36).slice(2);
  return text.slice(0, length);
}
