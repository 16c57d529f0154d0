import { isOlder, type MergePatch } from "../../kube/mod.ts";
import { asError } from "../../runtime/mod.ts";
import type { Head } from "../heads.ts";
import { ANNOTATIONS } from "../labels.ts";
import type { Mandate } from "../leadership/mandate.ts";
import type { Supervised } from "./policy.ts";
import { contentOf, parseRecord, serializeRecord } from "./record.ts";
import type { GroupState, Memory } from "./state.ts";
import type { SupervisedCluster } from "./supervised_cluster.ts";

/** The record was changed by somebody else: all is begun anew from what is stored. */
export class RecordChanged extends Error {}

/** Options of {@linkcode RecordKeeper}. */
export interface RecordKeeperOptions {
  cluster: SupervisedCluster;
  /** The monotonic clock. */
  now: () => number;
  /** Hears of a record that cannot be read; it is replaced. */
  onError: (error: Error) => void;
}

/** What is known of a head and of its record. */
interface Known {
  head: Head;
  /** The annotation as it was last read or written. */
  text: string | undefined;
  /** What it says, to tell whether something has changed. */
  content: string | undefined;
}

/** What is remembered of a group in one term, and what of it stands on the heads. */
export class RecordKeeper {
  /** What is remembered. */
  state: GroupState = new Map();
  readonly #options: RecordKeeperOptions;
  readonly #known = new Map<string, Known>();

  /** Remembers nothing. */
  constructor(options: RecordKeeperOptions) {
    this.#options = options;
  }

  /** The head of a workload whose record was read: the later of what was seen and written. */
  head(member: Supervised): Head | undefined {
    const written = this.#known.get(member.name)?.head;
    const seen = this.#options.cluster.head(member);
    if (written === undefined || seen === undefined) return undefined;
    return isSame(seen, written) && isOlder(written, seen) ? seen : written;
  }

  /** Reads the records of heads that are new here, and forgets those of heads that are gone. */
  async load(members: readonly Supervised[], signal: AbortSignal): Promise<void> {
    const { cluster } = this.#options;
    for (const member of members) {
      const seen = cluster.head(member);
      const known = this.#known.get(member.name);
      if (seen !== undefined && known !== undefined && isSame(seen, known.head)) continue;
      this.#known.delete(member.name);
      const state = new Map(this.state);
      state.delete(member.name);
      this.state = state;
      const head = seen && await cluster.read(member, signal);
      if (head !== undefined && isSame(head, seen!)) this.#learn(member.name, head);
    }
  }

  /** Writes what has changed to the heads. */
  async persist(members: readonly Supervised[], mandate: Mandate): Promise<void> {
    for (const member of members) {
      const memory = this.state.get(member.name);
      const known = this.#known.get(member.name);
      if (memory === undefined || contentOf(memory) === known?.content) continue;
      await this.write(member, memory, { mandate });
    }
  }

  /**
   * Writes one memory, together with another change of the head.
   *
   * @throws {RecordChanged} when the head is another one, or its record is not as it was last known
   */
  async write(
    member: Supervised,
    memory: Memory,
    { mandate, change }: { mandate: Mandate; change?: MergePatch },
  ): Promise<void> {
    const known = this.#known.get(member.name);
    if (known === undefined) throw new RecordChanged();
    const text = serializeRecord(memory, this.#options.now());
    const stored = await this.#options.cluster.amend(member, mandate, (live) => {
      const recorded = live.metadata?.annotations?.[ANNOTATIONS.supervision];
      if (!isSame(live, known.head) || recorded !== known.text) throw new RecordChanged();
      return { ...change, metadata: { annotations: { [ANNOTATIONS.supervision]: text } } };
    });
    if (stored === undefined) throw new RecordChanged();
    Object.assign(known, { head: stored, text, content: contentOf(memory) });
  }

  #learn(name: string, head: Head): void {
    const text = head.metadata?.annotations?.[ANNOTATIONS.supervision];
    const known: Known = { head, text, content: undefined };
    this.#known.set(name, known);
    if (text === undefined) return;
    try {
      const memory = parseRecord(text, this.#options.now());
      known.content = contentOf(memory);
      this.state = new Map(this.state).set(name, memory);
    } catch (error) {
      this.#options.onError(asError(error));
    }
  }
}

function isSame(a: Head, b: Head): boolean {
  return a.kind === b.kind && a.metadata?.uid === b.metadata?.uid;
}
