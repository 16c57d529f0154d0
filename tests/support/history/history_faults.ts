import { processStartTime } from "../../../local/node/mod.ts";
import { type FaultRule, seededRandom } from "../../../testing/mod.ts";
import type { HistoryClients } from "./history_clients.ts";
import type { HistoryCluster, ServerProcess } from "./history_cluster.ts";

/** What the network does for a while; `hole` and `refuse` strike all connections. */
const WEATHER = {
  cut: [{ fault: "cut", probability: 0.3, afterMs: [0, 500] }, {
    fault: "cut",
    probability: 0.3,
    afterBytes: [0, 400],
  }],
  stall: [{ fault: "stall", probability: 0.15, afterBytes: [0, 400] }],
  slow: [{ fault: "delay", probability: 0.5, ms: [50, 500] }, {
    fault: "hold",
    probability: 0.5,
    ms: [50, 500],
  }],
  // a PUT is conditional: the version that is replaced stands in it
  conflicts: [{ fault: "status", code: 409, method: "PUT", probability: 0.4 }],
  crowd: [{ fault: "status", code: 429, retryAfterSeconds: 1, probability: 0.3 }],
  hole: [],
  refuse: [],
} satisfies Record<string, readonly FaultRule[]>;

type Weather = keyof typeof WEATHER;

/** What befalls the network: each of them in any 20 s. */
export const WEATHERS: readonly Weather[] = Object.keys(WEATHER) as Weather[];

/** What befalls clients, in any order. */
const STRIKES = ["kill", "short pause", "long pause", "short pause", "long pause"] as const;

/** Milliseconds, at least and at most. */
const BETWEEN_STRIKES = [800, 2_200] as const;
const WEATHER_TIME = [800, 1_400] as const;
const CALM_TIME = [700, 1_300] as const;
const BETWEEN_SERVER_FAULTS = [6_000, 11_000] as const;
const SHORT_PAUSE = [100, 1_500] as const;

/** Milliseconds after which a server that runs is taken to have begun. */
const SETTLING_TIME = 300;
/** Milliseconds within which a server has to be started again. */
const REVIVAL_TIME = 180_000;

/** Options of {@linkcode HistoryFaults}. */
export interface HistoryFaultsOptions {
  seed: number;
  /** Milliseconds after which a holder is followed; pauses are longer. */
  leaseDuration: number;
  /** Whether the network and the servers fail too, and not only the clients. @default true */
  all?: boolean;
}

/** Lets clients, network and servers fail, as a seed says, until it is closed; then all is well again. */
export class HistoryFaults implements AsyncDisposable {
  /** How many faults there were, by kind. */
  readonly counts: Record<string, number> = {};
  /** How many of them befell servers. */
  serverFaults = 0;
  readonly #cluster: HistoryCluster;
  readonly #clients: HistoryClients;
  readonly #options: HistoryFaultsOptions;
  readonly #random: () => number;
  readonly #end = Promise.withResolvers<void>();
  readonly #running: Promise<void>;
  readonly #pauses = new Set<Promise<void>>();
  #isOver = false;

  /** Begins at once. */
  constructor(cluster: HistoryCluster, clients: HistoryClients, options: HistoryFaultsOptions) {
    this.#cluster = cluster;
    this.#clients = clients;
    this.#options = options;
    this.#random = seededRandom(options.seed);
    const others = options.all ?? true ? [this.#strikeNetwork(), this.#strikeServers()] : [];
    this.#running = Promise.all([this.#strikeClients(), ...others]).then(() => {});
    this.#running.catch(() => {}); // `close()` tells
  }

  /** Ends it; who is paused goes on. */
  async close(): Promise<void> {
    this.#isOver = true;
    this.#end.resolve();
    await this.#running;
    await Promise.all(this.#pauses);
    for (const server of this.#cluster.servers) await this.#live(server);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #strikeClients(): Promise<void> {
    for (const strike of this.#shuffled(STRIKES)) {
      await this.#wait(this.#between(...BETWEEN_STRIKES));
      if (this.#isOver) return;
      const victim = this.#clients.pick(this.#random, { isHolder: strike === "long pause" });
      if (victim === undefined) continue;
      this.#count(strike);
      if (strike === "kill") {
        await this.#clients.kill(victim);
        continue;
      }
      const { leaseDuration } = this.#options;
      const ms = strike === "short pause"
        ? this.#between(...SHORT_PAUSE)
        : this.#between(1.4 * leaseDuration, 2.2 * leaseDuration);
      const paused = this.#clients.pause(victim, this.#wait(ms));
      this.#pauses.add(paused);
      paused.then(() => this.#pauses.delete(paused), () => {}); // `close()` tells
    }
  }

  async #strikeNetwork(): Promise<void> {
    const { proxy } = this.#cluster;
    let seed = this.#options.seed;
    for (const weather of this.#shuffled(WEATHERS)) {
      if (this.#isOver) break;
      this.#count(weather);
      proxy.use({ seed: ++seed, rules: WEATHER[weather] });
      if (weather === "hole") proxy.stall();
      if (weather === "refuse") {
        proxy.refuse(true);
        proxy.cut();
      }
      await this.#wait(this.#between(...WEATHER_TIME));
      proxy.resume();
      proxy.refuse(false);
      proxy.use({ rules: [] });
      await this.#wait(this.#between(...CALM_TIME));
    }
  }

  async #strikeServers(): Promise<void> {
    const faults = this.#cluster.servers.flatMap((server) => [
      { what: `pause ${server.name}`, strike: () => this.#pauseServer(server) },
      ...(server.kill
        ? [{ what: `kill ${server.name}`, strike: () => this.#killServer(server) }]
        : []),
    ]);
    if (faults.length === 0) return;
    for (const { what, strike } of this.#shuffled(faults)) {
      await this.#wait(this.#between(...BETWEEN_SERVER_FAULTS));
      if (this.#isOver) return;
      this.#count(what);
      this.serverFaults++;
      await strike();
    }
  }

  async #pauseServer(server: ServerProcess): Promise<void> {
    await this.#live(server);
    Deno.kill(server.pid(), "SIGSTOP");
    try {
      await this.#wait(this.#between(500, 1.2 * this.#options.leaseDuration));
    } finally {
      Deno.kill(server.pid(), "SIGCONT");
    }
  }

  async #killServer(server: ServerProcess): Promise<void> {
    await this.#live(server);
    await server.kill!();
    await this.#wait(this.#between(300, 1_500));
    await this.#live(server);
  }

  /**
   * Starts it again if it has ended: a kube-apiserver does that while it cannot reach its etcd, and both when a
   * connection has taken their port meanwhile, until that is cut: an attempt may fail.
   */
  async #live(server: ServerProcess): Promise<void> {
    let failure: unknown;
    for (const since = performance.now(); !await this.#lives(server);) {
      if (performance.now() - since > REVIVAL_TIME) {
        throw new Error(`Cannot start ${server.name} again: it has ended each time`, {
          cause: failure,
        });
      }
      // it may need another server that has ended
      const all = this.#cluster.servers.filter((it) => it.revive);
      for (const it of all.reverse()) {
        if (!isRunning(it)) await it.revive!().catch((error) => failure = error);
      }
    }
  }

  /** Whether it runs, and still does a moment later. */
  async #lives(server: ServerProcess): Promise<boolean> {
    if (!isRunning(server)) return false;
    await new Promise((resolve) => setTimeout(resolve, SETTLING_TIME));
    return isRunning(server);
  }

  #count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }

  /** All of them in some order, then in another one, and so on. */
  *#shuffled<T>(all: readonly T[]): Generator<T, void, void> {
    for (;;) {
      const left = [...all];
      while (left.length > 0) yield left.splice(Math.floor(this.#random() * left.length), 1)[0]!;
    }
  }

  #between(least: number, most: number): number {
    return Math.round(least + this.#random() * (most - least));
  }

  async #wait(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    await Promise.race([promise, this.#end.promise]);
    clearTimeout(timer);
  }
}

/** One that was killed may be a zombie for seconds: that one runs no more. */
function isRunning(server: ServerProcess): boolean {
  return processStartTime(server.pid()) !== undefined;
}
