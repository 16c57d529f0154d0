import { AsyncLocalStorage } from "node:async_hooks";

/**
 * Knows whether code runs on behalf of a handler, however deep: so what waits for all handlers can
 * see that it would wait for itself.
 */
export class HandlerScope {
  readonly #storage = new AsyncLocalStorage<true>();

  /** Whether the caller runs on behalf of a handler of this scope. */
  get inside(): boolean {
    return this.#storage.getStore() === true;
  }

  /** The handler, in this scope. */
  wrap<E, R>(handler: (event: E) => R): (event: E) => R {
    return (event) => this.#storage.run(true, () => handler(event));
  }
}
