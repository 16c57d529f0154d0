import type { Target, WorkerChange, WorkerStatus } from "./asking.ts";
import type { Member, MemberState } from "./member.ts";
import { rendezvous } from "./rendezvous.ts";

/** What is known of a member beside what it says itself. */
interface Known {
  state: MemberState;
  /** Whether keys fall to it: since it was ready for the first time, until it takes nothing new. */
  keyed: boolean;
  /** Removes what listens to it. */
  readonly leave: () => void;
}

/** What {@linkcode Members} tells. */
export interface MembersEvents {
  /** A member came: what removes from it what was set up for it. */
  came(member: Member): () => void;
  /** A member stands differently. */
  stands(change: WorkerChange): void;
  /** Something has changed; with `who`, also which worker a target means. */
  changed(who: boolean): void;
}

/** The workers of a group, until they are gone. */
export class Members {
  readonly #events: MembersEvents;
  readonly #known = new Map<Member, Known>();
  #list: readonly Member[] = [];

  /** None at first. */
  constructor(events: MembersEvents) {
    this.#events = events;
  }

  /** All, in the order in which they came. */
  get list(): readonly Member[] {
    return this.#list;
  }

  /** All, and how they stand. */
  get statuses(): WorkerStatus[] {
    return this.#list.map(({ worker, state, inFlight }) => ({ worker, state, inFlight }));
  }

  /** Those that keys fall to. */
  get keyed(): Member[] {
    return this.#list.filter((member) => this.#known.get(member)?.keyed);
  }

  /** Adds a member; it leaves by itself when it is gone. */
  add(member: Member): void {
    if (this.#known.has(member)) return;
    const forget = this.#events.came(member);
    const unlisten = member.onChange(() => this.#look(member));
    const known: Known = {
      state: "connecting",
      keyed: false,
      leave: () => {
        unlisten();
        forget();
      },
    };
    this.#known.set(member, known);
    this.#list = [...this.#known.keys()];
    known.state = member.state;
    known.keyed = member.state === "ready";
    this.#events.stands({ worker: member.worker, state: member.state, before: undefined });
    if (member.state === "gone") this.remove(member);
    else this.#events.changed(true);
  }

  /** Takes a member out, as if it was gone; its calls go on. */
  remove(member: Member): void {
    const known = this.#known.get(member);
    if (known === undefined) return;
    known.leave();
    this.#known.delete(member);
    this.#list = [...this.#known.keys()];
    if (known.state !== "gone") {
      this.#events.stands({ worker: member.worker, state: "gone", before: known.state });
    }
    this.#events.changed(true);
  }

  /** The worker that a target means now. */
  find(to: Target): Member | undefined {
    if ("key" in to) return rendezvous(to.key, this.keyed, ({ worker }) => worker.name);
    // of two with one name or number the newer one: the older one is about to be gone
    return this.#list.findLast(({ worker, state }) =>
      state !== "gone" && state !== "draining" &&
      ("worker" in to ? worker.name === to.worker : worker.index === to.index)
    );
  }

  #look(member: Member): void {
    const known = this.#known.get(member);
    if (known === undefined) return;
    const { state } = member;
    const before = known.state;
    if (state === before) return this.#events.changed(false);
    known.state = state;
    known.keyed = state === "ready" || (known.keyed && state !== "draining" && state !== "gone");
    this.#events.stands({ worker: member.worker, state, before });
    if (state === "gone") this.remove(member);
    else this.#events.changed(true);
  }
}
