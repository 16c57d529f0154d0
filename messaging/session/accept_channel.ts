/** The accepting side's handshake. */
import { asError } from "../../runtime/mod.ts";
import { WireError } from "../wire/wire_error.ts";
import type { Agreed, Peer } from "./channel.ts";
import { HANDSHAKE_MS, RefusedError } from "./dial_channel.ts";
import {
  dialerClaims,
  HANDSHAKE_BYTES,
  type Hello,
  PROTOCOL_VERSION,
  readHandshake,
} from "./handshake_messages.ts";
import { Inbox } from "./inbox.ts";
import type { Key, KeyRing } from "./key_ring.ts";
import type { MessageSocket } from "./message_socket.ts";
import type { Negotiation } from "./negotiation.ts";
import { digestOfMessage, newNonce, sign, verify } from "./proofs.ts";
import { type ChannelOptions, FRAME_BYTES, SocketChannel } from "./socket_channel.ts";

/** Who accepts, and what with. */
export interface AcceptOptions extends ChannelOptions {
  /** This side. */
  self: { readonly name: string; readonly instance: string };
  /** The keys of this side. */
  keys: KeyRing;
  /** Takes a key that a coordinator offers. */
  addKey(key: Key): void;
  /** The contract of this side. */
  negotiation: Negotiation;
  /** Milliseconds until the handshake must be over. @default 5_000 */
  deadline?: number;
  /** Gives the handshake up. */
  signal?: AbortSignal;
  /**
   * Says how it goes on with a peer that has proven itself; what it throws refuses it. Called in the
   * tick in which the channel is made.
   *
   * @throws {RefusedError}
   */
  agree(peer: Peer, session: string): Omit<Agreed, "methods">;
  /** Hears the channel, in the same tick. */
  onMade?(channel: SocketChannel): void;
}

/**
 * Makes a channel over a socket that somebody has dialed; refuses and closes it if it cannot.
 *
 * @throws {Error} why it cannot, after the other side was told
 */
export async function acceptChannel(
  socket: MessageSocket,
  options: AcceptOptions,
): Promise<SocketChannel> {
  const inbox = new Inbox(socket, {
    messages: 1, // who dials says nothing unasked
    bytes: HANDSHAKE_BYTES,
    deadline: options.deadline ?? HANDSHAKE_MS,
    signal: options.signal,
  });
  try {
    return await shakeHands(socket, inbox, options);
  } catch (error) {
    inbox.stop();
    const { message } = asError(error);
    const code = error instanceof WireError || error instanceof RefusedError
      ? error.code
      : "protocol";
    socket.send(JSON.stringify({ t: "refused", code, message }));
    socket.close();
    throw error;
  }
}

async function shakeHands(
  socket: MessageSocket,
  inbox: Inbox,
  options: AcceptOptions,
): Promise<SocketChannel> {
  const { self, keys, negotiation } = options;
  const helloText = await inbox.next();
  const hello = readHandshake(helloText, "hello");
  const { v, role, session, token, kids } = hello;
  if (v !== PROTOCOL_VERSION) {
    const message = `it speaks version ${v} of the protocol, this side version ${PROTOCOL_VERSION}`;
    throw new RefusedError("protocol", message);
  }
  const key = kids.map((kid) => keys.get(kid)).find((key) => key !== undefined);
  if (!key) {
    const [theirs, own] = [kids, keys.ids].map((kids) => kids.map((kid) => `"${kid}"`).join(", "));
    const message = `no key is common: the dialing side has ${theirs}, this side ${own}`;
    throw new RefusedError("unauthorized", message);
  }

  const nonce = newNonce();
  const helloDigest = await digestOfMessage(helloText);
  const challengeText = JSON.stringify({
    t: "challenge",
    proof: await sign(
      { by: "acceptor", hello: helloDigest, ...self, nonce, contract: negotiation.contract },
      key,
    ),
  });
  socket.send(challengeText);

  const proven = readHandshake(await inbox.next(), "prove");
  const claims = await verify(proven.proof, key, dialerClaims);
  if (claims?.hello !== helloDigest || claims.challenge !== await digestOfMessage(challengeText)) {
    throw new RefusedError("unauthorized", "the dialing side has not proven that it has the key");
  }

  const methods = fitting(hello, proven.descriptor, negotiation);
  const peer: Peer = {
    role,
    name: hello.name,
    instance: hello.instance,
    ...(token !== undefined && { token }),
  };
  const rest = inbox.release(); // before anything is changed for a peer that comes too late
  const agreed: Agreed = { ...options.agree(peer, session), methods: new Set(methods) };
  socket.send(JSON.stringify({ t: "welcome", ...agreed, methods }));
  const channel = new SocketChannel({
    ...options,
    addKey: role === "coordinator" ? options.addKey : undefined,
    reader: { frameBytes: agreed.limits.frameBytes, ...options.reader },
    socket,
    peer,
    session,
    agreed,
    hears: role === "coordinator" ? "caller" : "both",
    frameBytes: FRAME_BYTES,
    key,
    nonce,
    rest,
  });
  options.onMade?.(channel);
  return channel;
}

/** What the dialer can ask. */
function fitting(
  { contract, role }: Hello,
  descriptor: unknown,
  negotiation: Negotiation,
): readonly string[] {
  let theirs = negotiation.descriptor;
  if (contract.digest !== negotiation.contract.digest) {
    theirs = descriptor as typeof theirs;
    let digest: string | undefined;
    try {
      digest = theirs === undefined ? undefined : negotiation.digestOf(theirs);
    } catch {
      // it is no descriptor
    }
    if (digest !== contract.digest) {
      const message = `the description of contract "${contract.name}" is not the one announced`;
      throw new RefusedError("protocol", message);
    }
  }
  const fit = negotiation.fit(theirs, role);
  if ("refused" in fit) throw new RefusedError("incompatible", fit.refused);
  return fit.methods;
}
