/**
 * Names a term, a hold or a generation by a number that only grows: the resourceVersion of a write
 * that it began with, a safe integer. Who has seen a higher one refuses a lower one.
 */
export type FencingToken = number;

/** A token, and what it is a token of. Terms and holds are such. */
export interface Fenced {
  /** Whose tokens are compared with each other, such as `"mutex/shop/orders"`. */
  readonly scope: string;
  /** The token. */
  readonly token: FencingToken;
}

/** Why something was refused: who asked has been followed by somebody who did it before. */
export class StaleTokenError extends Error {
  /** Always `"StaleTokenError"`. */
  override readonly name = "StaleTokenError";
  /** The token that was refused. */
  readonly token: FencingToken;
  /** The highest token that was seen. */
  readonly highest: FencingToken;

  /** An error with this text. */
  constructor(message: string, { token, highest }: { token: FencingToken; highest: FencingToken }) {
    super(message);
    this.token = token;
    this.highest = highest;
  }
}
