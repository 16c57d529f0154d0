import type { ObjectServer } from "../../testdata/object_server.ts";
import type {
  SimulatedProcess,
  SimulatedProcessOptions,
} from "../../testdata/simulated_process.ts";
import { VirtualScene } from "../../testdata/virtual_scene.ts";
import type { OwnershipOptions } from "../ownership_options.ts";
import { ShardedOwnership } from "../sharded_ownership.ts";

/** A process that takes part, and what its handlers do. */
export interface Participant {
  readonly name: string;
  readonly process: SimulatedProcess;
  readonly ownership: ShardedOwnership;
  /** The keys for which its handlers run, and the Lease of the session by which. */
  readonly active: Map<string, string>;
}

/** What a participant's handlers do beside being recorded, and for how long they are waited for at the end. */
export type SceneHandlers = Partial<Pick<OwnershipOptions, "onAcquire" | "onRelease" | "grace">>;

/** Options of `OwnershipScene.join`. */
export interface JoinOptions extends SceneHandlers {
  /** @default those of the scene */
  readonly keys?: Iterable<string>;
  readonly process?: Partial<SimulatedProcessOptions>;
}

/** What must not happen. */
export class Violation extends Error {}

/**
 * Processes that share keys, in virtual time. After all that happens it is looked whether a key is trusted in
 * by two, and with each call of a handler whether the one before has released it, and whether tokens grow.
 */
export class OwnershipScene implements AsyncDisposable {
  readonly scene: VirtualScene = new VirtualScene();
  readonly participants: Participant[] = [];
  /** How often keys were acquired. */
  acquired = 0;
  /** Whether the record was deleted, which lets others in before those who have keys know. */
  unsafe = false;
  readonly #keys: readonly string[];
  readonly #tokens = new Map<string, { token: number; of: string }>();

  /** @param keys those of who names no others */
  constructor(keys: readonly string[]) {
    this.#keys = keys;
    this.scene.check = () => this.#check();
  }

  get server(): ObjectServer {
    return this.scene.server;
  }

  /** Starts a process. */
  join(name: string, { keys = this.#keys, process: how, ...own }: JoinOptions = {}): Participant {
    const process = this.scene.process(name, how);
    const active = new Map<string, string>();
    const ownership = new ShardedOwnership(process.context, "parts", {
      keys,
      ...own.grace !== undefined && { grace: own.grace },
      onAcquire: (key, token, signal) => {
        this.#began(participant, key, token);
        active.set(key, this.#leaseOf(process));
        return own.onAcquire?.(key, token, signal);
      },
      onRelease: async (key) => {
        try {
          await own.onRelease?.(key);
        } finally {
          active.delete(key);
        }
      },
    });
    const participant: Participant = { name, process, ownership, active };
    this.participants.push(participant);
    return participant;
  }

  /** How many keys each has. */
  get loads(): Record<string, number> {
    return Object.fromEntries(
      this.#living().map(({ name, ownership }) => [name, ownership.owned.size]),
    );
  }

  /** Lets time pass until each key is held; returns how much passed. */
  async allOwned(keys: Iterable<string>, limit?: number): Promise<number> {
    const all = [...keys];
    return await this.scene.until(() => {
      const owned = new Set(this.#living().flatMap(({ ownership }) => [...ownership.owned.keys()]));
      return all.every((key) => owned.has(key));
    }, limit);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.scene[Symbol.asyncDispose]();
  }

  #living(): Participant[] {
    return this.participants.filter(({ process }) => process.running);
  }

  #began({ name, ownership }: Participant, key: string, token: number): void {
    this.acquired++;
    const last = this.#tokens.get(key) ?? { token: 0, of: "" };
    const isAgain = last.of === name && last.token === token; // its handler had failed
    if (token <= last.token && !isAgain) {
      throw new Violation(`${key}: token ${token} of ${name} after ${last.token} of ${last.of}`);
    }
    this.#tokens.set(key, { token, of: name });
    if (!ownership.owned.has(key)) throw new Violation(`${name} does not own ${key}`);
    for (const other of this.#living()) {
      const lease = other.active.get(key);
      if (lease === undefined || isAgain || this.unsafe) continue;
      if (!this.server.objects.has(lease)) continue; // it was found dead
      throw new Violation(`${key} of ${name} is not yet released by ${other.name}`);
    }
  }

  #leaseOf({ name }: SimulatedProcess): string {
    const own = [...this.server.objects].filter(([path, { spec }]) =>
      path.startsWith("leases/") && (spec as { holderIdentity?: string }).holderIdentity === name
    );
    return own.at(-1)?.[0] ?? "none"; // what was created last
  }

  #check(): void {
    const owners = new Map<string, string>();
    for (const { name, ownership } of this.#living()) {
      for (const key of ownership.owned.keys()) {
        const other = owners.get(key);
        if (other && !this.unsafe) {
          throw new Violation(`${key} is of ${other} and ${name} at ${this.scene.time.now}`);
        }
        owners.set(key, name);
      }
    }
    for (const { process: { errors } } of this.participants) {
      const found = errors.find(({ cause }) => cause instanceof Violation);
      if (found) throw found.cause;
    }
  }
}
