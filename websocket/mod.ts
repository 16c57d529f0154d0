/**
 * The client's side of a WebSocket (RFC 6455) over any connection of bytes. It exists because
 * neither of Deno's own says why a server refused, presents a client certificate on every version,
 * or waits for a slow reader: here a message is read from the connection when it is asked for. And
 * what a server needs beside Deno's own.
 *
 * @module
 */
export { type ByteConnection, denoBytes, nodeBytes } from "./byte_connection.ts";
export { type DialOptions, dialWebSocket } from "./dial_web_socket.ts";
export { encodeFrame, type Frame, FrameDecoder, OPCODES } from "./frames.ts";
export { type HandshakeOptions, requestWebSocket } from "./handshake.ts";
export { ClientSocket, type ClientSocketOptions, type SocketLimits } from "./client_socket.ts";
export { SocketError, type SocketErrorInit, type SocketErrorKind } from "./socket_error.ts";
export { closeAfterRead, sendPaced } from "./server_socket.ts";
