import { ConfigError } from "../kube/mod.ts";
import { Primitives } from "../primitives/mod.ts";
import {
  anySignal,
  asError,
  type ErrorHandler,
  ErrorReporter,
  type Handler,
  HandlerScope,
  OnDemand,
  onStopSignal,
  SerialHandlers,
  within,
} from "../runtime/mod.ts";
import {
  type Asking,
  type Contract,
  type Handlers,
  KeyRing,
  MESSAGES_PATH,
  type Specs,
} from "../messaging/mod.ts";
import type { WorkerEvent } from "./events.ts";
import { listen, type Listening, stopping } from "./listen.ts";
import { Implemented } from "./messaging/implemented.ts";
import type { PeerEvent, Peers } from "./messaging/peers.ts";
import { type ImplementOptions, WorkerMessages } from "./messaging/worker_messages.ts";
import { type CheckedWorkerOptions, checkWorkerOptions, type WorkerOptions } from "./options.ts";

/** Beginning of the paths that a worker answers itself. */
const OWN_PATHS = "/troupe/";

/**
 * Milliseconds in which what is held by primitives is given back though the grace is over: a request, which may
 * take 1.5 s.
 */
const GIVING_BACK = 2_000;

/** Answers a request to a worker. */
export type ServeHandler = (request: Request) => Response | Promise<Response>;

/** Options of `Worker.start`. */
export interface WorkerStartOptions {
  /** Stops the worker when it aborts. */
  signal?: AbortSignal;
}

type State = "created" | WorkerEvent["type"];

/**
 * One process of a workload.
 *
 * It answers HTTP requests with the handler given to `serve`, and by itself `/troupe/livez` (200
 * while its event loop turns) and `/troupe/readyz` (200 while it takes requests, else 503). It
 * needs no cluster: started by hand it does the same on one's own machine.
 *
 * @example
 * ```ts
 * import { Worker } from "@troupe/troupe/worker";
 *
 * await using worker = await Worker.create({ name: "greeter-worker", port: 0 });
 * worker.onWorkerEvent((e) => console.log(`worker ${e.type}`));
 * worker.serve(() => new Response("Hello, world!\n"));
 * await worker.start({ signal: AbortSignal.timeout(100) });
 * ```
 */
export class Worker implements AsyncDisposable {
  readonly #options: CheckedWorkerOptions;
  readonly #errors: ErrorReporter;
  readonly #handlers: SerialHandlers<WorkerEvent>;
  readonly #scope = new HandlerScope();
  readonly #stopRequested = Promise.withResolvers<void>();
  readonly #primitives: OnDemand<Primitives>;
  #handler: ServeHandler | undefined;
  #messages: WorkerMessages<Specs> | undefined;
  #state: State = "created";
  #running: Promise<void> | undefined;
  #address: Deno.NetAddr | undefined;

  private constructor(options: CheckedWorkerOptions) {
    this.#options = options;
    this.#errors = new ErrorReporter(`worker "${options.name}"`);
    this.#handlers = new SerialHandlers((error) => this.#errors.report(error));
    this.#primitives = new OnDemand(
      async () => {
        const primitives = await createPrimitives(options);
        primitives.onError((error) => this.#errors.report(error));
        return primitives;
      },
      () => new Error(`Cannot use primitives: worker "${options.name}" is stopped`),
    );
  }

  /**
   * Makes a worker. Nothing listens yet.
   *
   * @throws {TypeError} naming each bad option or variable, what was given and what is allowed
   */
  // deno-lint-ignore require-await -- a promise, so that creating may come to need the network
  static async create(options: WorkerOptions): Promise<Worker> {
    const checked = checkWorkerOptions(options);
    checked.signal?.throwIfAborted();
    return new Worker(checked);
  }

  /** The worker's name. */
  get name(): string {
    return this.#options.name;
  }

  /** The worker's namespace. */
  get namespace(): string {
    return this.#options.namespace;
  }

  /** Where it listens; `undefined` while it does not. */
  get address(): Deno.NetAddr | undefined {
    return this.#address;
  }

  /** Calls `handler` for each event of this worker; returns what removes it. */
  onWorkerEvent(handler: Handler<WorkerEvent>): () => void {
    return this.#handlers.add(this.#scope.wrap(handler));
  }

  /** Calls `handler` for each failure of a handler; without one they are printed. */
  onError(handler: ErrorHandler): () => void {
    return this.#errors.add(handler);
  }

  /** Answers requests with `handler`, in place of the one given before. */
  serve(handler: ServeHandler): void {
    this.#handler = this.#scope.wrap(handler);
  }

  /**
   * Implements a contract: coordinators and other workers call its methods, on the port that `serve` uses
   * too. A handler gets its input as the contract's schema has parsed it, and a context with a `signal`
   * that aborts when nobody waits for the answer any more. What it throws is told to the caller: an error
   * that the contract names (`methodError`) as such, anything else by its message.
   *
   * Only who has the coordinator's key can call, which a worker gets by the variable `TROUPE_KEYS` when its
   * workload was run with a contract; without it everybody is refused.
   *
   * @throws {TypeError} naming a handler that is missing, or a bad option
   * @throws {Error} when it has implemented a contract before, or has been started
   *
   * @example
   * ```ts
   * import { contract, Worker } from "@troupe/troupe";
   * import { z } from "zod";
   *
   * const greeter = contract("greeter", {
   *   greet: { input: z.object({ name: z.string() }), output: z.string() },
   *   progress: { event: z.object({ done: z.number() }) },
   * });
   * await using worker = await Worker.create({ name: "greeter", port: 0 });
   * const greeting = worker.implement(greeter, { greet: ({ name }) => `Hello, ${name}!` });
   * greeting.emit("progress", { done: 0.5 }); // kept until a coordinator has heard it
   * ```
   */
  implement<S extends Specs>(
    contract: Contract<S>,
    handlers: Handlers<S>,
    options: ImplementOptions = {},
  ): Implemented<S> {
    const purpose = `Cannot implement contract "${contract?.name}"`;
    if (this.#state !== "created") {
      throw new Error(`${purpose}: worker "${this.name}" is ${this.#state}`);
    }
    if (this.#messages !== undefined) {
      throw new Error(`${purpose}: contract "${this.#messages.contract.name}" is implemented`);
    }
    const { self, keys, tls } = this.#options;
    const messages = new WorkerMessages({
      ...options,
      contract,
      handlers,
      self,
      trust: tls?.trust,
      keys: keys === undefined ? undefined : keysOf(keys, purpose),
      scope: this.#scope,
      onError: (error) => this.#errors.report(error),
    });
    this.#messages = messages as unknown as WorkerMessages<Specs>;
    return new Implemented(messages);
  }

  /**
   * The other workers of the workload, which implement the same contract: they are asked directly, without
   * the coordinator, also while there is none. Who they are the coordinator says when it connects.
   *
   * @throws {Error} when this worker does not implement that contract, or has no keys
   */
  peers<S extends Specs>(contract: Contract<S>): Asking<S> {
    const { peers, contract: own } = this.#implemented("ask peers");
    if (contract as unknown !== own) {
      throw new Error(
        `Cannot ask peers by contract "${contract.name}": this worker implements "${own.name}"`,
      );
    }
    return peers.asking as unknown as Asking<S>;
  }

  /**
   * Calls `handler` when another worker of the workload has joined or left, at once for those that are
   * there; returns what removes it.
   *
   * @throws {Error} when this worker implements no contract, or has no keys
   */
  onPeerEvent(handler: Handler<PeerEvent>): () => void {
    return this.#implemented("hear of peers").peers.onPeerEvent(this.#scope.wrap(handler));
  }

  /**
   * What it agrees by with other workers, the coordinator and any other program: locks, elections, shared
   * values and more, in the worker's namespace. Each call returns the same, which the first one makes; its
   * errors go to `onError`. A worker may use what it was run with:
   * `coordinator.run({ …, primitives: ["mutex/orders"] })` mounts a token for that. Started by hand it finds the
   * cluster as `kubectl` does.
   *
   * It is closed when the worker stops, when its handlers have settled: what is held is given back then. See
   * `docs/primitives.md`.
   *
   * @example
   * ```ts ignore
   * const primitives = await worker.primitives();
   * await using held = await primitives.mutex("orders").acquire();
   * ```
   *
   * @throws {ConfigError} when there is no token, or no cluster is found, saying where it was looked for
   * @throws {TypeError} naming each bad field of the option `primitives`
   * @throws {Error} when the worker has stopped
   */
  async primitives(): Promise<Primitives> {
    return await this.#primitives.get();
  }

  /**
   * Listens and answers requests. Resolves when the worker has stopped: after SIGTERM, SIGINT,
   * `stop()`, or when a signal given here or to `create` aborts. It then takes no more connections,
   * finishes the requests it has within the grace period, and answers 503 to what is left. A second SIGTERM
   * or SIGINT ends the process at once.
   *
   * @throws {Error} if it cannot listen, or was started before
   */
  async start(options: WorkerStartOptions = {}): Promise<void> {
    if (this.#state !== "created") {
      throw new Error(`Cannot start worker "${this.name}": it is ${this.#state}`);
    }
    this.#running = this.#run(options.signal);
    await this.#running;
  }

  /**
   * Stops as SIGTERM does; resolves when the worker has stopped. In a handler it resolves at once,
   * as it would wait for that handler; then `start()` tells the end.
   */
  async stop(): Promise<void> {
    this.#stopRequested.resolve();
    if (this.#state === "created") {
      this.#state = "stopped";
      await this.#messages?.close(0); // who asks peers need not wait for any
      await this.#primitives.close();
    }
    if (this.#scope.inside) return;
    await this.#running?.catch(() => {}); // start() rejects with it
  }

  /** Stops the worker. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Start order and stop order. */
  async #run(signal: AbortSignal | undefined): Promise<void> {
    const stop = (): void => this.#stopRequested.resolve();
    const stopSignals = anySignal([signal, this.#options.signal].filter((s) => s != null));
    if (stopSignals.aborted) stop();
    stopSignals.addEventListener("abort", stop, { once: true });
    // 1. Signals come first: a SIGTERM while it starts must find someone who drains.
    const processSignals = onStopSignal(stop);
    let deadline = 0;
    try {
      this.#enter("starting");
      // 2. Listening is what "started" promises.
      const servers = this.#listen();
      this.#address = servers[0]!.address;
      this.#enter("started");
      await this.#stopRequested.promise;
      // 3. Not ready before the door closes, so that who asks meanwhile is sent elsewhere.
      this.#enter("stopping");
      deadline = performance.now() + this.#options.grace;
      // 4. Calls end while the server runs, as its shutdown would cut their connections; new requests are
      //    refused meanwhile.
      if (this.#messages !== undefined) {
        await this.#messages.drain(this.#options.grace);
        await this.#messages.close(Math.max(0, deadline - performance.now()));
      }
      // 5. Requests end before anything that they may use does.
      const left = Math.max(0, deadline - performance.now());
      await Promise.all(servers.map((server) => server.drain(left)));
      this.#address = undefined;
      // 6. The last event comes when nothing happens any more; its handlers are waited for.
      this.#enter("stopped");
      await within(Math.max(0, deadline - performance.now()), this.#handlers.settled());
    } finally {
      this.#state = "stopped";
      // 7. What is held is given back when nobody can use it any more. Handlers of elections are waited for, as
      //    others are, within the grace.
      const left = Math.max(GIVING_BACK, deadline - performance.now());
      await within(left, this.#primitives.close());
      // 8. Signal listeners go last: until here the second signal must be able to force the end.
      processSignals[Symbol.dispose]();
      stopSignals.removeEventListener("abort", stop);
    }
  }

  /** Listens for requests, and if messages come by TLS for those at a port of their own. */
  #listen(): Listening[] {
    const { hostname, port, tls } = this.#options;
    const onError = (error: unknown): void => this.#errors.report(error);
    const common = { what: `worker "${this.name}"`, hostname, onError };
    const messages = this.#messages;
    const secured = messages && tls
      ? [listen((request) => answerMessages(request, messages), { ...common, port: tls.port, tls })]
      : [];
    try {
      return [listen((request) => this.#answer(request), { ...common, port }), ...secured];
    } catch (error) {
      for (const server of secured) void server.drain(0);
      throw error;
    }
  }

  #implemented(what: string): { peers: Peers<Specs>; contract: Contract } {
    const { peers, contract } = this.#messages ?? {};
    if (contract === undefined) {
      throw new Error(`Cannot ${what}: worker "${this.name}" implements no contract yet`);
    }
    if (peers === undefined) {
      throw new Error(
        `Cannot ${what}: worker "${this.name}" has no keys (variable TROUPE_KEYS), as it was not run ` +
          "with a contract",
      );
    }
    return { peers, contract };
  }

  #enter(type: WorkerEvent["type"]): void {
    this.#state = type;
    const { hostname, port } = this.#address ?? {};
    const { name, namespace } = this.#options;
    this.#handlers.emit({ kind: "Worker", type, name, namespace, hostname, port });
  }

  #answer(request: Request): Response | Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === MESSAGES_PATH && this.#messages) {
      const { tls } = this.#options;
      if (tls === undefined) return this.#messages.accept(request);
      return new Response(`messages come by TLS here, at port ${tls.port}\n`, { status: 403 });
    }
    if (pathname.startsWith(OWN_PATHS)) return this.#answerOwn(pathname.slice(OWN_PATHS.length));
    if (this.#state === "stopping") return stopping();
    if (this.#handler === undefined) return new Response("not found\n", { status: 404 });
    return this.#handler(request);
  }

  #answerOwn(path: string): Response {
    if (path === "livez") return new Response("ok\n");
    if (path !== "readyz") return new Response("not found\n", { status: 404 });
    if (this.#state === "started") return new Response("ok\n");
    return new Response(`${this.#state}\n`, { status: 503 });
  }
}

/** In a pod of a coordinator a cluster that is not found is most likely one that it was given no token for. */
async function createPrimitives(
  { name, coordinator, primitives }: CheckedWorkerOptions,
): Promise<Primitives> {
  try {
    return await Primitives.create(primitives);
  } catch (error) {
    if (coordinator === undefined || !(error instanceof ConfigError)) throw error;
    throw new ConfigError(
      `Cannot use primitives in worker "${name}": ${error.message}; a worker gets a token of the API ` +
        'server by run({ …, primitives: ["mutex/orders", …] }), which names what it uses',
      { cause: error },
    );
  }
}

/** Nothing but messages is said by TLS. */
function answerMessages(request: Request, messages: WorkerMessages<Specs>): Response {
  if (new URL(request.url).pathname === MESSAGES_PATH) return messages.accept(request);
  return new Response("not found\n", { status: 404 });
}

/** The keys that were given; what is told of an error is no key. */
function keysOf(text: string, purpose: string): KeyRing {
  try {
    return KeyRing.parse(text);
  } catch (error) {
    const { message } = asError(error);
    throw new TypeError(`${purpose}: option "keys" or variable TROUPE_KEYS is wrong: ${message}`);
  }
}
