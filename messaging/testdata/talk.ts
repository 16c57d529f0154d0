/**
 * What the programs of benchmarks and tests say to each other, and how.
 *
 * @module
 */
import { z } from "zod";
import { contract } from "../mod.ts";

/** The library that is compared with: remote calls over a WebSocket. */
export const RPC_PACKAGE = "npm:capnweb@0.12.0";

/** A client of WebSockets for it, that sets TCP_NODELAY. */
export const SOCKET_PACKAGE = "npm:ws@8.18.3";

/** The part of {@linkcode SOCKET_PACKAGE} that is used. */
export interface SocketPackage {
  WebSocket: typeof WebSocket;
}

/** Name of the key's variable in the server's and the clients' environment. */
export const KEYS_VARIABLE = "BENCH_KEYS";

/** What is asked of the server. */
export const talk = contract("talk", {
  greet: { input: z.object({ name: z.string() }), output: z.string() },
  echo: { input: z.string(), output: z.string() },
  count: { input: z.object({ to: z.int() }), stream: z.int() },
  note: { input: z.object({ name: z.string() }), output: z.undefined() },
  noted: { input: z.object({}), output: z.int() },
});

/** The parts of {@linkcode RPC_PACKAGE} that are used; the specifier is kept out of the module graph. */
export interface RpcPackage {
  RpcTarget: new () => object;
  newWebSocketRpcSession(socket: WebSocket, target?: object): unknown;
}
