import { type Running, startProgram } from "../greeter.ts";
import type { HistoryClientConfig } from "./history_client.ts";

/** Rates of the clients' clocks: they drift by 10 % either way. */
const RATES = [0.9, 1, 1.1, 0.95, 1.05];

/** Milliseconds within which a client has ended that was asked to. */
const GRACE = 40_000;

interface Client {
  name: string;
  running: Running;
  isPaused: boolean;
}

/** Processes that use primitives and record what they are told. Who is killed is followed by a new one. */
export class HistoryClients implements AsyncDisposable {
  /** How often the calendars of those that ended by themselves have jumped. */
  jumps = 0;
  readonly #config: Omit<HistoryClientConfig, "client" | "rate">;
  readonly #all = new Set<Client>();
  #started = 0;

  /** None runs yet. */
  constructor(config: Omit<HistoryClientConfig, "client" | "rate">) {
    this.#config = config;
  }

  /** Adds clients; resolves when they are at work. */
  async add(count: number): Promise<void> {
    const program = new URL("history_client.ts", import.meta.url).pathname;
    const flags = ["run", "--quiet", "--no-prompt", "--no-check", "-A"];
    const added = Array.from({ length: count }, () => {
      const nth = this.#started++;
      const name = `c${nth}`;
      const rate = RATES[nth % RATES.length]!;
      const seed = this.#config.seed * 1_000 + nth;
      const config: HistoryClientConfig = { ...this.#config, client: name, rate, seed };
      const command = [Deno.execPath(), ...flags, program, JSON.stringify(config)];
      const client = { name, running: startProgram(command), isPaused: false };
      this.#all.add(client);
      return client.running.printed(/ready/, { timeout: 120_000 });
    });
    await Promise.all(added);
  }

  /** One that runs; one that holds the lock, if that is asked for and any does. */
  pick(random: () => number, { isHolder }: { isHolder: boolean }): Client | undefined {
    const there = [...this.#all].filter(({ isPaused }) => !isPaused);
    const holders = isHolder ? there.filter(({ name }) => this.#holds(name)) : [];
    const from = holders.length > 0 ? holders : there;
    // one at least goes on
    return there.length > 1 ? from[Math.floor(random() * from.length)] : undefined;
  }

  /** Kills a client, and starts another one. */
  async kill(client: Client): Promise<void> {
    this.#all.delete(client);
    await client.running.stop("SIGKILL");
    await this.add(1);
  }

  /** Stops a client until then. */
  async pause(client: Client, until: Promise<void>): Promise<void> {
    client.isPaused = true;
    Deno.kill(client.running.pid, "SIGSTOP");
    await until;
    Deno.kill(client.running.pid, "SIGCONT");
    client.isPaused = false;
  }

  /** Lets all end what they do. */
  async end(): Promise<void> {
    await Promise.all([...this.#all].map(async ({ name, running }) => {
      Deno.kill(running.pid, "SIGTERM");
      await running.ended({ timeout: GRACE });
      const jumps = running.output().match(/jumps (\d+)/);
      if (!jumps) {
        throw new Error(`Cannot go on: client "${name}" has failed:\n${running.output()}`);
      }
      this.jumps += Number(jumps[1]);
    }));
    this.#all.clear();
  }

  /** Kills all that are left. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#all].map(({ running }) => running.stop("SIGKILL")));
  }

  /** By what it has written last: whether it is not waiting for the lock. */
  #holds(name: string): boolean {
    return [1, 2].some((loop) => isHeld(`${this.#config.dir}/${name}.${loop}.lock.ndjson`));
  }
}

function isHeld(path: string): boolean {
  try {
    const last = Deno.readTextFileSync(path).trimEnd().split("\n").at(-1) ?? "";
    return last.includes('"line":"return"') && !last.includes('"held":false');
  } catch {
    return false; // it has just begun
  }
}
