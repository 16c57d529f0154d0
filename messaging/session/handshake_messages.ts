/** What the two sides say to each other before the first frame; `docs/protocol.md` tells their order. */
import { z } from "zod";
import type { Json } from "../wire/frame.ts";
import { isDeeper, isLonger } from "../wire/bounds.ts";
import { WireError } from "../wire/wire_error.ts";

/** The version of what is said on a channel; the subprotocol `troupe.v1` names it too. */
export const PROTOCOL_VERSION = 1;
/** Bytes of a message of the handshake. */
export const HANDSHAKE_BYTES = 64 * 1024;
/** Key ids in a `hello`. */
export const MAX_KIDS = 16;
const DEPTH = 64;

const name = z.string().min(1).max(253);
const id: z.ZodString = z.string().min(1).max(128);
/** 32 bytes of chance. */
const nonce = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
const count = z.int().min(0);
const compact = z.string().max(16 * 1024);

const contractId: z.ZodObject<{ name: z.ZodString; version: z.ZodString; digest: z.ZodString }> = z
  .object({ name: z.string().max(128), version: id, digest: id });

const hello = z.object({
  t: z.literal("hello"),
  v: z.int(),
  role: z.enum(["coordinator", "worker"]),
  name,
  instance: id,
  session: id,
  nonce,
  kids: z.array(id).min(1).max(MAX_KIDS),
  contract: contractId,
  token: count.optional(),
});
const challenge = z.object({ t: z.literal("challenge"), proof: compact });
const prove = z.object({
  t: z.literal("prove"),
  proof: compact,
  descriptor: z.custom<Json>(() => true).optional(),
});
const welcome = z.object({
  t: z.literal("welcome"),
  resumed: z.boolean(),
  limits: z.object({ concurrency: count, queue: count, frameBytes: z.int().min(1) }),
  methods: z.array(z.string().max(128)),
  draining: z.boolean(),
});
const refused = z.object({
  t: z.literal("refused"),
  code: z.enum(["unauthorized", "deposed", "incompatible", "busy", "limit", "protocol"]),
  message: z.string().max(4096),
});

/** What the acceptor's proof says. */
export const acceptorClaims = z.object({
  by: z.literal("acceptor"),
  hello: id,
  name,
  instance: id,
  nonce,
  contract: contractId,
});
/** What the dialer's proof says. */
export const dialerClaims = z.object({ by: z.literal("dialer"), hello: id, challenge: id });

const messages = { hello, challenge, prove, welcome, refused };

/** Which contract a side has. */
export type ContractId = z.output<typeof contractId>;
/** The first message. */
export type Hello = z.output<typeof hello>;
/** The last message, if all is well. */
export type Welcome = z.output<typeof welcome>;
/** The last message, if something is not; its acceptor closes then. */
export type Refused = z.output<typeof refused>;
/** What the acceptor's proof says. */
export type AcceptorClaims = z.output<typeof acceptorClaims>;
/** Any message of the handshake, by its type. */
export type HandshakeMessages = { [T in keyof typeof messages]: z.output<typeof messages[T]> };

/**
 * Reads a message of one of the types that may come now.
 *
 * @throws {WireError} when it is none
 */
export function readHandshake<T extends keyof HandshakeMessages>(
  text: string,
  ...types: readonly T[]
): HandshakeMessages[T] {
  if (isLonger(text, HANDSHAKE_BYTES)) {
    throw new WireError(
      "limit",
      `a message of the handshake has more than ${HANDSHAKE_BYTES} bytes`,
    );
  }
  let value: { t?: unknown } | null;
  try {
    value = JSON.parse(text);
  } catch {
    throw new WireError("protocol", "a message of the handshake is no JSON");
  }
  if (isDeeper(value, DEPTH)) {
    throw new WireError("limit", `more than ${DEPTH} lists and objects are within each other`);
  }
  const type = types.find((type) => value?.t === type);
  if (type === undefined) {
    throw new WireError("protocol", `a message of the handshake is no "${types.join('" or "')}"`);
  }
  const result = messages[type].safeParse(value);
  if (result.success) return result.data as HandshakeMessages[T];
  const fields = result.error.issues.map(({ path }) => `"${path.join(".")}"`);
  throw new WireError("protocol", `${[...new Set(fields)].join(", ")} of "${type}" is wrong`);
}
