/**
 * How calls travel from here to one worker, over channels that come and go.
 *
 * A call is waiting until it is given to a channel for the first time, then it is sent; it ends with
 * its outcome, its time, its signal, or the worker. When a channel breaks, sent calls stay. If the next
 * channel resumes the session, the caller says which outcomes it lacks, first of all: the worker sends
 * those again, or says that a call never arrived, and that one is sent again. If it does not, sent
 * calls are lost, as whether they ran is not known; waiting ones go on.
 *
 * The file is long, as whatever may end a call works on the same tables, which nobody else may touch.
 */
import { ErrorReporter } from "../../runtime/mod.ts";
import { LostError, NotRunError, TimedOutError } from "../errors.ts";
import type { CallerChannel, CallOptions, Limits } from "../session/channel.ts";
import type { CalleeFrame, CallerFrame, Json } from "../wire/frame.ts";
import { type Deadline, Deadlines } from "./deadlines.ts";
import { type EventListener, EventReader } from "./event_reader.ts";
import { callMessage, errorOf } from "./failures.ts";
import { callFrame, type OutgoingCall } from "./outgoing_call.ts";
import { StreamReader } from "./stream_reader.ts";

/** Outcomes that came before the worker is told so, and the longest that it waits for that. */
const SEEN_BATCH = 100;
const SEEN_MS = 100;

/** Options of {@linkcode Caller}. */
export interface CallerOptions {
  /** Name of the contract, for errors. */
  contract: string;
  /** Name of the worker, for errors. */
  worker: string;
  /**
   * Gets what a listener of events throws or rejects with.
   * @default it is printed
   */
  onError?: (error: unknown) => void;
  /**
   * Milliseconds, never going back.
   * @default `performance.now()`
   */
  now?: () => number;
}

/** See the file's text. */
export class Caller {
  readonly #contract: string;
  readonly #worker: string;
  readonly #now: () => number;
  readonly #deadlines: Deadlines;
  readonly #events: EventReader;
  readonly #waiting = new Set<OutgoingCall>();
  readonly #sent = new Map<number, OutgoingCall>();
  readonly #listeners = new Set<() => void>();
  #channel: CallerChannel | undefined;
  #limits: Limits | undefined;
  #methods: ReadonlySet<string> | undefined;
  #draining = false;
  #lastId = 0;
  #seen: number[] = [];
  #seenSoon: Deadline | undefined;
  /** Makes the error of whatever is called after the end. */
  #over: ((method: string) => unknown) | undefined;

  /** A caller without a channel. */
  constructor(options: CallerOptions) {
    const { contract, worker, now = () => performance.now() } = options;
    const { onError = (e) => new ErrorReporter(`worker ${worker}`).report(e) } = options;
    this.#contract = contract;
    this.#worker = worker;
    this.#now = now;
    this.#deadlines = new Deadlines(now);
    this.#events = new EventReader((n) => this.#channel?.send({ t: "heard", n }), onError);
  }

  /** Whether there is a channel. */
  get connected(): boolean {
    return this.#channel !== undefined;
  }

  /** Whether the worker stops, and takes nothing new. */
  get draining(): boolean {
    return this.#draining;
  }

  /** Whether it takes calls: until `lost` or `close`. */
  get open(): boolean {
    return this.#over === undefined;
  }

  /** Calls that have not settled. */
  get inFlight(): number {
    return this.#waiting.size + this.#sent.size;
  }

  /** How much the worker takes; known since the first channel. */
  get limits(): Limits | undefined {
    return this.#limits;
  }

  /** What can be asked of the worker; known since the first channel. */
  get methods(): ReadonlySet<string> | undefined {
    return this.#methods;
  }

  /** Whether the worker takes one more call. */
  get hasRoom(): boolean {
    if (this.#channel === undefined || this.#limits === undefined || this.#draining) return false;
    return this.inFlight < this.#limits.concurrency + this.#limits.queue;
  }

  /** Goes on over a channel, in place of the one before it. After the end it does nothing. */
  attach(channel: CallerChannel): void {
    if (this.#over) return;
    this.#detach();
    this.#channel = channel;
    this.#limits = channel.limits;
    this.#methods = channel.methods;
    this.#draining = channel.draining;
    if (channel.resumed) this.#resume(channel);
    else this.#loseSent("the worker is another process than the one that had it, or forgot it");
    this.#events.attached(channel.peer.instance);
    this.#flush();
    channel.onFrame((frame) => {
      if (this.#channel === channel) this.#hear(frame);
    });
    void channel.ended.then(() => {
      if (this.#channel !== channel) return;
      this.#detach();
      this.#changed();
    });
    this.#changed();
  }

  /**
   * Calls a method. While there is no channel it waits for one.
   *
   * @throws what `errors.ts` names, the signal's reason, or a {@linkcode RangeError} for an input that
   *   is longer than the worker takes
   */
  call(method: string, input: Json | undefined, options: CallOptions): Promise<Json | undefined> {
    return new Promise((resolve, reject) =>
      this.#begin(this.#outgoing(method, input, options, { resolve, reject }))
    );
  }

  /** Sends a message that nobody answers; false if there is no channel that takes it. */
  tell(method: string, input: Json | undefined): boolean {
    if (this.#channel === undefined || this.#draining) return false;
    this.#channel.send({ t: "tell", method, ...(input !== undefined && { input }) });
    return true;
  }

  /** A stream; it begins when it is first read, and is canceled when the reader leaves. */
  stream(
    method: string,
    input: Json | undefined,
    options: CallOptions,
  ): AsyncIterableIterator<Json | undefined> {
    let call: OutgoingCall | undefined;
    return new StreamReader({
      begin: (reader) => {
        call = this.#outgoing(method, input, options, {
          reader,
          resolve: () => reader.end(),
          reject: (error, atOnce) => atOnce ? reader.abort(error) : reader.fail(error),
        });
        this.#begin(call);
      },
      more: (credit) => {
        // before it is sent, or while it is not known whether it has arrived, its credit goes with it
        if (call === undefined || this.#channel === undefined || call.id === 0) return false;
        this.#channel.send({ t: "more", id: call.id, credit });
        return true;
      },
      cancel: () => call && this.#cancel(call),
    });
  }

  /** Hears the worker's events; those that came before are kept for the first one who listens. */
  onEvent(hear: EventListener): () => void {
    return this.#events.listen(hear);
  }

  /** Hears that a channel came or went, that a call has ended, that the worker stops or is lost. */
  onChange(hear: () => void): () => void {
    const entry = () => hear();
    this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  }

  /** The worker is gone for ever. @param reason what became of it */
  lost(reason: string): void {
    if (this.#over) return;
    this.#over = (method) => this.#notRun(method, reason);
    this.#detach();
    this.#loseSent(reason);
    this.#rejectWaiting(reason);
    this.#changed();
  }

  /** Calls nothing any more: what is on its way is canceled, and rejects with the reason. */
  close(reason: Error): void {
    if (this.#over) return;
    this.#over = () => reason;
    for (const call of [...this.#waiting, ...this.#sent.values()]) {
      this.#cancel(call);
      call.reject(reason, true);
    }
    this.#tellSeen();
    this.#detach();
    this.#changed();
  }

  #outgoing(
    method: string,
    input: Json | undefined,
    options: CallOptions,
    end: Pick<OutgoingCall, "resolve" | "reject" | "reader">,
  ): OutgoingCall {
    return { id: 0, method, input, options, due: this.#now() + options.timeout, ...end };
  }

  #begin(call: OutgoingCall): void {
    const { signal, timeout } = call.options;
    if (signal?.aborted) return call.reject(signal.reason, true);
    if (this.#over) return call.reject(this.#over(call.method), true);
    if (this.#draining) return call.reject(this.#notRun(call.method, "it stops"), true);
    if (signal) {
      const onAbort = () => {
        this.#cancel(call);
        call.reject(signal.reason, true);
      };
      signal.addEventListener("abort", onAbort, { once: true });
      call.unlisten = () => signal.removeEventListener("abort", onAbort);
    }
    call.deadline = this.#deadlines.after(timeout, () => this.#timeOut(call));
    if (this.#channel === undefined) this.#waiting.add(call);
    else this.#put(this.#channel, call);
  }

  /** Gives a call to the channel, for the first time or, with the same id, again. */
  #put(channel: CallerChannel, call: OutgoingCall): void {
    if (call.id === 0) call.id = ++this.#lastId;
    this.#waiting.delete(call);
    this.#sent.set(call.id, call);
    try {
      channel.send(callFrame(call, this.#now()));
    } catch (e) {
      this.#end(call);
      call.reject(e, true);
    }
  }

  #flush(): void {
    if (this.#draining) this.#rejectWaiting("it stops");
    else if (this.#channel) { for (const call of this.#waiting) this.#put(this.#channel, call); }
  }

  #resume(channel: CallerChannel): void {
    const calls = [...this.#sent.values()].map(({ id, reader }) =>
      reader ? { id, items: reader.received } : { id }
    );
    channel.send({ t: "resume", calls });
    for (const { reader } of this.#sent.values()) reader?.resumed();
  }

  #hear(frame: CalleeFrame): void {
    switch (frame.t) {
      case "done":
      case "failed": {
        this.#sawOutcome(frame.id);
        const call = this.#sent.get(frame.id);
        if (call === undefined) return;
        this.#end(call);
        if (frame.t === "done") call.resolve(frame.output);
        else call.reject(errorOf(frame, this.#ref(call.method)), false);
        return;
      }
      case "item": {
        const call = this.#sent.get(frame.id);
        if (call?.reader?.push(frame.n, frame.item) !== false) return;
        this.#cancel(call);
        const cause = `item ${frame.n} came after item ${call.reader.received}`;
        call.reject(new LostError(callMessage(this.#ref(call.method), cause), call), false);
        return;
      }
      case "unknown":
        for (const id of frame.ids) this.#sendAgain(id);
        return;
      case "event":
        return this.#events.receive(frame);
      case "drain":
        this.#draining = true;
        this.#rejectWaiting("it stops");
        this.#changed();
    }
  }

  #sendAgain(id: number): void {
    const call = this.#sent.get(id);
    if (call === undefined || this.#channel === undefined) return;
    call.reader?.begunAnew();
    if (!this.#draining) return this.#put(this.#channel, call);
    this.#end(call);
    call.reject(this.#notRun(call.method, "it stops"), false);
  }

  #sawOutcome(id: number): void {
    this.#seen.push(id);
    if (this.#seen.length >= SEEN_BATCH) this.#tellSeen();
    else this.#seenSoon ??= this.#deadlines.after(SEEN_MS, () => this.#tellSeen());
  }

  #tellSeen(): void {
    this.#seenSoon?.clear();
    this.#seenSoon = undefined;
    if (this.#seen.length === 0) return;
    const ids = this.#seen;
    this.#seen = [];
    this.#send({ t: "seen", ids });
  }

  #send(frame: CallerFrame): void {
    this.#channel?.send(frame);
  }

  /** Forgets the channel. What was seen need not be said any more: a `resume` names the others. */
  #detach(): void {
    this.#channel = undefined;
    this.#seenSoon?.clear();
    this.#seenSoon = undefined;
    this.#seen = [];
  }

  #timeOut(call: OutgoingCall): void {
    const cause = call.id === 0 ? "there was no connection to it" : "it has not answered";
    this.#cancel(call);
    const { method, options: { timeout } } = call;
    const message = callMessage(this.#ref(method), `${cause} within ${timeout} ms`);
    call.reject(new TimedOutError(message, { method, worker: this.#worker }), true);
  }

  /** Nobody waits for the call any more. */
  #cancel(call: OutgoingCall): void {
    if (this.#sent.has(call.id)) this.#send({ t: "cancel", id: call.id });
    this.#end(call);
  }

  #end(call: OutgoingCall): void {
    this.#waiting.delete(call);
    this.#sent.delete(call.id);
    call.deadline?.clear();
    call.unlisten?.();
    this.#changed();
  }

  #loseSent(reason: string): void {
    // of now: who hears of the room that becomes free may send others
    for (const call of [...this.#sent.values()]) {
      this.#end(call);
      const { method } = call;
      const message = callMessage(this.#ref(method), reason);
      call.reject(new LostError(message, { method, worker: this.#worker }), false);
    }
  }

  #rejectWaiting(reason: string): void {
    for (const call of this.#waiting) {
      this.#end(call);
      call.reject(this.#notRun(call.method, reason), false);
    }
  }

  #notRun(method: string, reason: string): NotRunError {
    const message = callMessage(this.#ref(method), reason);
    return new NotRunError(message, { method, worker: this.#worker });
  }

  #ref(method: string): { contract: string; method: string; worker: string } {
    return { contract: this.#contract, method, worker: this.#worker };
  }

  #changed(): void {
    for (const hear of this.#listeners) hear();
  }
}
