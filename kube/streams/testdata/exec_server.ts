/** An API server that a test plays as far as commands in pods go. */
import { plainClusterConfig, Transport } from "../../mod.ts";

/** What runs a command: the socket is open, `channel` puts a message on it. */
export type PlayedCommand = (played: {
  readonly socket: WebSocket;
  readonly url: URL;
  send(channel: number, data?: string | Uint8Array): void;
  /** Sends the Status and closes. */
  end(status: unknown): void;
  /** What the client sends, channel first. */
  readonly messages: Uint8Array[];
  /** Resolves when so many messages have come. */
  came(count: number): Promise<void>;
  /** Resolves when the client has left. */
  readonly left: Promise<void>;
}) => void | Promise<void>;

/** How an exit code is told. */
export function exitStatus(code: number): unknown {
  if (code === 0) return { metadata: {}, status: "Success" };
  return {
    metadata: {},
    status: "Failure",
    message: `command terminated with non-zero exit code: exit status ${code}`,
    reason: "NonZeroExitCode",
    details: { causes: [{ reason: "ExitCode", message: String(code) }] },
  };
}

/** Starts a server whose every command is `play`, and a transport to it. */
export function startExecServer(play: PlayedCommand, protocol = "v5.channel.k8s.io") {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request, { protocol, idleTimeout: 0 });
    socket.binaryType = "arraybuffer";
    const messages: Uint8Array[] = [];
    const waiting = new Set<() => void>();
    const left = new Promise<void>((resolve) => {
      socket.onclose = () => resolve();
    });
    socket.onerror = () => {};
    socket.onmessage = ({ data }) => {
      messages.push(new Uint8Array(data));
      for (const look of [...waiting]) look();
    };
    const send = (channel: number, data: string | Uint8Array = "") => {
      const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
      const message = new Uint8Array(1 + bytes.length);
      message[0] = channel;
      message.set(bytes, 1);
      socket.send(message);
    };
    const came = (count: number) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (messages.length < count) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      });
    const end = (status: unknown) => {
      send(3, JSON.stringify(status));
      socket.close(1000);
    };
    const url = new URL(request.url);
    socket.onopen = () => play({ socket, url, send, end, messages, came, left });
    return response;
  });
  const transport = new Transport(plainClusterConfig(`http://127.0.0.1:${server.addr.port}`));
  return {
    transport,
    async [Symbol.asyncDispose]() {
      await transport.close();
      await server.shutdown();
    },
  };
}
