/**
 * How fast a reflector takes in the events of a watch, and how much memory a pod takes that it
 * keeps, beside the informer of the JavaScript client that most people use, in the same run:
 *
 *     deno bench -A kube/watch/reflector_bench.ts
 *
 * A server in a process of its own sends 20,000 watch events of 4 kB pods from memory over
 * loopback. First each client runs in fresh processes, for the table that is printed; then
 * `Deno.bench` times them in turn, with an iteration for the whole 20,000.
 *
 * What bounds it, measured on 2 cores: of 35 µs an event 6 go to reading the bytes of the
 * socket, 4 to finding managedFields and making a string, 8 to `JSON.parse`, 7 to the typed
 * conversion and most of the rest to the garbage collector, which copies what is kept. Of the
 * memory 2.3 kB are the pod's JSON without managedFields. So the next step would be not to
 * decode what no handler reads, and to share or compress what pods have in common.
 *
 * @module
 */
import { type CLIENTS, type Figures, INFORMER_PACKAGE } from "../bench/clients_bench.ts";

const EVENTS = 20_000;

/** Processes of each client that the table shows the best of: other load only slows down. */
const PROCESSES = 3;

const TITLES: Record<keyof typeof CLIENTS, string> = {
  lean: "Reflector",
  eager: "Reflector with jsonDecoder",
  informer: INFORMER_PACKAGE.replace("npm:", ""),
};

const NAMES = Object.keys(TITLES) as (keyof typeof CLIENTS)[];

/** A process that answers a line with a line, and ends when this process does. */
class Child {
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #output: ReadableStreamDefaultReader<string>;

  constructor(file: string, ...args: (string | number)[]) {
    const script = new URL(file, import.meta.url).href;
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-lock", "--v8-flags=--expose-gc", script, ...args.map(String)],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#output = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  async line(): Promise<string> {
    const { value = "" } = await this.#output.read();
    return value.trim();
  }

  async ask(command: string): Promise<string> {
    await this.#input.write(new TextEncoder().encode(`${command}\n`));
    return await this.line();
  }

  async end(): Promise<void> {
    await this.#input.close();
    await this.#process.status;
  }
}

async function warmChild(name: string, url: string): Promise<Child> {
  const child = new Child("../bench/clients_bench.ts", name, url, EVENTS);
  await child.ask("run"); // compiles the code and fills the caches
  return child;
}

async function measure(name: string, url: string): Promise<Figures> {
  const child = await warmChild(name, url);
  const figures = JSON.parse(await child.ask("measure"));
  await child.end();
  return figures;
}

async function printTable(url: string): Promise<void> {
  const best = new Map<string, Figures>();
  for (const name of NAMES) {
    const runs: Figures[] = [];
    for (let i = 0; i < PROCESSES; i++) runs.push(await measure(name, url));
    best.set(name, {
      eventsPerSecond: Math.max(...runs.map((run) => run.eventsPerSecond)),
      bytesPerPod: Math.min(...runs.map((run) => run.bytesPerPod)),
    });
  }
  const peer = best.get("informer")!;
  console.table(NAMES.map((name) => {
    const { eventsPerSecond, bytesPerPod } = best.get(name)!;
    return {
      "client": TITLES[name],
      "events/s": Math.round(eventsPerSecond),
      "of the informer's": `${(eventsPerSecond / peer.eventsPerSecond).toFixed(2)} x`,
      "bytes/pod": Math.round(bytesPerPod),
      "of its bytes": `${(bytesPerPod / peer.bytesPerPod).toFixed(2)} x`,
    };
  }));
}

const server = new Child("../bench/pod_server_bench.ts", EVENTS);
const url = `http://127.0.0.1:${await server.line()}`;
await printTable(url);

for (const name of NAMES) {
  Deno.bench({
    name: `${TITLES[name]}, ${EVENTS} events`,
    group: "watch",
    baseline: name === "lean",
    n: 5,
    warmup: 0,
    fn: async (bench) => {
      const child = await warmChild(name, url); // a fresh one: the informer slows down in time
      bench.start();
      await child.ask("run");
      bench.end();
      await child.end();
    },
  });
}
