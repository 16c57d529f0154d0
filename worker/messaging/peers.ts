/**
 * The other workers of a worker's workload.
 *
 * The coordinator says who they are, whenever that has changed; what it has said last stays true while
 * there is none, so that workers go on talking to each other. A peer is dialed from here, and dialed
 * again when its connection breaks: calls to it go over the connection that was made here, those from it
 * over one that it has made. It has `joined` once it has answered, and `left` when the coordinator no
 * longer names it, or when nothing was heard of it for a while; if it comes back it joins again.
 *
 * @module
 */
import {
  type Asking,
  type Contract,
  dialMessages,
  Group,
  type KeyRing,
  Link,
  LinkedMember,
  type Negotiation,
  type RosterEntry,
  type Specs,
  type TlsTrust,
} from "../../messaging/mod.ts";
import { type Handler, SerialHandlers, within } from "../../runtime/mod.ts";
import type { Self } from "./worker_messages.ts";

/** Milliseconds without a connection after which a peer counts as having left. */
const LEFT_MS = 10_000;

/** A worker of the same workload came or went. */
export interface PeerEvent {
  /** Tells it from other events. */
  readonly kind: "Peer";
  /** `joined`: it has answered; `left`: it is gone, or nothing is heard of it. */
  readonly type: "joined" | "left";
  /** The name of its pod. */
  readonly name: string;
  /** Its number, of a workload with identity or items. */
  readonly index: number | undefined;
}

/** Options of {@linkcode Peers}. */
export interface PeersOptions<S extends Specs> {
  readonly contract: Contract<S>;
  readonly negotiation: Negotiation;
  readonly self: Self;
  readonly keys: () => KeyRing;
  /** By what peers are known that are dialed by TLS. @default no TLS */
  readonly trust?: TlsTrust;
  readonly onError: (error: unknown) => void;
}

/** A peer that is named. */
interface Known {
  readonly entry: RosterEntry;
  readonly link: Link;
  readonly member: LinkedMember;
  /** Set once it has joined. */
  joined: boolean;
  /** Runs while it is silent. */
  leaving?: ReturnType<typeof setTimeout>;
}

/** See the module's text. */
export class Peers<S extends Specs> {
  readonly #options: PeersOptions<S>;
  readonly #group: Group<S>;
  readonly #handlers: SerialHandlers<PeerEvent>;
  readonly #known = new Map<string, Known>();
  #roster: readonly RosterEntry[] = [];
  /** Whether somebody wants to know them: until then nobody is dialed. */
  #wanted = false;

  /** Nobody yet. */
  constructor(options: PeersOptions<S>) {
    this.#options = options;
    this.#group = new Group(options.contract, { onError: options.onError });
    this.#handlers = new SerialHandlers(options.onError);
  }

  /** The peers as one; they are dialed from now on. */
  get asking(): Asking<S> {
    this.#want();
    return this.#group;
  }

  /** Calls `handler` for each event of a peer, also of those that are there; returns what removes it. */
  onPeerEvent(handler: Handler<PeerEvent>): () => void {
    this.#want();
    const remove = this.#handlers.add(handler);
    for (const known of this.#known.values()) {
      if (known.joined) {
        void Promise.resolve(event("joined", known)).then(handler).catch(this.#options.onError);
      }
    }
    return remove;
  }

  /** Hears from the coordinator who there is. */
  hear(roster: readonly RosterEntry[]): void {
    this.#roster = roster.filter(({ name }) => name !== this.#options.self.name);
    this.#look();
  }

  /**
   * Ends all connections to peers; calls to them reject, those that wait for one and those that come too.
   * Waits for handlers of events for `grace` milliseconds.
   */
  async close(grace: number): Promise<void> {
    const reason = new Error("Cannot ask a peer: the worker stops");
    this.#roster = [];
    this.#group.close(reason); // first, so that nothing is given to another peer
    const all = [...this.#known.values()];
    this.#known.clear();
    for (const known of all) {
      const { member, leaving } = known;
      clearTimeout(leaving);
      known.joined = false; // so that the end of its link is told nobody, now or in a while
      member.close(reason);
    }
    await Promise.all(all.map(({ link }) => link.close()));
    await within(grace, this.#handlers.settled());
  }

  #want(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    this.#look();
  }

  #look(): void {
    if (!this.#wanted) return;
    const named = new Map(this.#roster.map((entry) => [keyOf(entry), entry]));
    for (const [key, known] of this.#known) {
      if (named.has(key)) continue;
      this.#known.delete(key);
      clearTimeout(known.leaving);
      this.#leave(known);
      known.member.lost("the coordinator no longer names it");
      void known.link.close();
    }
    for (const [key, entry] of named) {
      if (!this.#known.has(key)) this.#known.set(key, this.#meet(entry));
    }
  }

  #meet(entry: RosterEntry): Known {
    const { contract, negotiation, self, keys, trust, onError } = this.#options;
    const { name, uid, index, address, port } = entry;
    const member = new LinkedMember({ name, uid, ...(index !== undefined && { index }) }, {
      contract: contract.name,
      onError,
    });
    const link = new Link({
      self: { role: "worker", ...self },
      keys,
      negotiation,
      expect: name,
      dial: (signal) => dialMessages({ address, port }, { signal, tls: trust }),
      onState: (state) => {
        member.follow("channel" in state ? { ...state, channel: state.channel.caller } : state);
        if (state.state === "ready") this.#join(known);
        else if (state.state !== "unresponsive") this.#leaveSoon(known);
      },
    });
    const known: Known = { entry, link, member, joined: false };
    this.#group.add(member);
    return known;
  }

  #join(known: Known): void {
    clearTimeout(known.leaving);
    known.leaving = undefined;
    if (known.joined) return;
    known.joined = true;
    this.#handlers.emit(event("joined", known));
  }

  #leaveSoon(known: Known): void {
    if (!known.joined) return;
    known.leaving ??= setTimeout(() => {
      known.leaving = undefined;
      this.#leave(known);
    }, LEFT_MS);
  }

  #leave(known: Known): void {
    if (!known.joined) return;
    known.joined = false;
    this.#handlers.emit(event("left", known));
  }
}

function event(type: PeerEvent["type"], { entry: { name, index } }: Known): PeerEvent {
  return { kind: "Peer", type, name, index };
}

/** Another process at another address is another peer. */
function keyOf({ uid, address, port }: RosterEntry): string {
  return `${uid} ${address} ${port}`;
}
