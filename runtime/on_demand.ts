import { outside } from "./outside.ts";

/**
 * Something that is made when it is first asked for, is the same for all who ask, and is closed with its
 * owner. If it cannot be made, the next one who asks tries again.
 */
export class OnDemand<T extends AsyncDisposable> {
  readonly #make: () => Promise<T>;
  readonly #closed: () => Error;
  #made: Promise<T> | undefined;
  #closing: Promise<void> | undefined;

  /** @param closed what is thrown to those who ask when it was closed */
  constructor(make: () => Promise<T>, closed: () => Error) {
    this.#make = make;
    this.#closed = closed;
  }

  /** The thing; rejects as making it does, or when it was closed. */
  async get(): Promise<T> {
    if (this.#closing !== undefined) throw this.#closed();
    const made = this.#made ??= outside(this.#make); // it outlives the handler that asks first
    try {
      return await made;
    } catch (error) {
      if (this.#made === made) this.#made = undefined;
      throw error;
    }
  }

  /** Closes it, if it was made; resolves when that is done. Nothing is made any more. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    const made = await this.#made?.catch(() => undefined); // who asked for it was told
    await made?.[Symbol.asyncDispose]();
  }
}
