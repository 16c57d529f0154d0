import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { type ExecAnswer, type ExecRequest, serveExec } from "./exec_socket.ts";
import { ProcessRuntime } from "./process_runtime.ts";
import { processStartTime } from "./processes.ts";
import type { ContainerConfig } from "./runtime.ts";

const PATH = Deno.env.get("PATH") ?? "/usr/bin:/bin";
const CONTAINER: ContainerConfig = {
  namespace: "n",
  pod: "p",
  uid: "1",
  container: "c",
  attempt: 0,
  image: "x",
  command: ["/bin/sh", "-c", "sleep 1000"],
  env: { PATH, COLOR: "red" },
};

/** A container that runs, and a way to run commands in it as an API server does. */
async function start() {
  await using stack = new AsyncDisposableStack();
  const dir = await Deno.realPath(await Deno.makeTempDir());
  stack.defer(() => Deno.remove(dir, { recursive: true }));
  const runtime = stack.use(new ProcessRuntime({ dir, images: {} }));
  const container = await runtime.start(CONTAINER);
  const stop = new AbortController();
  let source: ((request: ExecRequest) => ExecAnswer) | undefined = ({ command }) => {
    try {
      return container.exec!(command);
    } catch (error) {
      return { code: 500, message: (error as Error).message };
    }
  };
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) =>
      serveExec(request, {
        target: { namespace: "n", pod: "p", container: "c" },
        query: new URL(request.url).searchParams,
        source,
        stop: stop.signal,
      }),
  );
  stack.defer(() => server.shutdown());
  function open(
    script: string | undefined,
    more = "output=1&error=1",
    protocol = "v5.channel.k8s.io",
  ) {
    const command = script === undefined ? [] : ["/bin/sh", "-c", script];
    const query = new URLSearchParams(command.map((word) => ["command", word]));
    const url = `ws://127.0.0.1:${server.addr.port}/?${query}&${more}`;
    const socket = new WebSocket(url, [protocol]);
    socket.binaryType = "arraybuffer";
    const decoder = new TextDecoder();
    const outputs: Record<number, string> = {};
    const waiting = new Set<() => void>();
    socket.onmessage = ({ data }) => {
      const message = new Uint8Array(data);
      const channel = message[0]!;
      outputs[channel] = (outputs[channel] ?? "") + decoder.decode(message.subarray(1));
      for (const look of [...waiting]) look();
    };
    const opened = new Promise<void>((resolve) => socket.onopen = () => resolve());
    const ended = new Promise<Record<number, string>>((resolve) => {
      socket.onclose = () => resolve(outputs);
    });
    /** Resolves with what was printed when a line of it is complete. */
    const printed = () =>
      new Promise<string>((resolve) => {
        const look = () => outputs[1]?.includes("\n") && resolve(outputs[1]);
        waiting.add(look);
        look();
      });
    const result = async () => {
      const { 3: status, ...rest } = await ended;
      return { ...rest, status: JSON.parse(status!) };
    };
    return { socket, opened, ended, printed, result };
  }
  const moved = stack.move();
  return {
    runtime,
    container,
    open,
    stop,
    refuse: () => source = undefined,
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  };
}

async function gone(pid: number): Promise<void> {
  while (processStartTime(pid) !== undefined) await new Promise((done) => setTimeout(done, 5));
}

Deno.test("serveExec() runs a command as the container runs its program", async () => {
  await using scene = await start();
  const { 1: out, 2: err, status } = await scene.open(
    'echo "$COLOR $HOME"; pwd; echo oh >&2; exit 4',
  ).result() as { 1: string; 2: string; status: Record<string, unknown> };
  const home = scene.runtime.podDir(CONTAINER);
  deepStrictEqual([out, err], [`red ${home}\n${home}\n`, "oh\n"]);
  strictEqual(status.reason, "NonZeroExitCode");
  deepStrictEqual(status.details, { causes: [{ reason: "ExitCode", message: "4" }] });
});

Deno.test("serveExec() sends only what was asked for, and gives no stdin unasked", async () => {
  await using scene = await start();
  deepStrictEqual(await scene.open("cat; echo a; echo b >&2", "error=true").result(), {
    2: "b\n",
    status: { metadata: {}, status: "Success" },
  });
});

Deno.test("serveExec() passes stdin on to its end", async () => {
  await using scene = await start();
  const { socket, opened, result } = scene.open("cat", "input=1&output=1");
  await opened;
  socket.send(Uint8Array.of(0, 104, 105));
  socket.send(Uint8Array.of(255, 0));
  deepStrictEqual(await result(), { 1: "hi", status: { metadata: {}, status: "Success" } });
});

Deno.test("serveExec() kills the command with all that it started when its client leaves", async () => {
  await using scene = await start();
  const { socket, printed, ended } = scene.open("sleep 1000 & echo $! $$; wait");
  const pids = (await printed()).trim().split(" ").map(Number);
  socket.close();
  await ended;
  await Promise.all(pids.map(gone));
});

Deno.test("serveExec() ends a command with the server", async () => {
  await using scene = await start();
  const first = scene.open("echo; exec sleep 1000");
  await first.printed();
  scene.stop.abort();
  strictEqual((await first.result()).status.details.causes[0].message, "137");
});

Deno.test("serveExec() ends a command with its container", async () => {
  await using scene = await start();
  const { printed, result } = scene.open("echo; exec sleep 1000");
  await printed();
  scene.container.signal("SIGKILL");
  strictEqual((await result()).status.details.causes[0].message, "137");
  await scene.container.exited;
  match((await scene.open("true").result()).status.message, /the container has ended/);
});

Deno.test("serveExec() does not wait for what a command leaves behind", async () => {
  await using scene = await start();
  const { 1: pid, status } = await scene.open("sleep 1000 & echo $!").result() as {
    1: string;
    status: { status: string };
  };
  strictEqual(status.status, "Success");
  strictEqual(processStartTime(Number(pid)) === undefined, false);
  scene.container.signal("SIGKILL");
  await gone(Number(pid));
});

Deno.test("serveExec() tells over the WebSocket why it runs nothing", async () => {
  await using scene = await start();
  const why = async (script?: string, more?: string) =>
    (await scene.open(script, more).result()).status;
  match((await why("ls", "output=1&tty=1")).message, /Cannot open a terminal/);
  deepStrictEqual(await why(), {
    metadata: {},
    status: "Failure",
    reason: "BadRequest",
    message: "you must specify at least 1 command",
    code: 400,
  });
  scene.refuse();
  strictEqual((await why("ls")).code, 403);
});
