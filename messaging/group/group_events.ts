import type { Json } from "../wire/frame.ts";
import type { EventOrigin } from "./asking.ts";
import type { Member } from "./member.ts";
import type { Typed } from "./typed.ts";

type EventHandler = (data: unknown, origin: EventOrigin) => unknown;

/** Who hears which events of a group's workers. They are listened to once somebody hears any. */
export class GroupEvents {
  readonly #typed: Typed;
  readonly #onError: (error: unknown) => void;
  readonly #handlers = new Map<string, Set<EventHandler>>();
  readonly #members = new Map<Member, (() => void) | undefined>();
  #listening = false;

  /** @param onError gets what handlers throw or reject with, and what does not fit the contract */
  constructor(typed: Typed, onError: (error: unknown) => void) {
    this.#typed = typed;
    this.#onError = onError;
  }

  /** Adds a handler; returns what removes it. */
  on(event: string, handler: EventHandler): () => void {
    const handlers = this.#handlers.get(event) ?? new Set();
    this.#handlers.set(event, handlers);
    const entry: EventHandler = (data, origin) => handler(data, origin);
    handlers.add(entry);
    if (!this.#listening) {
      this.#listening = true;
      for (const member of this.#members.keys()) this.#listen(member);
    }
    return () => void handlers.delete(entry);
  }

  /** A member came; returns what removes it. */
  came(member: Member): () => void {
    this.#members.set(member, undefined);
    if (this.#listening) this.#listen(member);
    return () => {
      this.#members.get(member)?.();
      this.#members.delete(member);
    };
  }

  #listen(member: Member): void {
    const leave = member.onEvent((event, data, lost) => this.#heard(member, event, data, lost));
    this.#members.set(member, leave);
  }

  async #heard({ worker }: Member, event: string, json: Json | undefined, lost: number) {
    const handlers = this.#handlers.get(event);
    if (handlers === undefined || handlers.size === 0) return;
    try {
      const data = this.#typed.heard(event, json, worker);
      await Promise.all([...handlers].map(async (hear) => {
        try {
          await hear(data, { worker, lost });
        } catch (e) {
          this.#onError(e);
        }
      }));
    } catch (e) {
      this.#onError(e);
    }
  }
}
