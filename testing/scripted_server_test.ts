import { deepStrictEqual, match, rejects, strictEqual, throws } from "node:assert/strict";
import { ScriptedServer } from "./scripted_server.ts";

async function json(url: string): Promise<unknown> {
  return await (await fetch(url)).json();
}

Deno.test("ScriptedServer answers expected calls in order and records them", async () => {
  await using server = ScriptedServer.start();
  server.expect({ path: "/a", query: { limit: "2", continue: undefined } }, [
    { status: 200, json: { page: 1 } },
  ]);
  const second = server.expect({ method: "POST", path: /^\/b/ }, [
    { status: 429, headers: { "retry-after": "7" }, json: { code: 429 } },
  ]);
  deepStrictEqual(await json(`${server.url}/a?limit=2`), { page: 1 });
  const response = await fetch(`${server.url}/b/c`, { method: "POST", body: '{"x":1}' });
  strictEqual(response.status, 429);
  strictEqual(response.headers.get("retry-after"), "7");
  await response.body?.cancel();
  strictEqual((await second.called()).body, '{"x":1}');
  deepStrictEqual(server.calls.map((call) => call.path), ["/a", "/b/c"]);
});

Deno.test("ScriptedServer goes past a pause when released", async () => {
  await using server = ScriptedServer.start();
  const call = server.expect({ path: "/watch" }, [
    { status: 200 },
    { line: { n: 1 } },
    "pause",
    { line: { n: 2 } },
    "end",
  ]);
  const response = await fetch(`${server.url}/watch`);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  strictEqual((await reader.read()).value, '{"n":1}\n');
  call.release();
  strictEqual((await reader.read()).value, '{"n":2}\n');
  strictEqual((await reader.read()).done, true);
});

Deno.test("ScriptedServer makes the body fail when it cuts or half-closes a chunked one", async () => {
  for (const fault of ["cut", "half-close"] as const) {
    await using server = ScriptedServer.start();
    server.expect({ path: "/" }, [{ status: 200 }, { bytes: '{"n":' }, fault]);
    await rejects(fetch(server.url).then((response) => response.text()));
  }
});

Deno.test("ScriptedServer ends an unframed body in good order when it half-closes", async () => {
  await using server = ScriptedServer.start();
  server.expect({ path: "/" }, [
    { status: 200, framing: "close" },
    { bytes: '{"n":' },
    "half-close",
  ]);
  strictEqual(await (await fetch(server.url)).text(), '{"n":');
});

Deno.test("ScriptedCall.left() resolves when the client leaves a stalled answer", async () => {
  await using server = ScriptedServer.start();
  const call = server.expect({ path: "/" }, ["stall"]);
  const abort = new AbortController();
  const answer = rejects(fetch(server.url, { signal: abort.signal }));
  await call.called();
  strictEqual(server.connections, 1);
  abort.abort();
  await answer;
  await call.left();
});

Deno.test("ScriptedServer says what differs when a call is not expected", async () => {
  const server = ScriptedServer.start();
  const wanted = server.expect({ path: "/a", query: { limit: "2" } }, [{ status: 200, json: {} }]);
  await (await fetch(`${server.url}/a?limit=3`)).body?.cancel();
  await rejects(wanted.called(), /the query has limit=3/);
  await server.close();
  throws(() => server.verify(), (error: Error) => {
    match(error.message, /^Cannot answer call 1, GET \/a\?limit=3: it is not in the script/);
    match(error.message, /expected GET \/a with limit=2\n\s+but the query has limit=3/);
    return true;
  });
});

Deno.test("ScriptedServer.verify() names the calls that did not come", async () => {
  const server = ScriptedServer.start();
  server.expect({ path: "/a" }, [{ status: 200, json: {} }]);
  server.expect({ path: "/b", times: Infinity }, ["stall"]);
  await server.close();
  throws(() => server.verify(), /these calls did not come\n {2}GET \/a$/);
});

Deno.test("ScriptedServer takes calls in any order when told so", async () => {
  await using server = ScriptedServer.start({ anyOrder: true });
  server.expect({ path: "/a" }, [{ status: 200, json: "a" }]);
  server.expect({ path: "/b", times: 2 }, [{ status: 200, json: "b" }]);
  const urls = ["/b", "/a", "/b"].map((path) => `${server.url}${path}`);
  deepStrictEqual(await Promise.all(urls.map(json)), ["b", "a", "b"]);
});
