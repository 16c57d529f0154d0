/**
 * The server of benchmarks and tests, in a process of its own: a worker that
 * implements `talk`, the same methods as an HTTP handler of JSON, and by a library for remote calls over
 * a WebSocket. All three check inputs by the contract's schemas. Prints its port; ends with its stdin.
 *
 * @module
 */
import {
  Acceptor,
  Callee,
  type Contract,
  implementation,
  KeyRing,
  MESSAGES_PATH,
  negotiationOf,
  serverMessageSocket,
  SUBPROTOCOL,
} from "../mod.ts";
import { KEYS_VARIABLE, RPC_PACKAGE, type RpcPackage, talk } from "./talk.ts";

let noted = 0;

const handlers = {
  greet: ({ name }: { name: string }) => `Hello, ${name}!`,
  echo: (text: string) => text,
  *count({ to }: { to: number }) {
    for (let i = 0; i < to; i++) yield i;
  },
  note: () => void noted++,
  noted: () => noted,
};

const callee = new Callee(implementation(talk, handlers), { concurrency: 64, queue: 100_000 });
const acceptor = new Acceptor({
  self: { name: "worker", instance: crypto.randomUUID() },
  keys: KeyRing.parse(Deno.env.get(KEYS_VARIABLE) ?? ""),
  negotiation: negotiationOf(talk as unknown as Contract),
  limits: { ...callee.limits, frameBytes: 16 * 1024 * 1024 },
  resumable: (session, peer) => callee.resumable(session, peer),
  onChannel: (channel) => callee.attach(channel.callee),
});

/** What a user of plain HTTP would write. */
async function answer(request: Request, method: "greet" | "echo" | "count"): Promise<Response> {
  const input = talk.specs[method].input.parse(await request.json());
  if (method !== "count") return Response.json(handlers[method](input as never));
  const items = handlers.count(input as { to: number });
  const encoder = new TextEncoder();
  return new Response(
    new ReadableStream<Uint8Array>({
      pull(controller) {
        const { done, value } = items.next();
        if (done) controller.close();
        else controller.enqueue(encoder.encode(`${value}\n`));
      },
    }),
  );
}

/** The same by the library, which is only needed when it is compared with. */
async function rpc(request: Request): Promise<Response> {
  const { RpcTarget, newWebSocketRpcSession }: RpcPackage = await import(RPC_PACKAGE);

  class Api extends RpcTarget {
    greet(input: unknown): string {
      return handlers.greet(talk.specs.greet.input.parse(input));
    }

    echo(input: unknown): string {
      return talk.specs.echo.input.parse(input);
    }

    count(input: unknown): ReadableStream<number> {
      const items = handlers.count(talk.specs.count.input.parse(input));
      return new ReadableStream<number>({
        pull(controller) {
          const { done, value } = items.next();
          if (done) controller.close();
          else controller.enqueue(value);
        },
      });
    }

    note(input: unknown): void {
      talk.specs.note.input.parse(input);
      handlers.note();
    }

    noted(): number {
      return noted;
    }
  }

  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.onopen = () => newWebSocketRpcSession(socket, new Api());
  return response;
}

Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => console.log(port),
}, (request) => {
  const { pathname } = new URL(request.url);
  if (pathname === MESSAGES_PATH) {
    const { socket, response } = Deno.upgradeWebSocket(request, { protocol: SUBPROTOCOL });
    void acceptor.accept(serverMessageSocket(socket));
    return response;
  }
  if (pathname === "/rpc") return rpc(request);
  return answer(request, pathname.slice(1) as "greet");
});

for await (const _ of Deno.stdin.readable);
Deno.exit();
