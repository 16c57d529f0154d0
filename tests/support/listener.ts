import {
  type StreamEntry,
  StreamValidator,
  type StreamViolation,
  type ValidatedEvent,
} from "../../testing/mod.ts";
import type { Replica } from "./replicas.ts";
import type { SeenPod } from "./seen_pod.ts";

/** Promises that are kept or broken at once, whether or not the stream has come to its end. */
const AT_ANY_TIME: readonly string[] = ["ordered", "unique", "atomic"];

/** What the handler of one replica hears, validated against the record. */
export class Listener {
  readonly #validator = new StreamValidator<SeenPod>({ visible: ({ visible }) => visible });
  readonly #replica: Pick<Replica, "lines">;
  #read = 0;

  /** @param replica one that prints all that its handler of pods hears */
  constructor(replica: Pick<Replica, "lines">) {
    this.#replica = replica;
  }

  /** All that was heard so far, and the marks. */
  get entries(): readonly StreamEntry[] {
    this.#take();
    return this.#validator.entries;
  }

  /** Takes a change of the record. */
  record(type: "added" | "modified" | "deleted", pod: SeenPod): void {
    this.#validator.record(type, pod);
  }

  /** Its connection is interrupted now: all that it knows must be told again. */
  interrupted(): void {
    this.#take();
    this.#validator.resumed();
  }

  /** It must know now all that there was up to this version. */
  bookmark(resourceVersion: string): void {
    this.#take();
    this.#validator.bookmark(resourceVersion);
  }

  /** Promises that were not kept; of one that does not lead, those about what it did hear. */
  violations(options: { leads: boolean }): StreamViolation[] {
    this.#take();
    const found = this.#validator.violations();
    return options.leads ? found : found.filter(({ property }) => AT_ANY_TIME.includes(property));
  }

  #take(): void {
    const lines = this.#replica.lines();
    for (; this.#read < lines.length; this.#read++) {
      const line = lines[this.#read]!;
      if (line.line === "heard") this.#validator.hear(line as ValidatedEvent<SeenPod>);
      // who leads again hears what is there again
      if (line.line === "lost") this.#validator.resumed();
    }
  }
}
