/**
 * No benchmark of its own, but the clients that `reflector_bench.ts` compares. Each reads
 * `count` added pods, looks at each of them once, and keeps them. As a program it is one of
 * them, in a process of its own, and has no effect on the lock file:
 *
 *     deno run -A --no-lock --v8-flags=--expose-gc clients_bench.ts lean http://127.0.0.1:1234 20000
 *
 * It makes one run for each line of its input. It prints a line when all pods are there, and
 * when the input is `measure` this line has the figures as JSON.
 *
 * @module
 */
import type { Pod } from "@cloudydeno/kubernetes-apis/core/v1";
import {
  type EventDecoder,
  jsonDecoder,
  leanDecoder,
  plainClusterConfig,
  PODS,
  Reflector,
  Transport,
} from "../mod.ts";

/** The release that is compared with. */
export const INFORMER_PACKAGE = "npm:@kubernetes/client-node@2.0.1";

/** The clients, by name. */
export const CLIENTS = {
  lean: reflectorWith(leanDecoder(PODS)),
  eager: reflectorWith(jsonDecoder(PODS)),
  informer,
};

/** Reads `count` pods from `url` and keeps them until the function that it returns is called. */
export type Client = (url: string, count: number) => Promise<() => Promise<void>>;

/** What one run took. */
export interface Figures {
  /** Pods that were told in a second. */
  readonly eventsPerSecond: number;
  /** Bytes of heap and external memory that a pod keeps after a garbage collection. */
  readonly bytesPerPod: number;
}

function reflectorWith(decode: EventDecoder<Pod>): Client {
  return async (url, count) => {
    const transport = new Transport(plainClusterConfig(url));
    const reflector = new Reflector(transport, PODS, { decode });
    const look = looker(count);
    reflector.onChange(({ object }) => look.at(object.status?.phase));
    reflector.onError(look.fail);
    reflector.start();
    await look.done;
    return async () => {
      await reflector.close();
      await transport.close();
    };
  };
}

/** The parts of the package that are used; the specifier is kept out of the module graph. */
interface InformerPackage {
  KubeConfig: new () => {
    loadFromOptions(options: unknown): void;
    makeApiClient(api: unknown): { listPodForAllNamespaces(): Promise<unknown> };
  };
  CoreV1Api: unknown;
  makeInformer(config: unknown, path: string, list: () => Promise<unknown>): {
    on(event: string, listener: (value: Pod & Error) => void): void;
    start(): Promise<void>;
    stop(): Promise<void>;
  };
}

async function informer(url: string, count: number): Promise<() => Promise<void>> {
  const { KubeConfig, CoreV1Api, makeInformer }: InformerPackage = await import(INFORMER_PACKAGE);
  const config = new KubeConfig();
  config.loadFromOptions({
    clusters: [{ name: "c", server: url, skipTLSVerify: true }], // else it refuses http
    users: [{ name: "u" }],
    contexts: [{ name: "c", cluster: "c", user: "u" }],
    currentContext: "c",
  });
  const api = config.makeApiClient(CoreV1Api);
  const watcher = makeInformer(config, "/api/v1/pods", () => api.listPodForAllNamespaces());
  const look = looker(count);
  watcher.on("add", ({ status }) => look.at(status?.phase));
  watcher.on("error", (error) => error.name !== "AbortError" && look.fail(error));
  await watcher.start();
  await look.done;
  return () => watcher.stop();
}

/** Counts pods that are looked at, as a user's handler would. */
function looker(count: number) {
  const done = Promise.withResolvers<void>();
  let seen = 0;
  return {
    at(phase: string | null | undefined): void {
      if (phase === "Running" && ++seen === count) done.resolve();
    },
    fail: (error: Error): void => done.reject(error),
    done: done.promise,
  };
}

async function run(client: Client, url: string, count: number): Promise<void> {
  const stop = await client(url, count);
  console.log("done");
  await stop();
}

async function measure(client: Client, url: string, count: number): Promise<void> {
  const before = await bytes();
  const start = performance.now();
  const stop = await client(url, count);
  const seconds = (performance.now() - start) / 1_000;
  const bytesPerPod = (await bytes() - before) / count;
  await stop();
  console.log(JSON.stringify({ eventsPerSecond: count / seconds, bytesPerPod }));
}

async function bytes(): Promise<number> {
  const { gc } = globalThis as unknown as { gc: () => void };
  for (let i = 0; i < 3; i++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 50)); // lets finalizers run
  }
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}

if (import.meta.main && Deno.args[0]) {
  const [name, url = "", count = "0"] = Deno.args;
  const client = CLIENTS[name as keyof typeof CLIENTS];
  for await (const command of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    await (command === "measure\n" ? measure : run)(client, url, Number(count));
  }
  Deno.exit();
}
