/** The dialing side's handshake. */
import type { Agreed, Peer } from "./channel.ts";
import {
  type AcceptorClaims,
  acceptorClaims,
  HANDSHAKE_BYTES,
  type Hello,
  MAX_KIDS,
  PROTOCOL_VERSION,
  readHandshake,
  type Refused,
} from "./handshake_messages.ts";
import { decodeProtectedHeader } from "jose";
import { READER_LIMITS } from "../wire/message_reader.ts";
import { isLonger } from "../wire/bounds.ts";
import { Inbox } from "./inbox.ts";
import type { Key, KeyRing } from "./key_ring.ts";
import type { MessageSocket } from "./message_socket.ts";
import type { Negotiation } from "./negotiation.ts";
import { digestOfMessage, newNonce, sign, verify } from "./proofs.ts";
import { type ChannelOptions, SocketChannel } from "./socket_channel.ts";

/** Milliseconds that a handshake may take. */
export const HANDSHAKE_MS = 5_000;

/** Who dials, and what with. */
export interface DialOptions extends ChannelOptions {
  /** This side. */
  self: Peer;
  /** The session to begin or to go on with. */
  session: string;
  /** The keys of this side, asked at each handshake. */
  keys: () => KeyRing;
  /** The contract of this side. */
  negotiation: Negotiation;
  /** The worker's name; another one that answers is refused. @default any */
  expect?: string;
  /** Milliseconds until the handshake must be over. @default 5_000 */
  deadline?: number;
  /** Gives the handshake up. */
  signal?: AbortSignal;
}

/** Why a handshake came to nothing. */
export class RefusedError extends Error {
  /** Always `"RefusedError"`. */
  override readonly name = "RefusedError";
  /** `mistaken`: another worker has answered; else as the protocol has it. */
  readonly code: Refused["code"] | "mistaken";

  /** An error with a message for people. */
  constructor(code: Refused["code"] | "mistaken", message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Makes a channel over a socket, which it closes if it cannot.
 *
 * @throws {RefusedError} when one side does not take the other
 * @throws {WireError} when the other side does not keep to the protocol
 * @throws {Error} when the connection broke, or the deadline is over
 */
export async function dialChannel(
  socket: MessageSocket,
  options: DialOptions,
): Promise<SocketChannel> {
  const { messageBytes } = READER_LIMITS;
  const inbox = new Inbox(socket, {
    messages: 64, // frames may follow the last message at once
    bytes: messageBytes,
    deadline: options.deadline ?? HANDSHAKE_MS,
    signal: options.signal,
  });
  try {
    return await shakeHands(socket, inbox, options);
  } catch (error) {
    inbox.stop();
    socket.close();
    throw error;
  }
}

async function shakeHands(
  socket: MessageSocket,
  inbox: Inbox,
  options: DialOptions,
): Promise<SocketChannel> {
  const { self, session, negotiation } = options;
  const keys = options.keys();
  const hello: Hello = {
    t: "hello",
    v: PROTOCOL_VERSION,
    ...self,
    session,
    nonce: newNonce(),
    kids: keys.ids.slice(0, MAX_KIDS),
    contract: negotiation.contract,
  };
  const helloText = JSON.stringify(hello);
  socket.send(helloText);

  const challengeText = await inbox.next();
  const challenge = readHandshake(challengeText, "challenge", "refused");
  // whoever says that has proven nothing
  if (challenge.t === "refused") throw unproven(challenge);
  const helloDigest = await digestOfMessage(helloText);
  const { key, claims } = await verified(challenge.proof, helloDigest, keys, options.expect);

  const differs = claims.contract.digest !== negotiation.contract.digest;
  const prove = JSON.stringify({
    t: "prove",
    proof: await sign(
      { by: "dialer", hello: helloDigest, challenge: await digestOfMessage(challengeText) },
      key,
    ),
    ...(differs && { descriptor: negotiation.descriptor }),
  });
  if (isLonger(prove, HANDSHAKE_BYTES)) {
    const message = `contract "${negotiation.contract.name}" has a description of more than ` +
      `${HANDSHAKE_BYTES} bytes, and differs from the worker's`;
    throw new RefusedError("incompatible", message);
  }
  socket.send(prove);

  const answer = readHandshake(await inbox.next(), "welcome", "refused");
  if (answer.t === "refused") throw new RefusedError(answer.code, answer.message);
  const agreed: Agreed = { ...answer, methods: new Set(answer.methods) };
  return new SocketChannel({
    ...options,
    socket,
    peer: { role: "worker", name: claims.name, instance: claims.instance },
    agreed,
    hears: self.role === "coordinator" ? "callee" : "both",
    frameBytes: agreed.limits.frameBytes,
    key,
    nonce: claims.nonce,
    rest: inbox.release(),
  });
}

/** What the acceptor has proven, and with which key. */
async function verified(
  proof: string,
  hello: string,
  keys: KeyRing,
  expect: string | undefined,
): Promise<{ key: Key; claims: AcceptorClaims }> {
  const key = keys.get(kidOf(proof)) ?? keys.current;
  const claims = await verify(proof, key, acceptorClaims);
  if (claims?.hello !== hello) {
    throw new RefusedError("unauthorized", "the worker has not proven that it has the key");
  }
  if (expect !== undefined && claims.name !== expect) {
    throw new RefusedError("mistaken", `worker "${claims.name}" has answered for "${expect}"`);
  }
  return { key, claims };
}

function kidOf(proof: string): string {
  try {
    return decodeProtectedHeader(proof).kid ?? "";
  } catch {
    return "";
  }
}

/** Of those who have not proven who they are, only what is no final answer is taken. */
function unproven({ code, message }: Refused): RefusedError {
  return new RefusedError(
    code === "deposed" || code === "incompatible" ? "protocol" : code,
    message,
  );
}
