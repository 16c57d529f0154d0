import { loadClusterConfig, Transport } from "../kube/mod.ts";
import { type ErrorHandler, ErrorReporter } from "../runtime/mod.ts";
import { Background } from "./background.ts";
import { endContext, type PrimitiveContext, primitiveContext } from "./context.ts";
import { Counter } from "./counting/counter.ts";
import { Sequence, type SequenceOptions } from "./counting/sequence.ts";
import { Barrier } from "./gathering/barrier.ts";
import { Latch } from "./gathering/latch.ts";
import { Once } from "./gathering/once.ts";
import { Candidacy, type CandidacyOptions } from "./election/candidacy.ts";
import { Discovery, type DiscoveryOptions } from "./discovery/mod.ts";
import { ElectionObserver, type ElectionObserverOptions } from "./election/election_observer.ts";
import { KeyValue } from "./key_value/mod.ts";
import { Mutex } from "./locks/mutex.ts";
import { ReadWriteLock } from "./locks/read_write_lock.ts";
import { Semaphore } from "./locks/semaphore.ts";
import type { OwnershipOptions } from "./ownership/ownership_options.ts";
import { ShardedOwnership } from "./ownership/sharded_ownership.ts";
import {
  type CheckedPrimitivesOptions,
  checkPrimitivesOptions,
  type PrimitivesOptions,
} from "./primitives_options.ts";
import { isOfRequest } from "./requests.ts";
import { type ValueSchema, zodSchema } from "./value_schema.ts";

/**
 * What a process coordinates itself by with others: the entrance to all primitives. It has one
 * connection to the cluster, and one session, by which others know that it lives.
 */
export class Primitives implements AsyncDisposable {
  readonly #context: PrimitiveContext;
  readonly #stop: AbortController;
  readonly #transport: Transport | undefined;
  #closing: Promise<void> | undefined;

  private constructor(
    options: CheckedPrimitivesOptions & { namespace: string },
    transport: Transport | undefined,
  ) {
    const { clock, identity, namespace, random, signal, timing } = options;
    const client = options.client ?? transport!;
    const stop = new AbortController();
    const errors = new ErrorReporter(`primitives of "${identity}"`, { isPlain: isOfRequest });
    const background = new Background(errors);
    const context = { client, namespace, clock, random, errors, background, timing, identity };
    this.#stop = stop;
    this.#transport = transport;
    this.#context = primitiveContext({ ...context, signal: stop.signal });
    const onAbort = () => void this.close();
    signal?.addEventListener("abort", onAbort, { once: true });
    stop.signal.addEventListener("abort", () => signal?.removeEventListener("abort", onAbort));
  }

  /**
   * Finds the cluster. Nothing is sent to it yet.
   *
   * @throws {TypeError} naming each bad option, what was given and what is allowed
   * @throws {ConfigError} when no cluster is found, saying where it was looked for
   */
  static async create(options: PrimitivesOptions = {}): Promise<Primitives> {
    const checked = checkPrimitivesOptions(options);
    const { kubeconfig, context, signal, budget, client } = checked;
    signal?.throwIfAborted();
    if (client) {
      return new Primitives({ ...checked, namespace: checked.namespace ?? "default" }, undefined);
    }
    const config = checked.config ?? await loadClusterConfig({ kubeconfig, context, signal });
    const namespace = checked.namespace ?? config.namespace;
    return new Primitives({ ...checked, namespace }, new Transport(config, { budget }));
  }

  /** Where the objects are. */
  get namespace(): string {
    return this.#context.namespace;
  }

  /** Who this process is, for people. */
  get identity(): string {
    return this.#context.identity;
  }

  /**
   * A lock that one holds at a time. See `Mutex`.
   *
   * @throws {TypeError} when no object can have that name
   */
  mutex(name: string): Mutex {
    return new Mutex(this.#context, name);
  }

  /**
   * A lock that many hold to read, or one to write. See `ReadWriteLock`.
   *
   * @throws {TypeError} when no object can have that name
   */
  readWriteLock(name: string): ReadWriteLock {
    return new ReadWriteLock(this.#context, name);
  }

  /**
   * So many permits, of which each is held by one at a time. See `Semaphore`.
   *
   * @throws {TypeError} when no object can have that name, or for no number of permits
   */
  semaphore(name: string, permits: number): Semaphore {
    return new Semaphore(this.#context, name, permits);
  }

  /**
   * A bucket of keys with values that fit `schema`, which is what JSON becomes by it. See `KeyValue`.
   *
   * @throws {TypeError} when no object can have that name, or the schema is none
   */
  keyValue<Out, In>(name: string, schema: ValueSchema<Out, In>): KeyValue<Out, In> {
    const cannot = `Cannot use bucket "${name}"`;
    return new KeyValue(this.#context, name, zodSchema(schema, { cannot }));
  }

  /**
   * Stands for election, and leads while it is elected: one of all candidates of that name does. See
   * `Candidacy`.
   *
   * @throws {TypeError} when no object can have that name, and naming each bad option
   */
  elect(name: string, options: CandidacyOptions): Candidacy {
    return new Candidacy(this.#context, name, options);
  }

  /**
   * Watches who leads of the candidates of that name, without standing. See `ElectionObserver`.
   *
   * @throws {TypeError} when no object can have that name
   */
  observe(name: string, options: ElectionObserverOptions = {}): ElectionObserver {
    return new ElectionObserver(this.#context, name, options);
  }

  /**
   * Tells who of a group is there, and lets this process join it. See `Discovery`.
   *
   * @throws {TypeError} when no label can have that value, and naming each bad option
   */
  discovery(name: string, options: DiscoveryOptions = {}): Discovery {
    return new Discovery(this.#context, name, options);
  }

  /**
   * Takes part in dividing keys among processes. See `ShardedOwnership`. It joins at once, and what hinders
   * it is told to `onError`.
   *
   * @throws {TypeError} naming what is not in order of the name and options
   * @throws {RangeError} when the keys take more than 200 KiB
   */
  shardedOwnership(name: string, options: OwnershipOptions): ShardedOwnership {
    return new ShardedOwnership(this.#context, name, options);
  }

  /**
   * Lets parties go on together when so many have arrived, again and again. See `Barrier`.
   *
   * @param parties how many arrivals open it, the same in all programs
   * @throws {TypeError} when no object can have that name, or the number is none from 1 to 1,000
   */
  barrier(name: string, parties: number): Barrier {
    return new Barrier(this.#context, name, parties);
  }

  /**
   * A gate that opens when something was done so many times. See `Latch`.
   *
   * @param count how often it is to be counted down, the same in all programs
   * @throws {TypeError} when no object can have that name, or the count is no integer of at least 1
   */
  latch(name: string, count: number): Latch {
    return new Latch(this.#context, name, count);
  }

  /**
   * Something that one process does, and whose result all get. See `Once`.
   *
   * @param schema what the result must be, which is what JSON becomes by it
   * @throws {TypeError} when no object can have that name, or the schema is none
   */
  once<Out, In>(name: string, schema: ValueSchema<Out, In>): Once<Out, In> {
    const cannot = `Cannot make once "${name}"`;
    return new Once(this.#context, name, zodSchema(schema, { cannot }));
  }

  /**
   * A number that many add to. See `Counter`.
   *
   * @throws {TypeError} when no object can have that name
   */
  counter(name: string): Counter {
    return new Counter(this.#context, name);
  }

  /**
   * Numbers that grow, each for one caller. See `Sequence`.
   *
   * @throws {TypeError} when no object can have that name, or the block is no number that is allowed
   */
  sequence(name: string, options: SequenceOptions = {}): Sequence {
    return new Sequence(this.#context, name, options);
  }

  /**
   * Calls `listener` with what has no caller to be told, and with each request that failed and is sent
   * again; returns what removes it. While there is no listener it is printed.
   */
  onError(listener: ErrorHandler): () => void {
    return this.#context.errors.add(listener);
  }

  /**
   * Ends all of it. First the handlers of elections and ownerships: their signals abort, and each election and
   * ownership is left when they have ended or its `grace` has passed; until then all works, so that they can
   * store what they have. Then all that is held is given back, and what waits ends: their signals abort; who must
   * end something before a lock is given back releases it first. Resolves when nothing is left open. A handler must
   * not wait for it: it would be waited for itself.
   */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  /** The same as {@linkcode Primitives.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await endContext(this.#context, this.#stop);
    await this.#transport?.[Symbol.asyncDispose]();
  }
}
