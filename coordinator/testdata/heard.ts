import { PATIENCE_MS, type UntilOptions } from "./until.ts";

/** The system's own timer, whatever `FakeTime` puts in its place. */
const { clearTimeout, setTimeout } = globalThis;

/** How many of the items that were heard last are told when the one that is waited for does not come. */
const TOLD = 10;

/** A list that can be waited for. */
export class Heard<T> {
  readonly items: T[] = [];
  readonly #waiting = new Set<() => void>();

  readonly add = (item: T): void => {
    this.items.push(item);
    for (const look of [...this.#waiting]) look();
  };

  /**
   * Resolves with the first item that fits, of those that were there too; rejects with what was heard
   * instead when none comes.
   */
  until<S extends T>(fits: (item: T) => item is S, options?: UntilOptions): Promise<S>;
  until(fits: (item: T) => boolean, options?: UntilOptions): Promise<T>;
  async until(fits: (item: T) => boolean, options: UntilOptions = {}): Promise<T> {
    const { what = String(fits), patience = PATIENCE_MS } = options;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const look = (): void => {
      const found = this.items.find(fits);
      if (found !== undefined) resolve(found);
    };
    const late = setTimeout(() => {
      const last = Deno.inspect(this.items.slice(-TOLD), { depth: 2 });
      const heard = `heard are ${this.items.length}, the last ${last}`;
      reject(new Error(`Cannot hear ${what}: not within ${patience} ms, ${heard}`));
    }, patience);
    this.#waiting.add(look);
    look();
    return await promise.finally(() => {
      clearTimeout(late);
      this.#waiting.delete(look);
    });
  }
}
