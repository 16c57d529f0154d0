import type { Hold } from "./hold.ts";
import { ReentrancyError } from "./reentrancy_error.ts";

/** Sees to it that one lock object does not wait for itself. */
export class OneParty {
  readonly #title: string;
  #waiting = false;
  #hold: Hold | undefined;

  /** @param title of the lock, for messages: `mutex "orders"` */
  constructor(title: string) {
    this.#title = title;
  }

  /**
   * Acquires.
   *
   * @throws {ReentrancyError} when it holds or waits already
   */
  async enter<H extends Hold | undefined>(acquire: () => Promise<H>): Promise<H> {
    const isHeld = this.#hold !== undefined && this.#hold.remainingMs() > 0;
    if (isHeld || this.#waiting) {
      const state = isHeld ? "holds it already" : "waits for it already";
      throw new ReentrancyError(
        `Cannot acquire ${this.#title}: this object ${state}; another party needs an object of its own`,
      );
    }
    this.#waiting = true;
    try {
      const hold = await acquire();
      this.#hold = hold;
      return hold;
    } finally {
      this.#waiting = false;
    }
  }
}
