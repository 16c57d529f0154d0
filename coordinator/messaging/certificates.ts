/**
 * X.509 certificates for the connections between a coordinator and its workers. What makes them, PKI.js,
 * is only loaded by who calls something of this module.
 */
import { Buffer } from "node:buffer";
import type { Certificate, Extension } from "pkijs";

/** A certificate and its private key, as PEM. */
export interface KeyPair {
  readonly certificate: string;
  /** PKCS #8; secret. */
  readonly privateKey: string;
}

/** From when until when a certificate may be used, in milliseconds since 1970. */
export interface Validity {
  readonly from: number;
  readonly until: number;
}

/** Of which kind keys and signatures are. */
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" } as const;
const HASH = "SHA-256";

/** Bytes of a serial number: RFC 5280 allows 20, and 16 random ones never meet. */
const SERIAL_BYTES = 16;

/** Object identifiers of extensions (RFC 5280). */
const OID = {
  commonName: "2.5.4.3",
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  authorityKeyIdentifier: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
} as const;

/** Bits of a key usage, of which the first one is the highest. */
const USAGE = { digitalSignature: 0x80, keyCertSign: 0x04, cRLSign: 0x02 } as const;

/** The place of a DNS name among the kinds of names. */
const DNS_NAME = 2;

/** A new authority, which signs its own certificate and those of servers only. */
export async function makeAuthority(name: string, validity: Validity): Promise<KeyPair> {
  const keys = await newKeys();
  const { BasicConstraints } = await import("pkijs");
  const certificate = await newCertificate(name, keys, validity);
  certificate.issuer.typesAndValues = certificate.subject.typesAndValues;
  certificate.extensions = await Promise.all([
    extension(OID.basicConstraints, new BasicConstraints({ cA: true, pathLenConstraint: 0 }), true),
    usage(USAGE.keyCertSign | USAGE.cRLSign),
    subjectKeyIdentifier(certificate),
  ]);
  await certificate.sign(keys.privateKey, HASH);
  return await keyPairOf(certificate, keys);
}

/** A new certificate of a server of these DNS names, which the authority has signed. */
export async function makeServerCertificate(
  authority: KeyPair,
  dnsName: string,
  validity: Validity,
): Promise<KeyPair> {
  const keys = await newKeys();
  const { AuthorityKeyIdentifier, BasicConstraints, ExtKeyUsage, GeneralName, GeneralNames } =
    await import("pkijs");
  const issuer = await certificateOf(authority.certificate);
  const certificate = await newCertificate(dnsName, keys, validity);
  certificate.issuer.typesAndValues = issuer.subject.typesAndValues;
  const names = new GeneralNames({ names: [new GeneralName({ type: DNS_NAME, value: dnsName })] });
  const issuerId = new AuthorityKeyIdentifier({
    keyIdentifier: await octets(await keyIdentifierOf(issuer)),
  });
  certificate.extensions = await Promise.all([
    extension(OID.basicConstraints, new BasicConstraints({ cA: false }), true),
    usage(USAGE.digitalSignature),
    extension(OID.extendedKeyUsage, new ExtKeyUsage({ keyPurposes: [OID.serverAuth] })),
    extension(OID.subjectAltName, names),
    subjectKeyIdentifier(certificate),
    extension(OID.authorityKeyIdentifier, issuerId),
  ]);
  await certificate.sign(await privateKeyOf(authority.privateKey), HASH);
  return await keyPairOf(certificate, keys);
}

/**
 * How long a certificate may be used.
 *
 * @throws when it is none; the message tells nothing of it
 */
export async function validityOf(certificate: string): Promise<Validity> {
  const { notBefore, notAfter } = await certificateOf(certificate);
  return { from: notBefore.value.getTime(), until: notAfter.value.getTime() };
}

/** Whether an authority has signed a certificate; not, if one of them is none. */
export async function isSignedBy(certificate: string, authority: string): Promise<boolean> {
  try {
    return await (await certificateOf(certificate)).verify(await certificateOf(authority));
  } catch {
    return false;
  }
}

async function newKeys(): Promise<CryptoKeyPair> {
  return await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}

async function newCertificate(
  name: string,
  { publicKey }: CryptoKeyPair,
  { from, until }: Validity,
): Promise<Certificate> {
  const { Integer, Utf8String } = await import("asn1js");
  const { AttributeTypeAndValue, Certificate, Time } = await import("pkijs");
  const serial = crypto.getRandomValues(new Uint8Array(SERIAL_BYTES));
  serial[0] = (serial[0]! & 0x7f) | 0x40; // a positive number of just so many bytes
  const certificate = new Certificate({
    version: 2, // which is v3
    serialNumber: new Integer({ valueHex: serial.buffer }),
    notBefore: new Time(timeOf(from)),
    notAfter: new Time(timeOf(until)),
  });
  certificate.subject.typesAndValues = [
    new AttributeTypeAndValue({ type: OID.commonName, value: new Utf8String({ value: name }) }),
  ];
  await certificate.subjectPublicKeyInfo.importKey(publicKey);
  return certificate;
}

/** Years from 2050 on are written with four digits (RFC 5280, 4.1.2.5). */
function timeOf(ms: number): { type: number; value: Date } {
  const value = new Date(ms);
  return { type: value.getUTCFullYear() < 2050 ? 0 : 1, value };
}

async function extension(
  extnID: string,
  parsed: { toSchema(): { toBER(): ArrayBuffer } },
  critical = false,
): Promise<Extension> {
  const { Extension } = await import("pkijs");
  return new Extension({ extnID, critical, extnValue: parsed.toSchema().toBER() });
}

async function usage(bits: number): Promise<Extension> {
  const { BitString } = await import("asn1js");
  let unusedBits = 0;
  while (((bits >> unusedBits) & 1) === 0) unusedBits++;
  const value = new BitString({ valueHex: new Uint8Array([bits]).buffer, unusedBits });
  return await extension(OID.keyUsage, { toSchema: () => value }, true);
}

async function subjectKeyIdentifier(certificate: Certificate): Promise<Extension> {
  const value = await octets(await keyIdentifierOf(certificate));
  return await extension(OID.subjectKeyIdentifier, { toSchema: () => value });
}

/** SHA-1 of the public key, as RFC 5280 has it: it finds keys and proves nothing. */
async function keyIdentifierOf({ subjectPublicKeyInfo }: Certificate): Promise<ArrayBuffer> {
  const bits = subjectPublicKeyInfo.subjectPublicKey.valueBlock.valueHexView;
  return await crypto.subtle.digest("SHA-1", Uint8Array.from(bits));
}

async function octets(valueHex: ArrayBuffer) {
  const { OctetString } = await import("asn1js");
  return new OctetString({ valueHex });
}

async function certificateOf(pem: string): Promise<Certificate> {
  const { Certificate } = await import("pkijs");
  return Certificate.fromBER(derOf(pem));
}

async function privateKeyOf(pem: string): Promise<CryptoKey> {
  return await crypto.subtle.importKey("pkcs8", derOf(pem), ALGORITHM, false, ["sign"]);
}

async function keyPairOf(certificate: Certificate, keys: CryptoKeyPair): Promise<KeyPair> {
  return {
    certificate: pemOf("CERTIFICATE", certificate.toSchema().toBER()),
    privateKey: pemOf("PRIVATE KEY", await crypto.subtle.exportKey("pkcs8", keys.privateKey)),
  };
}

function pemOf(label: string, der: ArrayBuffer): string {
  const lines = Buffer.from(der).toString("base64").match(/.{1,64}/g)!;
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}

function derOf(pem: string): ArrayBuffer {
  return Uint8Array.from(Buffer.from(pem.replace(/-----[A-Z ]+-----/g, ""), "base64")).buffer;
}
