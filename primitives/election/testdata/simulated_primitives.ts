import { ErrorReporter } from "../../../runtime/mod.ts";
import { Background } from "../../background.ts";
import { Participants } from "../../participants.ts";
import type { CandidacyContext } from "../candidacy.ts";
import type { SimulatedProcess } from "./simulated_process.ts";

/** What the primitives of a simulated process are made with. */
export class SimulatedPrimitives {
  readonly errors: Error[] = [];
  readonly context: CandidacyContext;
  readonly #stop = new AbortController();

  constructor({ client, clock, name }: SimulatedProcess) {
    const errors = new ErrorReporter(name);
    errors.add((error) => this.errors.push(error));
    this.context = {
      client,
      namespace: "ns",
      clock,
      random: () => 0.5,
      errors,
      background: new Background(errors),
      participants: new Participants(errors),
      timing: {
        leaseDuration: 8_000,
        renewDeadline: 6_000,
        renewInterval: 2_000,
        requestTimeout: 1_500,
      },
      identity: name,
      signal: this.#stop.signal,
    };
  }

  /** As `Primitives.close()`. */
  async close(): Promise<void> {
    await this.context.participants.leave();
    this.#stop.abort(new Error("The primitives were closed"));
    await this.context.background.settled();
  }
}
