import type { CalleeChannel, Peer } from "../session/channel.ts";
import type { CalleeFrame, EventFrame } from "../wire/frame.ts";
import { Arrivals } from "./arrivals.ts";
import type { Deadline } from "./deadlines.ts";
import { KEPT_EVENTS, type KeptEvents } from "./kept_events.ts";
import type { IncomingCall } from "./run.ts";

/** Bytes on their way beyond which a worker waits with what can wait: events and items of streams. */
const MAX_QUEUED_BYTES = 2 ** 20;

/** A caller's session, as the worker keeps it over the channels that it has. */
export class CalleeSession {
  readonly id: string;
  readonly peer: Peer;
  /** Calls whose outcome the caller has not seen. */
  readonly calls: Map<number, IncomingCall> = new Map();
  /** Which calls have arrived, also those that are forgotten. */
  readonly arrivals: Arrivals = new Arrivals();
  /** Ends the session if no channel comes. */
  expiry: Deadline | undefined;
  #channel: CalleeChannel | undefined;
  /** Whether calls may be answered: after a new channel, once the caller has said what it lacks. */
  #answering = true;
  #eventsSent = 0;
  /** Numbers of events that this channel has had, and that were not heard yet. */
  #unheard: number[] = [];
  #sendingEvents: Promise<void> | undefined;

  /** Whether calls have arrived that nothing is known of. */
  #forgot: boolean;

  /** @param forgot whether its caller goes on with a session of which nothing is known */
  constructor(id: string, peer: Peer, forgot: boolean) {
    this.id = id;
    this.peer = peer;
    this.#forgot = forgot;
  }

  /** The present channel. */
  get channel(): CalleeChannel | undefined {
    return this.#channel;
  }

  /** Whether answers can be sent at present. */
  get answering(): boolean {
    return this.#channel !== undefined && this.#answering;
  }

  /** Goes on over a channel. @param answering whether answers need not wait for a `resume` */
  attach(channel: CalleeChannel, answering: boolean): void {
    this.expiry?.clear();
    this.expiry = undefined;
    this.#channel = channel;
    this.#answering = answering;
    this.#eventsSent = 0;
    this.#unheard = [];
  }

  /** The channel has ended. */
  detach(): void {
    this.#channel = undefined;
  }

  /** The caller has said what it lacks. */
  resumed(ids: Iterable<number>): void {
    this.#answering = true;
    // which of these have arrived is not known, and so none may be said never to have
    if (this.#forgot) { for (const id of ids) this.arrivals.arrivedUpTo(id); }
    this.#forgot = false;
  }

  /**
   * Sends an answer, if that is possible at present; it is kept and sent again otherwise.
   *
   * @throws {RangeError} when it is longer than the caller takes
   */
  answer(frame: CalleeFrame): void {
    if (this.answering) this.#channel?.send(frame);
  }

  /** The coordinator has heard all events up to that one. */
  heard(n: number): void {
    const left = this.#unheard.findIndex((other) => other > n);
    this.#unheard.splice(0, left < 0 ? this.#unheard.length : left);
  }

  /**
   * Sends the events that this channel has not had, as far as the coordinator keeps up with them.
   * Resolves when they are sent.
   */
  async sendEvents(events: KeptEvents): Promise<void> {
    if (this.peer.role !== "coordinator") return;
    if (this.#nextEvent(events)) this.#sendingEvents ??= this.#sendEvents(events);
    await this.#sendingEvents;
  }

  async #sendEvents(events: KeptEvents): Promise<void> {
    for (let next; (next = this.#nextEvent(events)) !== undefined;) {
      await this.roomy();
      // the channel may be another one now, or the event is dropped or heard
      if (this.#nextEvent(events) !== next) continue;
      this.#eventsSent = next.n;
      this.#unheard.push(next.n);
      try {
        this.#channel?.send(next);
      } catch {
        // longer than the coordinator takes: nobody can hear it, and it must not stop those after it
      }
    }
    this.#sendingEvents = undefined;
  }

  /** Whether the channel has taken most of what was sent. */
  get isRoomy(): boolean {
    return this.#channel === undefined || this.#channel.queuedBytes < MAX_QUEUED_BYTES;
  }

  /** Resolves when it has, or has ended. */
  async roomy(): Promise<void> {
    const channel = this.#channel;
    if (channel === undefined || this.isRoomy) return;
    await channel.writable();
  }

  #nextEvent(events: KeptEvents): EventFrame | undefined {
    if (this.#channel === undefined || this.#unheard.length >= KEPT_EVENTS) return undefined;
    return events.after(this.#eventsSent);
  }
}
