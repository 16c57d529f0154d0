/**
 * What a caller of a worker may have to catch. An aborted call rejects with its signal's reason, and
 * with none of these.
 */

/** What all of these tell. */
export interface CallErrorOptions {
  /** The method that was called. */
  method?: string;
  /** The worker that was called, if one was chosen. */
  worker?: string;
  /** What caused it. */
  cause?: unknown;
}

/**
 * The worker that had the call is gone, or forgot it: whether the method ran is not known. A method
 * that is `idempotent` is called again instead.
 */
export class LostError extends Error {
  /** Always `"LostError"`. */
  override readonly name = "LostError";
  /** The method that was called. */
  readonly method: string | undefined;
  /** The worker that had it. */
  readonly worker: string | undefined;

  /** An error with a message that says what became of the worker. */
  constructor(message: string, options: CallErrorOptions = {}) {
    super(message, options);
    ({ method: this.method, worker: this.worker } = options);
  }
}

/** The time of a call is over; its handler was told to stop. */
export class TimedOutError extends Error {
  /** Always `"TimedOutError"`. */
  override readonly name = "TimedOutError";
  /** The method that was called. */
  readonly method: string | undefined;
  /** The worker that had it; none if there was none to take it. */
  readonly worker: string | undefined;

  /** An error with a message that says what was waited for. */
  constructor(message: string, options: CallErrorOptions = {}) {
    super(message, options);
    ({ method: this.method, worker: this.worker } = options);
  }
}

/** All that could take the call have as much as they may; it did not run. */
export class OverloadedError extends Error {
  /** Always `"OverloadedError"`. */
  override readonly name = "OverloadedError";
  /** The method that was called. */
  readonly method: string | undefined;
  /** The worker that refused it, if one was named. */
  readonly worker: string | undefined;

  /** An error with a message that names the bound. */
  constructor(message: string, options: CallErrorOptions = {}) {
    super(message, options);
    ({ method: this.method, worker: this.worker } = options);
  }
}

/** The worker never began the call, as it went or stops; it did not run. */
export class NotRunError extends Error {
  /** Always `"NotRunError"`. */
  override readonly name = "NotRunError";
  /** The method that was called. */
  readonly method: string | undefined;
  /** The worker that did not run it. */
  readonly worker: string | undefined;

  /** An error with a message that says why it did not run. */
  constructor(message: string, options: CallErrorOptions = {}) {
    super(message, options);
    ({ method: this.method, worker: this.worker } = options);
  }
}

/** The worker ended the call: it stops, or a newer leader has taken over. It may have run in part. */
export class CanceledError extends Error {
  /** Always `"CanceledError"`. */
  override readonly name = "CanceledError";
  /** The method that was called. */
  readonly method: string | undefined;
  /** The worker that ended it. */
  readonly worker: string | undefined;

  /** An error with a message that says why it ended. */
  constructor(message: string, options: CallErrorOptions = {}) {
    super(message, options);
    ({ method: this.method, worker: this.worker } = options);
  }
}

/** The contracts of both sides do not fit, or what was sent does not fit the contract. */
export class IncompatibleError extends Error {
  /** Always `"IncompatibleError"`. */
  override readonly name = "IncompatibleError";
  /** The method that was called, if it is about one. */
  readonly method: string | undefined;
  /** The worker on the other side. */
  readonly worker: string | undefined;

  /** An error with a message that says which side must be updated. */
  constructor(message: string, options: CallErrorOptions = {}) {
    super(message, options);
    ({ method: this.method, worker: this.worker } = options);
  }
}

/** One side did not prove that it has the coordinator's key, or is a leader that was deposed. */
export class UnauthorizedError extends Error {
  /** Always `"UnauthorizedError"`. */
  override readonly name = "UnauthorizedError";
  /** The worker on the other side. */
  readonly worker: string | undefined;

  /** An error with a message that says what was not proven. */
  constructor(message: string, options: CallErrorOptions = {}) {
    super(message, options);
    this.worker = options.worker;
  }
}

/** The handler threw something that its contract does not name. */
export class HandlerError extends Error {
  /** Always `"HandlerError"`. */
  override readonly name = "HandlerError";
  /** The method that was called. */
  readonly method: string | undefined;
  /** The worker that ran it. */
  readonly worker: string | undefined;

  /** An error with the message of what was thrown; its stack stays at the worker. */
  constructor(message: string, options: CallErrorOptions = {}) {
    super(message, options);
    ({ method: this.method, worker: this.worker } = options);
  }
}

/** An error that the contract names: thrown by the handler, and caught by the caller. */
export class MethodError extends Error {
  /** Always `"MethodError"`. */
  override readonly name = "MethodError";
  /** The contract's name. */
  readonly contract: string;
  /** The method's name. */
  readonly method: string;
  /** Which of the method's errors. */
  readonly code: string;
  /** What it carries: as the handler gave it, or at the caller as the schema has parsed it. */
  readonly data: unknown;

  /** @ignore made by `methodError` */
  constructor(
    message: string,
    { contract, method, code, data }: {
      contract: string;
      method: string;
      code: string;
      data: unknown;
    },
  ) {
    super(message);
    this.contract = contract;
    this.method = method;
    this.code = code;
    this.data = data;
  }
}
