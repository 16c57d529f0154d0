/**
 * How calls of many callers run here, over channels that come and go.
 *
 * A call takes its turn among those of all callers, runs, and is answered; the answer is kept until its
 * caller has seen it, in case the channel breaks. A session without a channel is kept for a minute.
 * Then, and when a newer leader deposes its caller, its calls are canceled and forgotten. A call with a
 * key runs once for all sessions: who asks with that key again joins its run, or gets its outcome.
 */
import type { CalleeChannel, Peer } from "../session/channel.ts";
import type {
  CallerFrame,
  CallFrame,
  Json,
  ResumeFrame,
  RosterFrame,
  TellFrame,
} from "../wire/frame.ts";
import { Answers } from "./answers.ts";
import { type CalleeLimits, type CalleeOptions, checkCalleeLimits } from "./callee_options.ts";
import { CalleeSession } from "./callee_session.ts";
import { CalleeSessions } from "./callee_sessions.ts";
import { Deadlines } from "./deadlines.ts";
import { failureOf } from "./failures.ts";
import type { Implementation } from "./implementation.ts";
import { KeptEvents } from "./kept_events.ts";
import { KeyedRuns } from "./keyed_runs.ts";
import { type IncomingCall, itemFrame, type Outcome, Run } from "./run.ts";
import { Runner } from "./runner.ts";
import { StreamWriter } from "./stream_writer.ts";

/** What became of a call of which nothing is known here any more. */
const FORGOTTEN = "it forgot what became of it";

/** See the file's text. */
export class Callee {
  /** How much it takes, of all callers together. */
  readonly limits: CalleeLimits;
  readonly #implementation: Implementation;
  readonly #deadlines: Deadlines;
  readonly #runner: Runner;
  readonly #events = new KeptEvents();
  readonly #onRoster: (workers: RosterFrame["workers"]) => void;
  readonly #sessions: CalleeSessions;
  readonly #answers = new Answers();
  readonly #keyed = new KeyedRuns();
  #draining = false;
  #drained: Promise<void> | undefined;
  #closed = false;

  /**
   * A callee without channels.
   *
   * @throws {TypeError} naming a bad option
   */
  constructor(implementation: Implementation, options: CalleeOptions = {}) {
    const { onError = () => {}, onRoster = () => {}, now = () => performance.now(), ...limits } =
      options;
    this.#onRoster = onRoster;
    this.limits = checkCalleeLimits(limits);
    this.#implementation = implementation;
    this.#deadlines = new Deadlines(now);
    this.#sessions = new CalleeSessions(this.#deadlines, (id, reason) => this.fence(id, reason));
    this.#runner = new Runner(implementation, this.limits, {
      settled: (run, outcome) => this.#settled(run, outcome),
      item: (call, n, item) => call.session.answer(itemFrame(call.id, n, item)),
      told: onError,
      emit: (event, data) => this.#emit(event, data),
    });
  }

  /** Calls whose handler runs, also when nobody waits for it any more. */
  get running(): number {
    return this.#runner.running;
  }

  /** Calls that wait for their turn. */
  get waiting(): number {
    return this.#runner.waiting;
  }

  /** Whether it takes nothing new. */
  get draining(): boolean {
    return this.#draining;
  }

  /**
   * Whether that session can be gone on with by that peer; then it is kept for as long again, so that
   * what the handshake says of it is true when its channel is attached.
   */
  resumable(session: string, peer: Peer): boolean {
    const known = this.#sessions.get(session);
    if (known === undefined || known.peer.instance !== peer.instance) return false;
    if (known.channel === undefined) this.#sessions.keep(known);
    return true;
  }

  /**
   * Takes calls over a channel, until that ends. A session whose caller was told that it goes on does so
   * with its calls; those that were forgotten are lost.
   */
  attach(channel: CalleeChannel): void {
    if (this.#closed) return channel.close({ code: "stopping", message: "the worker stops" });
    const { session: id, peer } = channel;
    let session = this.#sessions.get(id);
    if (session !== undefined && (!channel.resumed || session.peer.instance !== peer.instance)) {
      this.fence(id, "its caller has begun anew");
      session = undefined;
    }
    // a caller that was told that its session goes on when it was forgotten here has lost its calls
    session ??= new CalleeSession(id, peer, channel.resumed);
    const former = session.channel;
    this.#sessions.attached(session);
    session.attach(channel, !channel.resumed);
    former?.close({ code: "replaced", message: "a newer channel of the same session has come" });
    this.#listen(channel, session);
  }

  /**
   * Keeps an event until a coordinator has heard it.
   *
   * @throws {TypeError} for an event that the contract does not name, or data that does not fit
   */
  emit(event: string, data: unknown): void {
    this.#emit(event, this.#implementation.event(event, data));
  }

  /** Ends a session: its calls are canceled, and answered so if it has a channel, and forgotten. */
  fence(session: string, reason = "its caller was deposed"): void {
    const known = this.#sessions.get(session);
    if (known === undefined) return;
    for (const call of [...known.calls.values()]) this.#cancel(call, reason);
    this.#forgetSession(known);
  }

  /** Ends the sessions, and closes the channels, of coordinators with a lower fencing token. */
  fenceBelow(token: number): void {
    for (const { id, peer, channel } of this.#sessions.all) {
      if (peer.role !== "coordinator" || peer.token === undefined || peer.token >= token) continue;
      const message = `a leader with token ${token} has come after one with token ${peer.token}`;
      this.fence(id, message);
      channel?.close({ code: "deposed", message });
    }
  }

  /**
   * Takes nothing new, hands back what waits, and waits for what runs: for `grace` milliseconds (for
   * ever by default), after which the rest is canceled. Resolves when all are answered.
   */
  drain(options: { grace?: number } = {}): Promise<void> {
    this.#draining = true;
    this.#drained ??= this.#drain(options.grace ?? Infinity);
    return this.#drained;
  }

  /** Resolves when all events that callers take at present were given to their channels. */
  async told(): Promise<void> {
    await Promise.all(Array.from(this.#sessions.all, (each) => each.sendEvents(this.#events)));
  }

  /** Cancels and forgets everything. Channels are closed by who made them. */
  close(reason = "the worker stops"): void {
    this.#closed = this.#draining = true;
    for (const run of this.#runner.takeWaiting()) this.#fail(run, "draining", reason);
    this.#cancelRunning(reason);
    for (const session of this.#sessions.all) this.#forgetSession(session);
  }

  async #drain(grace: number): Promise<void> {
    for (const { channel } of this.#sessions.all) channel?.send({ t: "drain" });
    for (const run of this.#runner.takeWaiting()) this.#fail(run, "draining", "it stops");
    const { promise: over, resolve } = Promise.withResolvers<void>();
    const deadline = this.#deadlines.after(grace, resolve);
    await Promise.race([this.#runner.idle(), over]);
    deadline?.clear();
    this.#cancelRunning("it stops, and its grace is over");
  }

  #listen(channel: CalleeChannel, session: CalleeSession): void {
    channel.onFrame((frame) => {
      if (session.channel === channel) this.#hear(session, frame);
    });
    void channel.ended.then(() => {
      if (session.channel !== channel) return;
      session.detach();
      this.#sessions.keep(session);
    });
    void session.sendEvents(this.#events);
  }

  #forgetSession(session: CalleeSession): void {
    for (const call of session.calls.values()) this.#answers.forget(call);
    this.#sessions.remove(session);
  }

  #hear(session: CalleeSession, frame: CallerFrame): void {
    switch (frame.t) {
      case "call":
        return this.#call(session, frame);
      case "tell":
        return this.#tell(session, frame);
      case "cancel":
        return this.#giveUp(session.calls.get(frame.id), "nobody waits for it any more");
      case "more":
        return session.calls.get(frame.id)?.stream?.more(frame.credit);
      case "seen":
        for (const id of frame.ids) {
          const call = session.calls.get(id);
          if (call?.outcome) this.#answers.forget(call);
        }
        return;
      case "resume":
        return this.#resume(session, frame);
      case "heard":
        this.#events.heard(frame.n);
        session.heard(frame.n);
        void session.sendEvents(this.#events);
        return;
      case "roster": // only a coordinator's: peers do not tell each other who there is
        if (session.peer.role === "coordinator") this.#onRoster(frame.workers);
    }
  }

  #call(session: CalleeSession, frame: CallFrame): void {
    const { id, method, key, timeout } = frame;
    const known = session.calls.get(id);
    if (known?.outcome) return session.answer(known.outcome);
    if (known) return;
    const fresh = session.arrivals.arrives(id);
    const stream = frame.credit === undefined ? undefined : new StreamWriter(frame.credit);
    const call: IncomingCall = { session, id, stream };
    session.calls.set(id, call);
    if (!fresh) {
      return this.#answers.give(call, { kind: "lost", message: "it had it before, and forgot it" });
    }
    const unfit = this.#unfit(frame);
    if (unfit !== undefined) {
      return this.#answers.give(call, { kind: "incompatible", message: unfit });
    }
    if (this.draining) return this.#answers.give(call, { kind: "draining", message: "it stops" });
    if (timeout !== undefined) {
      const cause = `it was not done within ${timeout} ms`;
      call.deadline = this.#deadlines.after(timeout, () => this.#timeOut(call, cause));
    }
    const keyed = key === undefined || stream ? undefined : JSON.stringify([method, key]);
    const outcome = this.#keyed.outcome(keyed);
    if (outcome !== undefined) return this.#answers.give(call, outcome);
    const running = this.#keyed.running(keyed);
    const { input, attempt = 0 } = frame;
    const { peer: caller, id: lane } = session;
    call.run = running ?? new Run({
      method,
      input,
      key: keyed,
      attempt: attempt + 1,
      caller,
      lane,
    });
    call.run.calls.add(call);
    if (running === undefined) this.#start(call.run);
  }

  #unfit({ method, credit }: CallFrame): string | undefined {
    const kind = this.#implementation.kind(method);
    if (kind === undefined) return `contract "${this.#implementation.contract}" has no such method`;
    if ((kind === "stream") === (credit !== undefined)) return undefined;
    return kind === "stream" ? "it is a stream" : "it is no stream";
  }

  #tell(session: CalleeSession, { method, input }: TellFrame): void {
    if (this.draining || this.#implementation.kind(method) !== "method") return;
    const { peer: caller, id: lane } = session;
    this.#start(new Run({ method, input, key: undefined, attempt: 1, caller, lane }));
  }

  #start(run: Run): void {
    this.#keyed.add(run);
    const refused = this.#runner.add(run);
    if (refused === undefined) return;
    const { concurrency, queue } = this.limits;
    this.#fail(refused, "overloaded", `it runs ${concurrency} calls, and ${queue} wait`);
  }

  /** A handler has ended, or what nobody waited for has. */
  #settled(run: Run, outcome: Outcome): void {
    if (run.key !== undefined && run.aborted && "kind" in outcome) {
      this.#keyed.remove(run);
      // it was stopped as nobody waited; those who came with its key since then want it run
      if (run.calls.size > 0) this.#runAgain(run);
      return;
    }
    this.#keyed.settle(run, outcome);
    for (const call of run.calls) this.#answers.give(call, outcome);
    run.calls.clear();
  }

  #runAgain({ method, input, key, attempt, caller, lane, calls }: Run): void {
    const again = new Run({ method, input, key, attempt, caller, lane });
    for (const call of calls) {
      call.run = again;
      again.calls.add(call);
    }
    this.#start(again);
  }

  /** Fails what was not begun. */
  #fail(run: Run, kind: "overloaded" | "draining", message: string): void {
    this.#keyed.remove(run);
    for (const call of run.calls) this.#answers.give(call, { kind, message });
    run.calls.clear();
  }

  #timeOut(call: IncomingCall, message: string): void {
    this.#leave(call, new DOMException(message, "TimeoutError"));
    this.#answers.give(call, { kind: "timedOut", message });
  }

  #cancel(call: IncomingCall, message: string): void {
    if (call.outcome) return;
    this.#leave(call, new DOMException(message, "AbortError"));
    this.#answers.give(call, { kind: "canceled", message });
  }

  #cancelRunning(reason: string): void {
    for (const { calls } of this.#sessions.all) {
      for (const call of calls.values()) this.#cancel(call, reason);
    }
    this.#runner.abortAll(new DOMException(reason, "AbortError"));
  }

  /** The caller wants no answer. */
  #giveUp(call: IncomingCall | undefined, reason: string): void {
    if (call === undefined) return;
    if (!call.outcome) this.#leave(call, new DOMException(reason, "AbortError"));
    this.#answers.forget(call);
  }

  /** The call waits for its run no more; a run that nobody waits for is stopped. */
  #leave(call: IncomingCall, reason: unknown): void {
    const { run } = call;
    if (run === undefined) return;
    call.run = undefined;
    run.calls.delete(call);
    if (run.calls.size > 0) return;
    if (!run.begun) this.#keyed.remove(run);
    this.#runner.stop(run, reason);
  }

  #resume(session: CalleeSession, { calls }: ResumeFrame): void {
    const named = new Map(calls.map(({ id, items }) => [id, items ?? 0]));
    for (const call of [...session.calls.values()]) {
      if (!named.has(call.id)) this.#giveUp(call, "nobody waits for it any more");
    }
    session.resumed(named.keys());
    const unknown: number[] = [];
    for (const [id, items] of named) {
      const call = session.calls.get(id);
      if (call !== undefined) this.#answerAgain(call, items);
      else if (session.arrivals.neverArrived(id)) unknown.push(id);
      else session.answer({ t: "failed", id, kind: "lost", message: FORGOTTEN });
    }
    session.arrivals.only(unknown);
    if (unknown.length > 0) session.answer({ t: "unknown", ids: unknown });
  }

  #answerAgain(call: IncomingCall, items: number): void {
    try {
      this.#answers.giveAgain(call, items);
    } catch (e) { // an item is longer than the caller takes
      this.#leave(call, e);
      this.#answers.give(call, failureOf(e, "", ""));
    }
  }

  #emit(event: string, data: Json | undefined): void {
    this.#events.push(event, data);
    for (const session of this.#sessions.all) void session.sendEvents(this.#events);
  }
}
