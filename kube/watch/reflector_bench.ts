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
import { CLIENTS, type Figures, INFORMER_PACKAGE } from "../bench/clients_bench.ts";

const EVENTS = 20_000;

/** Processes of each client that the table shows the best of: other load only slows down. */
const RUNS = 3;

const TITLES: Record<keyof typeof CLIENTS, string> = {
  lean: "Reflector",
  eager: "Reflector with jsonDecoder",
  informer: INFORMER_PACKAGE.replace("npm:", ""),
};

const NAMES = Object.keys(TITLES) as (keyof typeof CLIENTS)[];

async function startServer(): Promise<string> {
  const server = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-lock", fileOf("../bench/pod_server_bench.ts"), String(EVENTS)],
    stdin: "piped", // it ends when this process does
    stdout: "piped",
  }).spawn();
  const reader = server.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = await reader.read();
  server.unref();
  return `http://127.0.0.1:${value.trim()}`;
}

async function measure(name: string, url: string): Promise<Figures> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-lock",
      "--v8-flags=--expose-gc",
      fileOf("../bench/clients_bench.ts"),
      name,
      url,
      String(EVENTS),
    ],
    stderr: "inherit",
  }).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}

function fileOf(relative: string): string {
  return new URL(relative, import.meta.url).href;
}

async function printTable(url: string): Promise<void> {
  const runs: Record<string, Figures[]> = {};
  for (let run = 0; run < RUNS; run++) {
    for (const name of NAMES) (runs[name] ??= []).push(await measure(name, url));
  }
  const rows = NAMES.map((name) => {
    const figures = runs[name] ?? [];
    return {
      client: TITLES[name],
      "events/s": Math.round(Math.max(...figures.map((run) => run.eventsPerSecond))),
      "bytes/pod": Math.round(Math.min(...figures.map((run) => run.bytesPerPod))),
    };
  });
  console.table(rows);
}

const url = await startServer();
await printTable(url);

for (const name of NAMES) {
  Deno.bench({
    name: `${TITLES[name]}, ${EVENTS} events`,
    group: "watch",
    baseline: name === "lean",
    n: 8,
    warmup: 1,
    fn: async (bench) => {
      bench.start();
      const stop = await CLIENTS[name](url, EVENTS);
      bench.end();
      await stop();
    },
  });
}
