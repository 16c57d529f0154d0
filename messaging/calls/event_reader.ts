import type { EventFrame, Json } from "../wire/frame.ts";

/**
 * Hears an event of a worker; what it returns is awaited before the event counts as heard. `lost` is
 * the number of events before it that the worker could not keep.
 */
export type EventListener = (event: string, data: Json | undefined, lost: number) => unknown;

/** Events that are heard before the worker is told: an answer for each would double the messages. */
const HEARD_BATCH = 64;

/**
 * The caller's end of a worker's events: hands them on one after another, and says up to which one they
 * were heard. While nobody listens they are kept, as the worker would otherwise.
 */
export class EventReader {
  readonly #say: (n: number) => void;
  readonly #onError: (error: unknown) => void;
  readonly #listeners = new Set<EventListener>();
  #queue: { frame: EventFrame; lost: number; from: string }[] = [];
  /** The process whose events these are: they are counted anew in another one. */
  #from = "";
  #received = 0;
  #heard = 0;
  #told = 0;
  #reading = false;

  /**
   * @param say tells the worker up to which event all were heard
   * @param onError gets what a listener throws or rejects with
   */
  constructor(say: (n: number) => void, onError: (error: unknown) => void) {
    this.#say = say;
    this.#onError = onError;
  }

  /** Adds a listener; returns what removes it. */
  listen(listener: EventListener): () => void {
    const entry: EventListener = (event, data, lost) => listener(event, data, lost);
    this.#listeners.add(entry);
    void this.#read();
    return () => void this.#listeners.delete(entry);
  }

  /** There is a channel to that process: what it has been told may not have arrived. */
  attached(instance: string): void {
    if (instance !== this.#from) {
      this.#from = instance;
      this.#received = this.#heard = this.#told = 0;
    } else if (this.#heard > 0) {
      this.#told = this.#heard;
      this.#say(this.#heard);
    }
  }

  /** Takes an event; one that has come before is passed over. */
  receive(frame: EventFrame): void {
    if (frame.n <= this.#received) return;
    // those that were dropped there after they had come here are not lost
    const lost = Math.min(frame.lost ?? 0, frame.n - 1 - this.#received);
    this.#received = frame.n;
    this.#queue.push({ frame, lost, from: this.#from });
    void this.#read();
  }

  async #read(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    while (this.#listeners.size > 0) {
      const next = this.#queue.shift();
      if (next === undefined) break;
      const { frame, lost, from } = next;
      await Promise.all(
        [...this.#listeners].map(async (hear) => {
          try {
            await hear(frame.event, frame.data, lost);
          } catch (e) {
            this.#onError(e);
          }
        }),
      );
      if (from !== this.#from) continue;
      this.#heard = frame.n;
      if (this.#heard - this.#told >= HEARD_BATCH) this.#tell();
    }
    this.#reading = false;
    if (this.#heard > this.#told) this.#tell();
  }

  #tell(): void {
    this.#told = this.#heard;
    this.#say(this.#heard);
  }
}
