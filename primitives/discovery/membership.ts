import { anySignal } from "../../runtime/mod.ts";
import type { RequestContext } from "../context.ts";
import { Session } from "../session/session.ts";
import { ownPod } from "../session/session_lease.ts";
import { pause } from "../waiting.ts";
import { GROUP_LABEL, memberAnnotations, type MemberInit } from "./member.ts";

/** The wait before a session that was lost is followed by another, at most, in milliseconds. */
const REJOIN_WAIT = 1_000;

/** What a membership is made of. */
interface Parts {
  /** Begins a session that says who this is. */
  readonly begin: (signal: AbortSignal) => Promise<Session>;
  readonly session: Session;
  /** Is called when it has left. */
  readonly left: (it: Membership) => void;
}

/** That this process is in a group: it is until it leaves, or its primitives close. */
export class Membership implements AsyncDisposable {
  readonly #context: RequestContext;
  readonly #begin: (signal: AbortSignal) => Promise<Session>;
  readonly #stop = new AbortController();
  #session: Session;
  #leaving: Promise<void> | undefined;
  readonly #staying: Promise<void>;
  readonly #left: (it: Membership) => void;

  private constructor(
    context: RequestContext,
    { begin, session, left }: Parts,
  ) {
    this.#context = context;
    this.#begin = begin;
    this.#session = session;
    this.#left = left;
    this.#staying = this.#stay();
  }

  /** Begins a session that says so. */
  static async join(
    context: RequestContext,
    { group, init, signal, left }:
      & { group: string; init: MemberInit; signal: AbortSignal }
      & Pick<Parts, "left">,
  ): Promise<Membership> {
    const owner = ownPod(context.namespace);
    const annotations = memberAnnotations(init, owner);
    const labels = { [GROUP_LABEL]: group };
    const begin = (signal: AbortSignal) => {
      const name = `troupe-session-${crypto.randomUUID()}`;
      return Session.begin(context, { name, labels, annotations, owner }, signal);
    };
    return new Membership(context, { begin, session: await begin(signal), left });
  }

  /** Names the present presence, as in `Member.id`: another one after the session was lost. */
  get id(): string {
    return this.#session.name;
  }

  /**
   * Milliseconds until others may take this process for gone unless its session is renewed; 0 while it is
   * gone.
   */
  remainingMs(): number {
    return this.#session.remainingMs();
  }

  /** Leaves, which others hear at once. Again does nothing. */
  leave(): Promise<void> {
    return this.#leaving ??= this.#leave();
  }

  /** The same as {@linkcode Membership.leave}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.leave();
  }

  async #leave(): Promise<void> {
    this.#stop.abort(new Error("It left"));
    await this.#staying;
    await this.#session.close();
    this.#left(this);
  }

  /** Comes back after a session that was lost. */
  async #stay(): Promise<void> {
    const { clock, errors, random } = this.#context;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await anyAborted(this.#session.signal, signal);
      try {
        await pause(clock, random() * REJOIN_WAIT, signal);
        this.#session = await this.#begin(signal);
      } catch (error) {
        if (!signal.aborted) errors.report(error);
      }
    }
  }
}

/** Resolves when one of them has aborted. */
async function anyAborted(...signals: AbortSignal[]): Promise<void> {
  const ended = anySignal(signals);
  if (ended.aborted) return;
  const { promise, resolve } = Promise.withResolvers<Event>();
  ended.addEventListener("abort", resolve, { once: true });
  await promise;
}
