/** Connections to an API server that carry something else than requests. */
import { once } from "node:events";
import { connect as connectTls } from "node:tls";
import { type ByteConnection, denoBytes, nodeBytes } from "../../websocket/mod.ts";
import type { TlsMaterial } from "../config/mod.ts";

/** Connects as `fetch` does; rejects with the signal's reason when it aborts first. */
export async function connectBytes(
  url: URL,
  tls: TlsMaterial,
  signal: AbortSignal,
): Promise<ByteConnection> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  const connecting = connectDeno(url, tls);
  try {
    return denoBytes(await Promise.race([connecting, aborted]));
  } catch (error) {
    connecting.then((late) => late.close(), () => {});
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

async function connectDeno(url: URL, { caCerts, cert, key }: TlsMaterial): Promise<Deno.Conn> {
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  const secure = url.protocol === "https:";
  const port = Number(url.port || (secure ? 443 : 80));
  const alpnProtocols = ["http/1.1"];
  let conn: Deno.TlsConn;
  if (cert && key) {
    // only this presents a certificate; there small messages wait for each other
    conn = await Deno.connectTls({ hostname, port, caCerts, alpnProtocols, cert, key });
  } else {
    const plain = await Deno.connect({ hostname, port });
    plain.setNoDelay(); // else small messages wait for each other
    if (!secure) return plain;
    conn = await Deno.startTls(plain, { hostname, caCerts, alpnProtocols });
  }
  try {
    await conn.handshake();
    return conn;
  } catch (error) {
    conn.close();
    throw error;
  }
}

/** For what node_https.ts is for. */
export async function connectBytesByNode(
  url: URL,
  tls: TlsMaterial,
  signal: AbortSignal,
): Promise<ByteConnection> {
  signal.throwIfAborted();
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const socket = connectTls({
    host,
    port: Number(url.port || 443),
    ALPNProtocols: ["http/1.1"],
    ...(tls.caCerts.length > 0 && { ca: tls.caCerts }),
    ...(tls.cert && tls.key && { cert: tls.cert, key: tls.key }),
    ...(tls.serverName && { servername: tls.serverName }),
    ...(tls.insecure && { rejectUnauthorized: false }),
  });
  try {
    await once(socket, "secureConnect", { signal });
    socket.setNoDelay(true);
    return nodeBytes(socket);
  } catch (error) {
    socket.destroy();
    throw signal.aborted ? signal.reason : error;
  }
}
