/**
 * How each side proves that it has the key: by a JWS over all that was said before. What a proof is
 * for stands in it (`by`), so that none can be used for the other side; and both sides' nonces do, the
 * dialer's within the digest of `hello` and the acceptor's within its own proof, so that none can be
 * used again.
 */
import { Buffer } from "node:buffer";
import { compactDecrypt, CompactEncrypt, CompactSign, compactVerify } from "jose";
import type { z } from "zod";
import { type Key, KeyRing } from "./key_ring.ts";

const NONCE_BYTES = 32;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** 32 bytes of chance, in base64url. */
export function newNonce(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(NONCE_BYTES))).toString("base64url");
}

/** The SHA-256 of a message as it was sent, in base64url. */
export async function digestOfMessage(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", encoder.encode(text));
  return Buffer.from(digest).toString("base64url");
}

/** Claims, signed with a key: a compact JWS with HS256. */
export function sign(claims: object, { kid, secret }: Key): Promise<string> {
  return new CompactSign(encoder.encode(JSON.stringify(claims)))
    .setProtectedHeader({ alg: "HS256", kid }).sign(secret);
}

/** What is claimed, if it was signed with that key and has that form; else undefined. */
export async function verify<S extends z.ZodType>(
  proof: string,
  key: Key,
  form: S,
): Promise<z.output<S> | undefined> {
  try {
    const { payload, protectedHeader } = await compactVerify(proof, key.secret, {
      algorithms: ["HS256"],
    });
    if (protectedHeader.kid !== key.kid) return undefined;
    return form.safeParse(JSON.parse(decoder.decode(payload))).data;
  } catch {
    return undefined; // which of its checks failed is nobody's business
  }
}

/**
 * Another key, encrypted with one that both sides have, for the channel of that nonce.
 *
 * @throws {TypeError} when it is no key
 */
export async function encryptKey(
  key: Key,
  nonce: string,
  { kid, secret }: Key,
): Promise<string> {
  const text = new KeyRing([key]).toText();
  KeyRing.parse(text); // as the other side will
  const offered = { ...JSON.parse(text), nonce };
  return await new CompactEncrypt(encoder.encode(JSON.stringify(offered)))
    .setProtectedHeader({ alg: "dir", enc: "A256GCM", kid }).encrypt(secret);
}

/**
 * The key that was offered.
 *
 * @throws {Error} when it is not encrypted with that key, or was for another channel
 */
export async function decryptKey(jwe: string, nonce: string, { secret }: Key): Promise<Key> {
  const { plaintext } = await compactDecrypt(jwe, secret, {
    keyManagementAlgorithms: ["dir"],
    contentEncryptionAlgorithms: ["A256GCM"],
  });
  const text = decoder.decode(plaintext);
  const key = KeyRing.parse(text).current; // first, as no error of its tells the text
  if (JSON.parse(text).nonce !== nonce) throw new Error("it was offered in another channel");
  return key;
}
