/** The head of an HTTP/1.1 request, as the fault proxy needs it. */
export interface RequestHead {
  method: string;
  /** Path and query. */
  path: string;
  headers: [name: string, value: string][];
  /** How the body ends. */
  body: { kind: "none" } | { kind: "length"; bytes: number } | { kind: "chunked" };
}

/** A head longer than this is refused: kube-apiserver's own limit is 1 MiB. */
export const MAX_HEAD_BYTES = 1 << 20;

const decoder = new TextDecoder();

/** The index just behind the blank line that ends a head, or -1. */
export function endOfHead(bytes: Uint8Array): number {
  for (let i = 3; i < bytes.length; i++) {
    if (bytes[i] === 10 && bytes[i - 1] === 13 && bytes[i - 2] === 10 && bytes[i - 3] === 13) {
      return i + 1;
    }
  }
  return -1;
}

/** Reads a request head. Throws `SyntaxError` if it is none. */
export function parseRequestHead(bytes: Uint8Array): RequestHead {
  const [requestLine = "", ...lines] = decoder.decode(bytes).split("\r\n");
  const [method, path, version] = requestLine.split(" ");
  if (!method || !path || !version?.startsWith("HTTP/1.")) {
    throw new SyntaxError(
      `Cannot read a request head: it begins with ${JSON.stringify(requestLine)}`,
    );
  }
  const headers = lines.filter((line) => line !== "").map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
  });
  return { method, path, headers, body: bodyOf(headers) };
}

function bodyOf(headers: [string, string][]): RequestHead["body"] {
  const find = (name: string) => headers.find(([n]) => n.toLowerCase() === name)?.[1];
  if (find("transfer-encoding")?.toLowerCase().includes("chunked")) return { kind: "chunked" };
  const bytes = Number(find("content-length") ?? 0);
  return bytes > 0 ? { kind: "length", bytes } : { kind: "none" };
}

/** Writes the head again for `host`, one request a connection; an upgrade stays one. */
export function formatRequestHead(head: RequestHead, host: string): Uint8Array {
  const dropped = new Set(["host", "connection", "keep-alive"]);
  const upgrades = head.headers.some(([name]) => name.toLowerCase() === "upgrade");
  const connection = `connection: ${upgrades ? "Upgrade" : "close"}`;
  const lines = head.headers.filter(([name]) => !dropped.has(name.toLowerCase()))
    .map(([name, value]) => `${name}: ${value}`);
  return new TextEncoder().encode(
    [`${head.method} ${head.path} HTTP/1.1`, `host: ${host}`, connection, ...lines, "", ""]
      .join("\r\n"),
  );
}

/** An answer that the proxy gives by itself, shaped as an API server's Status. */
export function formatStatus(
  code: number,
  options: { retryAfterSeconds?: number } = {},
): Uint8Array {
  const [reason, phrase] = REASONS[code] ?? ["InternalError", "Error"];
  const body = JSON.stringify({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: `the fault proxy answered ${code}`,
    reason,
    code,
  });
  const head = [
    `HTTP/1.1 ${code} ${phrase}`,
    "content-type: application/json",
    `content-length: ${new TextEncoder().encode(body).length}`,
    "connection: close",
  ];
  if (options.retryAfterSeconds !== undefined) {
    head.push(`retry-after: ${options.retryAfterSeconds}`);
  }
  return new TextEncoder().encode(`${head.join("\r\n")}\r\n\r\n${body}`);
}

const REASONS: Readonly<Record<number, readonly [reason: string, phrase: string]>> = {
  409: ["Conflict", "Conflict"],
  410: ["Expired", "Gone"],
  429: ["TooManyRequests", "Too Many Requests"],
  500: ["InternalError", "Internal Server Error"],
  502: ["", "Bad Gateway"],
  503: ["ServiceUnavailable", "Service Unavailable"],
  504: ["Timeout", "Gateway Timeout"],
};
