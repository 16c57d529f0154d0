/** How long a side may be silent; all in milliseconds. */
export interface HeartbeatOptions {
  /** After so long it is asked whether it is there, and again and again. @default 5_000 */
  pingAfter?: number;
  /** After so long it is unresponsive. @default 15_000 */
  unresponsiveAfter?: number;
  /** After so long the channel is broken. @default 30_000 */
  brokenAfter?: number;
}

/** What a silence leads to. */
export interface HeartbeatEffects {
  /** Asks the other side. */
  ping(): void;
  /** Tells that it has become unresponsive, or responsive again. */
  changed(responsive: boolean): void;
  /** Gives the channel up. */
  broken(silentMs: number): void;
}

const DEFAULTS: Required<HeartbeatOptions> = {
  pingAfter: 5_000,
  unresponsiveAfter: 15_000,
  brokenAfter: 30_000,
};

/** A timer that is so late was held up by this process, whose standstill is not the other's silence. */
const LATE_MS = 1_000;

/** Watches a channel's silence with one timer that is only set anew when it has come. */
export class Heartbeat {
  readonly #options: Required<HeartbeatOptions>;
  readonly #effects: HeartbeatEffects;
  readonly #now: () => number;
  #heardAt: number;
  #due = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #responsive = true;

  /** Begins at once. */
  constructor(options: HeartbeatOptions, now: () => number, effects: HeartbeatEffects) {
    this.#options = { ...DEFAULTS, ...options };
    this.#effects = effects;
    this.#now = now;
    this.#heardAt = now();
    this.#await(this.#options.pingAfter);
  }

  /** Whether the other side was heard of late. */
  get responsive(): boolean {
    return this.#responsive;
  }

  /** Notes that something came. */
  heard(now: number): void {
    this.#heardAt = now;
    if (!this.#responsive) this.#set(true);
  }

  /** Ends it. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #await(ms: number): void {
    this.#due = this.#now() + ms;
    this.#timer = setTimeout(() => this.#look(), ms);
  }

  #look(): void {
    const now = this.#now();
    const late = now - this.#due;
    if (late > LATE_MS) this.#heardAt = Math.min(now, this.#heardAt + late);
    const silence = now - this.#heardAt;
    const { pingAfter, unresponsiveAfter, brokenAfter } = this.#options;
    if (silence >= brokenAfter) return this.#effects.broken(silence);
    // set first: an effect may stop it
    const next = [pingAfter, unresponsiveAfter, brokenAfter].map((after) => after - silence)
      .filter((ms) => ms > 0);
    this.#await(Math.ceil(Math.min(pingAfter, ...next)));
    if (silence >= pingAfter) this.#effects.ping();
    if (silence >= unresponsiveAfter && this.#responsive) this.#set(false);
  }

  #set(responsive: boolean): void {
    this.#responsive = responsive;
    this.#effects.changed(responsive);
  }
}
