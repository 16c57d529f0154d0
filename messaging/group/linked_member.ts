import { Caller, type CallerOptions } from "../calls/caller.ts";
import type { EventListener } from "../calls/event_reader.ts";
import type { CallerChannel, CallOptions, Limits } from "../session/channel.ts";
import type { Json } from "../wire/frame.ts";
import type { Member, MemberState, WorkerRef } from "./member.ts";

/** How a link stands, as far as a member follows it; `ended` is for good. */
export type LinkStanding =
  | { readonly state: "connecting" }
  | { readonly state: "ready" | "unresponsive"; readonly channel: CallerChannel }
  | { readonly state: "ended"; readonly error?: Error };

/** A worker at the other end of a link: it is given the link's states, and calls over its channels. */
export class LinkedMember implements Member {
  readonly worker: WorkerRef;
  readonly #caller: Caller;
  readonly #listeners = new Set<() => void>();
  #standing: LinkStanding["state"] = "connecting";
  #channel: CallerChannel | undefined;
  #suspended = false;

  /** A worker without a channel. `follow` is what its link's `onState` is. */
  constructor(worker: WorkerRef, options: Omit<CallerOptions, "worker">) {
    this.worker = worker;
    this.#caller = new Caller({ ...options, worker: worker.name });
    this.#caller.onChange(() => this.#changed());
  }

  get state(): MemberState {
    if (!this.#caller.open) return "gone";
    if (this.#caller.draining) return "draining";
    if (!this.#caller.connected) return "connecting";
    if (this.#standing === "unresponsive" || this.#suspended) return "unresponsive";
    return "ready";
  }

  get inFlight(): number {
    return this.#caller.inFlight;
  }

  get limits(): Limits | undefined {
    return this.#caller.limits;
  }

  get hasRoom(): boolean {
    return this.state === "ready" && this.#caller.hasRoom;
  }

  can(method: string): boolean {
    return this.#caller.methods?.has(method) ?? false;
  }

  call(method: string, input: Json | undefined, options: CallOptions): Promise<Json | undefined> {
    return this.#caller.call(method, input, options);
  }

  tell(method: string, input: Json | undefined): boolean {
    return this.#caller.tell(method, input);
  }

  stream(
    method: string,
    input: Json | undefined,
    options: CallOptions,
  ): AsyncIterableIterator<Json | undefined> {
    return this.#caller.stream(method, input, options);
  }

  onEvent(hear: EventListener): () => void {
    return this.#caller.onEvent(hear);
  }

  onChange(hear: () => void): () => void {
    const entry = () => hear();
    this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  }

  /** The link stands so now. */
  follow(link: LinkStanding): void {
    this.#standing = link.state;
    if (link.state === "ended") return this.lost(link.error?.message ?? "its link was closed");
    if (link.state !== "connecting" && link.channel !== this.#channel) {
      this.#channel = link.channel;
      this.#caller.attach(link.channel); // which is told as a change
    } else this.#changed();
  }

  /** Whether somebody else says that it is not ready: it gets nothing new, and keeps what it has. */
  suspend(suspended: boolean): void {
    if (suspended === this.#suspended) return;
    this.#suspended = suspended;
    this.#changed();
  }

  /** The worker is gone for ever: its pod is deleted, or its link ended. */
  lost(reason: string): void {
    this.#caller.lost(reason);
  }

  /** Calls it nothing any more: what is on its way is canceled, and rejects with the reason. */
  close(reason: Error): void {
    this.#caller.close(reason);
  }

  #changed(): void {
    for (const hear of this.#listeners) hear();
  }
}
