import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { framingOf } from "./body_framing.ts";
import { forward } from "./forward.ts";

/** Answers one connection with a text, and closes it; if it is to stay open, the client must. */
async function answering(
  text: string,
  run: (url: URL) => Promise<void>,
  options: { open?: boolean } = {},
): Promise<void> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const served = (async () => {
    using connection = await listener.accept();
    const buffer = new Uint8Array(4096);
    await connection.read(buffer);
    await connection.write(new TextEncoder().encode(text));
    if (options.open) await connection.read(buffer).catch(() => null);
  })();
  await run(new URL(`http://127.0.0.1:${port}/`));
  await served;
}

const GET = { method: "GET", headers: new Headers() };

Deno.test("forward() reads bodies of a length, in chunks and until the end", async () => {
  const answers = [
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello, and more",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n",
    "HTTP/1.0 200 OK\r\n\r\nhello",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
  ];
  for (const text of answers) {
    await answering(text, async (url) => {
      const response = await forward(url, GET);
      strictEqual(response.status, 200);
      strictEqual(await response.text(), "hello");
    });
  }
});

Deno.test("forward() fails the body when it is cut off", async () => {
  const answers = [
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nwhat\r\n",
  ];
  for (const text of answers) {
    await answering(text, async (url) => {
      const response = await forward(url, GET);
      await rejects(response.text());
    });
  }
});

Deno.test("forward() rejects when the answer is not HTTP or does not come", async () => {
  for (const text of ["SSH-2.0\r\n\r\n", ""]) {
    await answering(text, async (url) => {
      await rejects(forward(url, GET));
    });
  }
});

Deno.test("forward() leaves an answer that never ends when its reader leaves", async () => {
  const text = "HTTP/1.1 200 OK\r\n\r\nfirst";
  await answering(text, async (url) => {
    const response = await forward(url, GET);
    const reader = response.body?.getReader();
    await reader?.read();
    await reader?.cancel();
  }, { open: true });
});

Deno.test("framingOf() finds chunks wherever they are torn", () => {
  const bytes = new TextEncoder().encode("4\r\nabcd\r\na\r\n0123456789\r\n0\r\n\r\n");
  for (let size = 1; size <= bytes.length; size++) {
    const framing = framingOf(200, new Headers({ "transfer-encoding": "chunked" }));
    const parts: string[] = [];
    for (let at = 0; at < bytes.length; at += size) {
      for (const part of framing.push(bytes.subarray(at, at + size))) {
        parts.push(new TextDecoder().decode(part));
      }
    }
    deepStrictEqual([parts.join(""), framing.done], ["abcd0123456789", true]);
  }
});
