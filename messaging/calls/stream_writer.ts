import type { Json } from "../wire/frame.ts";
import { jsonBytes } from "./check_json.ts";

/**
 * The worker's end of a stream: how many items the caller takes, and those that may have to be sent
 * again. A caller lets `window` items at most be on their way or unread, and so has got all that are
 * further behind what it has asked for.
 */
export class StreamWriter {
  readonly #window: number;
  /** The number of the last item that may be sent. */
  #granted: number;
  #last = 0;
  #kept: { readonly n: number; readonly item: Json | undefined }[] = [];
  #wake: (() => void) | undefined;

  /** @param credit items that may be sent at first */
  constructor(credit: number) {
    this.#window = this.#granted = credit;
  }

  /** Whether the caller takes another item. */
  get hasCredit(): boolean {
    return this.#last < this.#granted;
  }

  /** What is kept in case the channel breaks. */
  get kept(): readonly { readonly n: number; readonly item: Json | undefined }[] {
    return this.#kept;
  }

  /** About how many bytes those take. */
  get keptBytes(): number {
    return this.#kept.reduce((sum, { item }) => sum + jsonBytes(item), 0);
  }

  /** Keeps an item that is sent now; returns its number. */
  push(item: Json | undefined): number {
    this.#kept.push({ n: ++this.#last, item });
    return this.#last;
  }

  /** The caller takes so many more. */
  more(credit: number): void {
    this.#granted += credit;
    this.#forget(this.#granted - this.#window);
    this.wake();
  }

  /** The caller has got so many, and says anew how many more it takes. */
  resume(items: number): void {
    this.#granted = Math.min(items, this.#last);
    this.#forget(this.#granted);
  }

  /** Resolves once there is credit, or who waits has to look around. */
  wait(): Promise<void> {
    return new Promise((resolve) => this.#wake = resolve);
  }

  /** Lets who waits look around. */
  wake(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  #forget(upTo: number): void {
    const first = this.#kept[0]?.n;
    if (first !== undefined && upTo >= first) this.#kept.splice(0, upTo - first + 1);
  }
}
