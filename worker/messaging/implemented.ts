import type { Contract, EventName, Specs, ToldOf } from "../../messaging/mod.ts";
import type { WorkerMessages } from "./worker_messages.ts";

/** A contract that a worker implements; what `Worker.implement` returns. */
export class Implemented<S extends Specs> {
  /** The contract. */
  readonly contract: Contract<S>;
  readonly #messages: WorkerMessages<S>;

  /** @ignore made by `Worker.implement` */
  constructor(messages: WorkerMessages<S>) {
    this.contract = messages.contract;
    this.#messages = messages;
  }

  /**
   * Tells an event to the coordinator. It is kept until one has heard it: the last 1,000 are, and how many
   * went before them is told.
   *
   * @throws {TypeError} when the data does not fit the contract
   */
  emit<E extends EventName<S>>(event: E, data: ToldOf<S, E>): void {
    this.#messages.emit(event, data);
  }
}
