import { asError } from "./as_error.ts";

/** A handler of errors that have no caller to reject. */
export type ErrorHandler = (error: Error) => unknown;

/** Options of {@linkcode ErrorReporter}. */
export interface ErrorReporterOptions {
  /**
   * Whether an error's message says all, so that one line is printed, without where it came from.
   * @default for none
   */
  isPlain?: (error: Error) => boolean;
}

/**
 * Where errors go that have no caller: to the handlers, or, while there is none, to
 * `console.error`. Never swallowed and never an unhandled rejection.
 */
export class ErrorReporter {
  readonly #handlers = new Set<ErrorHandler>();
  readonly #prefix: string;
  readonly #isPlain: (error: Error) => boolean;

  /** @param prefix beginning of a printed line, such as the coordinator's name */
  constructor(prefix: string, options: ErrorReporterOptions = {}) {
    this.#prefix = prefix;
    this.#isPlain = options.isPlain ?? (() => false);
  }

  /** Adds a handler; returns what removes it. */
  add(handler: ErrorHandler): () => void {
    const entry: ErrorHandler = (error) => handler(error);
    this.#handlers.add(entry);
    return () => void this.#handlers.delete(entry);
  }

  /** Reports an error. A handler that fails is printed, together with the error it was given. */
  report(thrown: unknown): void {
    const error = asError(thrown);
    if (this.#handlers.size === 0) {
      this.#print(error);
      return;
    }
    for (const handler of this.#handlers) {
      callSafely(() => handler(error), (failure) => {
        this.#print(error);
        this.#print(asError(failure));
      });
    }
  }

  #print(error: Error): void {
    console.error(
      `${this.#prefix}:`,
      this.#isPlain(error) ? `${error.name}: ${error.message}` : error,
    );
  }
}

/** Calls a function that may throw or return a promise that rejects. */
function callSafely(call: () => unknown, onFailure: (e: unknown) => void): void {
  try {
    Promise.resolve(call()).catch(onFailure);
  } catch (e) {
    onFailure(e);
  }
}
