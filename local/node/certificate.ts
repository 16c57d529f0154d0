/**
 * A self-signed certificate for the log endpoint: kube-apiserver speaks only HTTPS to a node,
 * and verifies nothing unless told to. The few lines of DER that one certificate takes are
 * written here: no package that does it is worth its weight at start-up.
 */

/** PEM texts of a key and its certificate. */
export interface SelfSigned {
  readonly key: string;
  readonly cert: string;
}

/** Valid from a day ago, for clocks that differ, and for ten years. */
const DAY_MS = 24 * 60 * 60 * 1000;

/** Makes an ECDSA P-256 key and a certificate for a name and its IPv4 addresses. */
export async function selfSigned(
  name: string,
  addresses: readonly string[],
): Promise<SelfSigned> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const pair = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const publicKey = new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey));
  const privateKey = new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey));
  const body = certificateBody({ name, addresses, publicKey });
  const raw = new Uint8Array(await crypto.subtle.sign(algorithm, pair.privateKey, body));
  const half = raw.length / 2;
  const signature = sequence(integer(raw.subarray(0, half)), integer(raw.subarray(half)));
  const certificate = sequence(body, ECDSA_SHA256, bitString(signature));
  return { key: pem("PRIVATE KEY", privateKey), cert: pem("CERTIFICATE", certificate) };
}

function certificateBody(
  { name, addresses, publicKey }: {
    name: string;
    addresses: readonly string[];
    publicKey: Uint8Array;
  },
): Uint8Array<ArrayBuffer> {
  const commonName = sequence(oid(0x55, 4, 3), tlv(0x0c, new TextEncoder().encode(name)));
  const subject = sequence(tlv(0x31, commonName));
  const now = Date.now();
  const validity = sequence(time(now - DAY_MS), time(now + 3650 * DAY_MS));
  const names = addresses.map((one) => tlv(0x87, Uint8Array.from(one.split("."), Number)));
  const alternatives = sequence(oid(0x55, 0x1d, 17), tlv(0x04, sequence(...names)));
  return sequence(
    tlv(0xa0, integer(Uint8Array.of(2))), // version 3
    integer(crypto.getRandomValues(new Uint8Array(16))),
    ECDSA_SHA256,
    subject,
    validity,
    subject,
    publicKey,
    tlv(0xa3, sequence(alternatives)),
  );
}

/** Tag, length and contents: all that DER is made of. */
function tlv(tag: number, ...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const head = length < 128
    ? [tag, length]
    : length < 256
    ? [tag, 0x81, length]
    : [tag, 0x82, length >> 8, length & 255];
  const bytes = new Uint8Array(head.length + length);
  bytes.set(head);
  let offset = head.length;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

function sequence(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return tlv(0x30, ...parts);
}

function oid(...bytes: number[]): Uint8Array {
  return tlv(0x06, Uint8Array.from(bytes));
}

/** A positive integer: without leading zeros, but one where the first bit is set. */
function integer(bytes: Uint8Array): Uint8Array {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const rest = bytes.subarray(start);
  return (rest[0]! & 0x80) !== 0 ? tlv(0x02, Uint8Array.of(0), rest) : tlv(0x02, rest);
}

function bitString(bytes: Uint8Array): Uint8Array {
  return tlv(0x03, Uint8Array.of(0), bytes);
}

/** UTCTime, which X.509 wants until 2049: YYMMDDHHMMSSZ. */
function time(ms: number): Uint8Array {
  const text = new Date(ms).toISOString().replaceAll(/[-:T]/g, "").slice(2, 14);
  return tlv(0x17, new TextEncoder().encode(`${text}Z`));
}

function pem(label: string, bytes: Uint8Array): string {
  const base64 = btoa(String.fromCharCode(...bytes));
  const lines = base64.match(/.{1,64}/g)!.join("\n");
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}

/** The algorithm ecdsa-with-SHA256. */
const ECDSA_SHA256: Uint8Array = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2));
