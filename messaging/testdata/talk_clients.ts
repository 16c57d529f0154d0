/**
 * No benchmark of its own, but the clients that `talk_bench.ts` compares. As a program it is one of
 * them, in a process of its own: it does the work that its input names, and prints what it took.
 *
 *     deno run -A --no-lock talk_clients.ts asks 1234
 *
 * @module
 */
import { Group, Work } from "../mod.ts";
import { at, latencies } from "./latencies.ts";
import {
  KEYS_VARIABLE,
  RPC_PACKAGE,
  type RpcPackage,
  SOCKET_PACKAGE,
  type SocketPackage,
  talk,
} from "./talk.ts";
import { linkTo } from "./talkers.ts";

/** One way to talk to the server. */
export interface Client {
  greet(name: string): Promise<string>;
  echo(text: string): Promise<string>;
  count(to: number): AsyncIterable<number>;
  /** Tells without an answer; what is not there has no such thing. */
  tell?(name: string): void;
  /** How many were told. */
  told?(): Promise<number>;
  /** Greets many, with so many at once. */
  map(count: number, concurrency: number): Promise<number>;
}

async function troupe(port: number): Promise<Client> {
  const group = new Group(talk);
  const { member } = await linkTo(port, Deno.env.get(KEYS_VARIABLE) ?? "");
  group.add(member);
  const work = new Work<typeof talk.specs>(group);
  return {
    greet: (name) => group.ask("greet", { name }),
    echo: (text) => group.ask("echo", text),
    count: (to) => group.stream("count", { to }),
    tell: (name) => void group.tell("note", { name }),
    told: () => group.ask("noted", {}),
    async map(count, concurrency) {
      let done = 0;
      for await (const { ok } of work.map("greet", names(count), { concurrency })) {
        if (ok) done++;
      }
      return done;
    },
  };
}

function* names(count: number): Generator<{ name: string }> {
  for (let i = 0; i < count; i++) yield { name: `task ${i}` };
}

function http(port: number): Client {
  async function post(path: string, input: unknown): Promise<Response> {
    const response = await fetch(`http://127.0.0.1:${port}/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(input),
    });
    if (!response.ok) throw new Error(`status ${response.status}`);
    return response;
  }
  const greet = async (name: string): Promise<string> => (await post("greet", { name })).json();
  return {
    greet,
    echo: async (text) => (await post("echo", text)).json(),
    async *count(to) {
      const { body } = await post("count", { to });
      let rest = "";
      for await (const text of body!.pipeThrough(new TextDecoderStream())) {
        const lines = (rest + text).split("\n");
        rest = lines.pop()!;
        for (const line of lines) yield Number(line);
      }
    },
    map: pooled(greet),
  };
}

async function rpc(port: number): Promise<Client> {
  const { newWebSocketRpcSession }: RpcPackage = await import(RPC_PACKAGE);
  // it sends two messages for a call, of which TCP holds the second one back for 40 ms (Nagle) with
  // Deno's own client, which does not say that it shall not
  const { WebSocket }: SocketPackage = await import(SOCKET_PACKAGE);
  const socket = new WebSocket(`ws://127.0.0.1:${port}/rpc`);
  const api = newWebSocketRpcSession(socket) as {
    greet(input: { name: string }): Promise<string>;
    echo(text: string): Promise<string>;
    count(input: { to: number }): Promise<ReadableStream<number>>;
    note(input: { name: string }): Promise<void>;
    noted(): Promise<number>;
  };
  const greet = (name: string): Promise<string> => api.greet({ name });
  await greet("once, so that it is connected");
  return {
    greet,
    echo: (text) => api.echo(text),
    async *count(to) {
      yield* await api.count({ to });
    },
    tell: (name) => void api.note({ name }), // nothing comes back of what nobody awaits
    told: () => api.noted(),
    map: pooled(greet),
  };
}

/** What a user without `map` would write. */
function pooled(greet: (name: string) => Promise<string>): Client["map"] {
  return async (count, concurrency) => {
    let next = 0;
    let done = 0;
    async function take(): Promise<void> {
      while (next < count) {
        await greet(`task ${next++}`);
        done++;
      }
    }
    await Promise.all(Array.from({ length: concurrency }, take));
    return done;
  };
}

/** The clients, by name. */
export const CLIENTS = { troupe, http, rpc };

/** What one client took. */
export interface Figures {
  /** Milliseconds of asks one after another. */
  p50: number;
  p99: number;
  /** Round trips a second with 64 at once. */
  asks: number;
  /** Messages a second that nobody answers, until the last has arrived. */
  tells?: number;
  /** Items of a stream of 10,000 a second. */
  items: number;
  /** Median milliseconds for 1 MiB there and back. */
  large: number;
  /** Tasks of 10,000 a second. */
  tasks: number;
}

/** Calls that a figure is the quotient of. */
const MANY = 10_000;
const AT_ONCE = 64;

async function measure(client: Client): Promise<Figures> {
  await latencies(500, () => client.greet("warm")); // compiles the code
  await client.map(2_000, AT_ONCE);
  const small = await latencies(3_000, () => client.greet("world"));
  const asks = await perSecond(MANY, () => pooled(client.greet)(MANY, AT_ONCE));
  let tells: number | undefined;
  const { tell, told } = client;
  if (tell && told) {
    const before = await told();
    tells = await perSecond(MANY, async () => {
      for (let i = 0; i < MANY; i++) {
        tell(`${i}`);
        if (i % 100 === 99) await Promise.resolve().then(() => {});
      }
      const arrived = await told() - before;
      if (arrived !== MANY) throw new Error(`${arrived} of ${MANY} have arrived`);
    });
  }
  const items = await perSecond(MANY, async () => {
    let sum = 0;
    for await (const n of client.count(MANY)) sum += n;
    if (sum !== MANY * (MANY - 1) / 2) throw new Error(`items are missing: ${sum}`);
  });
  const text = "x".repeat(1024 * 1024);
  const large = await latencies(20, () => client.echo(text));
  const tasks = await perSecond(MANY, () => client.map(MANY, AT_ONCE));
  return {
    p50: at(small, 0.5),
    p99: at(small, 0.99),
    asks,
    tells,
    items,
    large: at(large, 0.5),
    tasks,
  };
}

async function perSecond(count: number, run: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await run();
  return count / (performance.now() - begun) * 1_000;
}

if (import.meta.main && Deno.args[0]) {
  const [name, port] = Deno.args;
  const client = await CLIENTS[name as keyof typeof CLIENTS](Number(port));
  console.log(JSON.stringify(await measure(client)));
  Deno.exit();
}
