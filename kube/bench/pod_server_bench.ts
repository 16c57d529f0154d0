/**
 * No benchmark of its own, but the server of `reflector_bench.ts`, in a process of its own so
 * that it does not share the client's event loop: an empty list, then a watch of that many
 * added pods from memory, as fast as they are read. Prints its port; ends with its stdin.
 *
 *     deno run -A pod_server_bench.ts 20000
 *
 * @module
 */
import { podJson } from "./pods_bench.ts";

/** Bytes written at once, as much as a busy API server's connection carries. */
const CHUNK_BYTES = 65_536;

const FIRST_VERSION = 1_000;

function* chunksOf(count: number): Generator<Uint8Array> {
  let text = "";
  for (let i = 0; i < count; i++) {
    text += `{"type":"ADDED","object":${podJson(i, FIRST_VERSION + 1 + i)}}\n`;
    if (text.length < CHUNK_BYTES && i < count - 1) continue;
    yield new TextEncoder().encode(text);
    text = "";
  }
}

function serve(count: number): void {
  const chunks = [...chunksOf(count)];
  const metadata = { resourceVersion: String(FIRST_VERSION) };
  const list = { kind: "PodList", apiVersion: "v1", metadata, items: [] };
  const headers = { "content-type": "application/json" };
  Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: ({ port }) => console.log(port),
  }, (request) => {
    if (!new URL(request.url).searchParams.has("watch")) return Response.json(list, { headers });
    let next = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        const chunk = chunks[next++];
        if (chunk) return controller.enqueue(chunk);
        return new Promise<void>(() => {}); // nothing happens any more
      },
    });
    return new Response(body, { headers });
  });
}

if (import.meta.main && Deno.args[0]) {
  serve(Number(Deno.args[0]));
  for await (const _ of Deno.stdin.readable);
  Deno.exit();
}
