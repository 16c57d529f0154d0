/**
 * X.509 certificates for tests, made on the spot with Web Crypto: ECDSA on P-256, version 3, in
 * DER by hand.
 */

/** A certificate and its key, PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly name: string;
  readonly keys: CryptoKeyPair;
}

/** Options of {@linkcode makeCertificate}. */
export interface CertificateOptions {
  /** Who signs it. @default itself */
  issuer?: Certificate;
  /** Whether it may sign others. @default false */
  ca?: boolean;
  /** Host names and IPv4 addresses that it is for. */
  hosts?: string[];
  /** Organization, which Kubernetes takes for a group. */
  organization?: string;
}

const CURVE = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

export async function makeCertificate(
  name: string,
  options: CertificateOptions = {},
): Promise<Certificate> {
  const keys = await crypto.subtle.generateKey(CURVE, true, ["sign", "verify"]);
  const signer = options.issuer ?? { name, keys };
  const publicKey = new Uint8Array(await crypto.subtle.exportKey("spki", keys.publicKey));
  const ecdsaWithSha256 = sequence(oid("1.2.840.10045.4.3.2"));
  const body = sequence(
    tagged(0xa0, integer([2])),
    integer([...crypto.getRandomValues(new Uint8Array(8))].map((byte, i) => i ? byte : 1)),
    ecdsaWithSha256,
    distinguishedName(signer.name),
    sequence(time(-3_600_000), time(3_600_000)),
    distinguishedName(name, options.organization),
    publicKey,
    tagged(0xa3, sequence(...extensions(options))),
  );
  const signed = sequence(body, ecdsaWithSha256, bits(await sign(signer.keys.privateKey, body)));
  const key = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    cert: pem("CERTIFICATE", signed),
    key: pem("PRIVATE KEY", new Uint8Array(key)),
    name,
    keys,
  };
}

function extensions(options: CertificateOptions): Uint8Array[] {
  const names = (options.hosts ?? []).map((host) =>
    /^[\d.]+$/.test(host) ? tagged(0x87, host.split(".").map(Number)) : tagged(0x82, text(host))
  );
  return [
    extension("2.5.29.19", sequence(...(options.ca ? [tagged(0x01, [0xff])] : []))),
    ...(names.length > 0 ? [extension("2.5.29.17", sequence(...names))] : []),
  ];
}

function extension(id: string, value: Uint8Array): Uint8Array {
  return sequence(oid(id), tagged(0x04, value));
}

function distinguishedName(commonName: string, organization?: string): Uint8Array {
  const part = (id: string, value: string) =>
    tagged(0x31, sequence(oid(id), tagged(0x0c, text(value))));
  return sequence(
    ...(organization ? [part("2.5.4.10", organization)] : []),
    part("2.5.4.3", commonName),
  );
}

/** WebCrypto gives r and s side by side; X.509 wants them as two integers. */
async function sign(key: CryptoKey, data: Uint8Array): Promise<Uint8Array> {
  const raw = new Uint8Array(await crypto.subtle.sign(CURVE, key, data as BufferSource));
  const half = raw.length / 2;
  return sequence(integer([...raw.subarray(0, half)]), integer([...raw.subarray(half)]));
}

function tagged(tag: number, ...contents: (Uint8Array | number[])[]): Uint8Array {
  const body = contents.flatMap((part) => [...part]);
  const size = body.length;
  const length = size < 0x80
    ? [size]
    : size < 0x100
    ? [0x81, size]
    : [0x82, size >> 8, size & 0xff];
  return Uint8Array.from([tag, ...length, ...body]);
}

function sequence(...contents: Uint8Array[]): Uint8Array {
  return tagged(0x30, ...contents);
}

function bits(content: Uint8Array): Uint8Array {
  return tagged(0x03, [0], content);
}

function integer(bytes: number[]): Uint8Array {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const rest = bytes.slice(start);
  return tagged(0x02, rest[0]! >= 0x80 ? [0, ...rest] : rest);
}

function oid(id: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = id.split(".").map(Number);
  return tagged(0x06, [first * 40 + second, ...rest.flatMap(base128)]);
}

function base128(value: number): number[] {
  const digits = [value & 0x7f];
  for (let left = value >> 7; left > 0; left >>= 7) digits.unshift(0x80 | (left & 0x7f));
  return digits;
}

function time(offsetMs: number): Uint8Array {
  const iso = new Date(Date.now() + offsetMs).toISOString().replace(/[-:T]|\.\d+/g, "");
  return tagged(0x18, text(iso));
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

function pem(label: string, der: Uint8Array): string {
  const base64 = btoa(String.fromCharCode(...der)).replace(/.{64}/g, "$&\n");
  return `-----BEGIN ${label}-----\n${base64}\n-----END ${label}-----\n`;
}
