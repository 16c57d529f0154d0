import { Callee } from "../../calls/callee.ts";
import type { CalleeOptions } from "../../calls/callee_options.ts";
import { type Handlers, implementation } from "../../calls/implementation.ts";
import type { Contract, Specs } from "../../contract/contract.ts";
import type { Peer } from "../../session/channel.ts";
import {
  type MemoryChannels,
  memoryChannels,
  type MemoryChannelsOptions,
} from "../../session/memory_channel.ts";
import { LinkedMember } from "../linked_member.ts";

/** Options of {@linkcode MemoryWorker}. */
export interface MemoryWorkerOptions extends CalleeOptions, Pick<MemoryChannelsOptions, "latency"> {
  name?: string;
  uid?: string;
  index?: number;
  /** What its caller believes of it. @default its own limits */
  believed?: { concurrency: number; queue: number };
  /** Methods that its caller may ask for. @default all of the contract */
  methods?: string[];
}

const CALLER: Peer = { role: "coordinator", name: "boss", instance: "boss-1" };
let made = 0;

/** A worker in memory, as its caller sees it and as it is. */
export class MemoryWorker<S extends Specs> {
  readonly member: LinkedMember;
  callee: Callee;
  channels: MemoryChannels | undefined;
  readonly #contract: Contract<S>;
  readonly #handlers: Handlers<S>;
  readonly #options: MemoryWorkerOptions;
  #instance = 1;

  constructor(contract: Contract<S>, handlers: Handlers<S>, options: MemoryWorkerOptions = {}) {
    const { name = `w-${++made}`, uid = `uid-${name}`, index, now } = options;
    this.#contract = contract;
    this.#handlers = handlers;
    this.#options = { ...options, name };
    this.member = new LinkedMember({ name, uid, index }, { contract: contract.name, now });
    this.callee = this.#callee();
  }

  /** Connects it, or connects it again. */
  connect(): this {
    const { name, believed, latency, methods } = this.#options;
    const { limits } = this.callee;
    this.channels = memoryChannels({
      limits: believed ?? limits,
      resumed: this.callee.resumable("session", CALLER),
      caller: CALLER,
      callee: { name, instance: `${name}-${this.#instance}` },
      methods: methods ?? Object.keys(this.#contract.specs),
      draining: this.callee.draining,
      latency,
    });
    this.callee.attach(this.channels.callee);
    this.member.follow({ state: "ready", channel: this.channels.caller });
    return this;
  }

  /** Cuts the connection. */
  async cut(): Promise<void> {
    this.channels?.cut();
    await this.channels?.caller.ended;
    this.member.follow({ state: "connecting" });
  }

  /** Its process is another one: all that it had is gone. */
  async restart(): Promise<void> {
    await this.cut();
    this.callee.close();
    this.#instance++;
    this.callee = this.#callee();
    this.connect();
  }

  /** It is gone for ever. */
  async die(): Promise<void> {
    await this.cut();
    this.callee.close();
    this.member.lost("its pod is gone");
  }

  /** Ends all of it. */
  close(): void {
    this.member.close(new Error("the test is over"));
    this.callee.close();
  }

  #callee(): Callee {
    const { concurrency, queue, now, onError } = this.#options;
    const given = { ...(concurrency && { concurrency }), ...(queue !== undefined && { queue }) };
    return new Callee(implementation(this.#contract, this.#handlers), { ...given, now, onError });
  }
}
