/**
 * A worker's side of what is said to it: connections come in at one path of its HTTP server, prove who
 * they are, and bring calls to the contract's handlers.
 *
 * Frames go one way: the acceptor's channels give them to the callee, which runs handlers and answers
 * over the same channels. Without keys, as in a worker that was started by hand, nobody is let in. It
 * stops in two steps: `drain` finishes what runs and hands back the rest while channels are still there,
 * then `close` ends them.
 *
 * @module
 */
import {
  Acceptor,
  Callee,
  type Contract,
  type Handlers,
  type Implementation,
  implementation,
  type KeyRing,
  negotiationOf,
  serverMessageSocket,
  type Specs,
  SUBPROTOCOL,
  type TlsTrust,
} from "../../messaging/mod.ts";
import { asError, type HandlerScope, within } from "../../runtime/mod.ts";
import { Peers } from "./peers.ts";

/** Bytes of one message, as JSON; longer ones go into a file or a store. */
const FRAME_BYTES = 16 * 1024 * 1024;

/** Milliseconds that what was said last has to go out, also when the grace is over. */
const FLUSH_MS = 100;

/** How much a worker takes. */
export interface ImplementOptions {
  /**
   * Calls that run at once, of all callers together.
   * @default 16
   */
  concurrency?: number;
  /**
   * Calls that wait beside them. Beyond, callers wait or are refused, as they have asked for.
   * @default 64
   */
  queue?: number;
}

/** Who a worker is to those who dial it. */
export interface Self {
  /** The pod's name. */
  readonly name: string;
  /** Tells this process from all others. */
  readonly instance: string;
}

/** Options of {@linkcode WorkerMessages}. */
export interface WorkerMessagesOptions<S extends Specs> extends ImplementOptions {
  contract: Contract<S>;
  handlers: Handlers<S>;
  self: Self;
  /** By which it knows who may call; without any, nobody may. */
  keys: KeyRing | undefined;
  /** By what peers are known that are dialed by TLS. @default no TLS */
  trust?: TlsTrust;
  /** In which the contract's handlers run. */
  scope: HandlerScope;
  /** Hears what has no caller: what a `tell` throws, who was refused. */
  onError: (error: unknown) => void;
}

/** See the module's text. */
export class WorkerMessages<S extends Specs> {
  /** The contract that is implemented. */
  readonly contract: Contract<S>;
  /** The other workers; none without keys. */
  readonly peers: Peers<S> | undefined;
  readonly #callee: Callee;
  readonly #acceptor: Acceptor | undefined;
  #closed = false;

  /** @throws {TypeError} for handlers that do not fit the contract, and bad options */
  constructor(options: WorkerMessagesOptions<S>) {
    const { contract, handlers, self, keys, trust, scope, onError, ...limits } = options;
    const checked = implementation(contract, handlers); // before anything looks into them
    this.contract = contract;
    const negotiation = negotiationOf(contract as unknown as Contract);
    const callee = new Callee(scoped(checked, scope), {
      ...limits,
      onError,
      onRoster: (workers) => this.peers?.hear(workers),
    });
    this.#callee = callee;
    if (keys === undefined) return;
    const acceptor = new Acceptor({
      self,
      keys,
      negotiation,
      limits: { ...callee.limits, frameBytes: FRAME_BYTES },
      resumable: (session, peer) => callee.resumable(session, peer),
      onChannel: (channel) => callee.attach(channel.callee),
      onSessionEnd: (session, why) =>
        callee.fence(
          session,
          why === "deposed" ? "a newer leader has come" : "its caller has gone",
        ),
      onRefused: onError,
    });
    this.#acceptor = acceptor;
    // with the keys that coordinators have offered since
    this.peers = new Peers({
      contract,
      negotiation,
      self,
      keys: () => acceptor.keys,
      trust,
      onError,
    });
  }

  /** Answers who wants to talk. */
  accept(request: Request): Response {
    if (this.#acceptor === undefined) {
      return new Response("this worker has no keys\n", { status: 503 });
    }
    // who dials again what has just ended is no failure
    if (this.#closed) return new Response("this worker stops\n", { status: 503 });
    const offered = request.headers.get("sec-websocket-protocol")?.split(/\s*,\s*/) ?? [];
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      return new Response("a WebSocket is spoken here\n", {
        status: 426,
        headers: { upgrade: "websocket" },
      });
    }
    if (!offered.includes(SUBPROTOCOL)) {
      return new Response(`subprotocol "${SUBPROTOCOL}" is spoken here\n`, { status: 400 });
    }
    let upgraded: Deno.WebSocketUpgrade;
    try {
      upgraded = Deno.upgradeWebSocket(request, {
        protocol: SUBPROTOCOL,
        idleTimeout: 0, // channels see silence; Deno's timer outlives a connection that broke
      });
    } catch (error) { // it lacks what belongs to it: who has sent it is told
      return new Response(`${asError(error).message}\n`, { status: 400 });
    }
    void this.#acceptor.accept(serverMessageSocket(upgraded.socket));
    return upgraded.response;
  }

  /** Keeps an event until a coordinator has heard it. */
  emit(event: string, data: unknown): void {
    this.#callee.emit(event, data);
  }

  /**
   * Takes nothing new, hands back what waits, and finishes what runs within `grace` milliseconds. Resolves
   * when what was said is on its way.
   */
  async drain(grace: number): Promise<void> {
    const deadline = performance.now() + grace;
    if (this.#acceptor) this.#acceptor.draining = true;
    await this.#callee.drain({ grace });
    // a channel that ends gives up what is long
    await within(Math.max(FLUSH_MS, deadline - performance.now()), this.#flushed());
  }

  /** Ends all connections; waits for handlers of peers' events for `grace` milliseconds. */
  async close(grace: number): Promise<void> {
    this.#closed = true;
    await this.#acceptor?.close();
    this.#callee.close();
    await this.peers?.close(grace);
  }

  async #flushed(): Promise<void> {
    await this.#callee.told();
    await Promise.all((this.#acceptor?.channels ?? []).map((channel) => channel.flushed()));
  }
}

/** Handlers that know that they are some: who waits for all of them must not do so in one of them. */
function scoped(handlers: Implementation, scope: HandlerScope): Implementation {
  const call = scope.wrap((of: Parameters<Implementation["call"]>) => handlers.call(...of));
  return {
    contract: handlers.contract,
    kind: (method) => handlers.kind(method),
    event: (event, data) => handlers.event(event, data),
    call: (...of) => call(of),
    stream(...of) {
      const items = handlers.stream(...of);
      return {
        next: scope.wrap(() => items.next()),
        return: scope.wrap(() => items.return!()),
      };
    },
  };
}
