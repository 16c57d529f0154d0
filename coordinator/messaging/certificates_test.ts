import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import {
  isSignedBy,
  type KeyPair,
  makeAuthority,
  makeServerCertificate,
  validityOf,
} from "./certificates.ts";

const DAY = 86_400_000;
const NAME = "workers.boss.troupe.internal";
const validity = { from: Date.now() - DAY, until: Date.now() + DAY };

/** A TLS server that answers one connection after the other, and what a client gets from it. */
async function greet(
  server: KeyPair,
  { authority, name }: { authority: KeyPair; name: string },
): Promise<string> {
  const { certificate: cert, privateKey: key } = server;
  await using http = Deno.serve(
    { hostname: "127.0.0.1", port: 0, cert, key, onListen: () => {} },
    () => new Response("welcome"),
  );
  const tcp = await Deno.connect({ hostname: "127.0.0.1", port: http.addr.port });
  const tls = await Deno.startTls(tcp, { hostname: name, caCerts: [authority.certificate] });
  try {
    await tls.handshake();
    await tls.write(
      new TextEncoder().encode(`GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`),
    );
    return await new Response(tls.readable).text();
  } finally {
    try {
      tls.close();
    } catch { /* what was read to its end is closed */ }
  }
}

Deno.test("makeServerCertificate() makes what a client trusts that trusts the authority", async () => {
  const authority = await makeAuthority("boss", validity);
  const server = await makeServerCertificate(authority, NAME, validity);
  strictEqual((await greet(server, { authority, name: NAME })).endsWith("welcome"), true);
});

Deno.test("makeServerCertificate() makes what is refused by name, authority and date", async (t) => {
  const authority = await makeAuthority("boss", validity);
  const server = await makeServerCertificate(authority, NAME, validity);
  await t.step("another name", async () => {
    const name = "workers.other.troupe.internal";
    await rejects(greet(server, { authority, name }), /not valid for name|NotValidForName/i);
  });
  await t.step("another authority of that name", async () => {
    const other = await makeAuthority("boss", validity);
    await rejects(greet(server, { authority: other, name: NAME }), /UnknownIssuer|BadSignature/);
  });
  await t.step("a server that plays the authority", async () => {
    const forged = await makeServerCertificate(server, NAME, validity);
    await rejects(greet(forged, { authority, name: NAME }), /UnknownIssuer/);
  });
  await t.step("a date that has passed", async () => {
    const past = { from: validity.from, until: Date.now() - 1_000 };
    const expired = await makeServerCertificate(authority, NAME, past);
    await rejects(greet(expired, { authority, name: NAME }), /Expired|expired/);
  });
});

Deno.test("certificates are what others read too", async () => {
  const authority = await makeAuthority("boss", validity);
  const server = await makeServerCertificate(authority, NAME, validity);
  const read = new X509Certificate(server.certificate);
  strictEqual(read.subject, `CN=${NAME}`);
  strictEqual(read.issuer, "CN=boss");
  strictEqual(new X509Certificate(authority.certificate).subject, "CN=boss");
});

Deno.test("validityOf() and isSignedBy() read certificates, and refuse what is none", async () => {
  const [authority, other] = [
    await makeAuthority("a", validity),
    await makeAuthority("a", validity),
  ];
  const server = await makeServerCertificate(authority, NAME, validity);
  const seconds = ({ from, until }: typeof validity) =>
    [from, until].map((ms) => Math.floor(ms / 1e3));
  deepStrictEqual(seconds(await validityOf(server.certificate)), seconds(validity));
  const far = { from: Date.UTC(2049, 0), until: Date.UTC(2061, 0) };
  deepStrictEqual(await validityOf((await makeAuthority("a", far)).certificate), far);
  strictEqual(await isSignedBy(server.certificate, authority.certificate), true);
  strictEqual(await isSignedBy(server.certificate, other.certificate), false);
  strictEqual(await isSignedBy("nonsense", authority.certificate), false);
  await rejects(validityOf("nonsense"));
});
