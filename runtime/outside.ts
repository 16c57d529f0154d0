import { AsyncLocalStorage } from "node:async_hooks";

/**
 * Calls a function outside of all that an `AsyncLocalStorage` knows of its caller, and returns what it
 * returns. For what is begun by chance in some call, such as a handler's, and goes on for everybody:
 * it must not act on that call's behalf for ever.
 */
export const outside: <R>(fn: () => R) => R = AsyncLocalStorage.snapshot();
